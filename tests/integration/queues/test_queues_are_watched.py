"""An exchange with a Redis: what it tells of the queues there, and which Redis it refuses."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from adapters.bootstrap import Presage, open_presage
from adapters.queues.redis import RedisMessageQueue
from adapters.settings import Settings
from application.health import Trouble
from application.ports.queue import QueueMessage, UnusableQueue
from tests.acceptance.presage_process import presage_here
from tests.redis_server import RedisServer, running_redis


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_redis() as running:
        yield running


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("application.watching.queues.LOOK_EVERY_S", 0.02)


async def until_told(presage: Presage, code: Trouble, *, there: bool = True) -> str:
    async with asyncio.timeout(20):
        while True:
            found = [each.message for each in presage.exchange.health.conditions if each.code is code]
            if bool(found) is there:
                return found[0] if found else ""
            await asyncio.sleep(0.01)


async def test_what_the_queues_hold_is_in_the_metrics_and_dead_letters_are_in_readiness(
    server: RedisServer, tmp_path: Path
) -> None:
    queue = RedisMessageQueue(server.url, "engine-0")
    taker = queue.taker("engine", "a")
    await queue.put([QueueMessage("1", b"x"), QueueMessage("2", b"x"), QueueMessage("3", b"x")])
    [first] = await taker.take(most=1, wait_s=0)
    await taker.fail([first], "poison", final=True)
    await taker.take(most=1, wait_s=0)
    async with open_presage(Settings(data=tmp_path, event_store="memory", redis_url=server.url)) as presage:
        assert "1 in engine-0" in await until_told(presage, Trouble.DEAD_LETTERS)
        told = presage.watch.metrics().decode().splitlines()
        assert 'presage_queue_messages{level="new_order",queue="engine-0"} 2.0' in told
        assert 'presage_queue_in_hand{group="engine",queue="engine-0"} 1.0' in told
        assert 'presage_queue_dead{queue="engine-0"} 1.0' in told
        await queue.retry([each.letter for each in await queue.dead(most=10)])
        await until_told(presage, Trouble.DEAD_LETTERS, there=False)
    await queue.close()


async def test_a_redis_that_would_drop_queues_is_refused_at_the_start_and_told_of_later(
    server: RedisServer, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, event_store="memory", redis_url=server.url)
    async with Redis.from_url(server.url) as redis:
        await redis.config_set("maxmemory", 100_000_000)
        await redis.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(UnusableQueue, match="volatile-lru"):
            async with open_presage(settings):
                pass
        await redis.config_set("maxmemory-policy", "volatile-lru")
        async with open_presage(settings) as presage:
            assert not presage.exchange.health.conditions
            await redis.config_set("maxmemory-policy", "allkeys-lru")
            assert "allkeys-lru" in await until_told(presage, Trouble.QUEUES_UNUSABLE)
            assert not presage.exchange.health.stopped
            await redis.config_set("maxmemory-policy", "noeviction")
            await until_told(presage, Trouble.QUEUES_UNUSABLE, there=False)


async def test_an_exchange_starts_while_redis_is_away(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, event_store="memory", redis_url="redis://127.0.0.1:1/0")
    async with open_presage(settings) as presage:
        assert b"presage_queues_available 0.0" in presage.watch.metrics()


def test_a_command_says_why_with_a_code_and_no_traceback(
    server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def make_unusable() -> None:
        async with Redis.from_url(server.url) as redis:
            await redis.config_set("maxmemory", 100_000_000)
            await redis.config_set("maxmemory-policy", "allkeys-lru")

    asyncio.run(make_unusable())
    monkeypatch.setenv("REDIS_URL", server.url)
    told = presage_here("market", "list", "--data", tmp_path, "--json")
    assert (told.status, told.json["error"]["code"]) == (1, "unusable_queue")
