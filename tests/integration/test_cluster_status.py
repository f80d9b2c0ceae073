"""``presage cluster status``: who the engines are, what waits for each, and how far each is behind."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from adapters.bootstrap import make_codec, open_store
from adapters.clock import SystemClock
from adapters.engine_lines.names import Doing, Names
from adapters.engine_lines.post import post_of
from adapters.queues.redis import RedisMessageQueue
from adapters.read_models.opening import founded_at_us
from adapters.settings import Settings
from application.cluster.membership import adding, change
from application.founding import found
from application.health import Health
from application.ports.queue import Priority, QueueMessage
from tests.acceptance.event_stores import running_node
from tests.acceptance.presage_process import Outcome, presage_here
from tests.redis_server import RedisServer, running_redis


async def status(*options: str) -> Outcome:
    return await asyncio.to_thread(presage_here, "cluster", "status", *options)


async def until_told(names: Names, engine: str) -> None:
    async with asyncio.timeout(20):
        while await names.doing(engine) is None:  # noqa: ASYNC110 (Redis tells nobody)
            await asyncio.sleep(0.01)


async def message_and_dead_letter(queue: RedisMessageQueue) -> None:
    await queue.put([QueueMessage("good", b"1", Priority.CANCEL), QueueMessage("bad", b"2", Priority.CANCEL)])
    taker = queue.taker("engine", "E1")
    good, bad = await taker.take(most=2, wait_s=5)
    await taker.fail([bad], "no such market", final=True)
    await queue.put([QueueMessage("waits", b"3", Priority.NEW_ORDER)])
    assert good.message.message_id == "good"
    await queue.close()


@pytest.fixture
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    with running_node(tmp_path) as node, running_redis() as redis:
        for name, value in {
            "PRESAGE_EVENT_STORE": node.uri,
            "REDIS_URL": redis.url,
            "DATABASE_URL": "postgresql://nobody@127.0.0.1/nothing",
            "PRESAGE_PROJECTOR": "elsewhere",
            "PRESAGE_DATA": str(tmp_path),
        }.items():
            monkeypatch.setenv(name, value)
        yield redis


async def test_every_engine_is_shown_with_what_waits_for_it_and_the_queues_below(redis: RedisServer) -> None:
    assert (await status("--json")).json["error"]["code"] == "no_exchange"
    async with open_store(Settings.from_environment()) as store, Redis.from_url(redis.url) as client:
        codec, clock = make_codec(), SystemClock()
        await found(store, codec, clock, partitions=4)
        await change(store, codec, clock, adding("E1"))
        doing = Doing(position=await store.head(), commands=7, notices=2)
        await change(store, codec, clock, adding("E2"))
        names = Names(client, prefix := f"presage:{await founded_at_us(store, codec)}")
        async with names.held("E1", "here", asyncio.Event(), Health(), lambda: doing):
            await client.xadd(post_of(prefix, "here"), {"f": b""})
            await until_told(names, "E1")
            await message_and_dead_letter(RedisMessageQueue(redis.url, "commands-E1"))
            told, shown = (await status("--json")).json, (await status()).stdout
    check(told)
    assert "seconds behind" in shown
    assert "commands-E1" in shown
    assert "?" in shown


def check(told: dict[str, Any]) -> None:
    first, second = told["engines"]
    assert 0 < first.pop("lag_s") < 60
    assert first == {
        "engine": "E1", "running": True, "member": True, "handing_over": True, "markets": 0, "partitions": 4,
        "entries_waiting": 1, "commands_waiting": 7, "notices_waiting": 2, "lag_events": 1,
    }  # fmt: skip
    assert second == {
        "engine": "E2", "running": False, "member": True, "handing_over": False, "markets": 0,
        "partitions": 0, "entries_waiting": None, "commands_waiting": None, "notices_waiting": None,
        "lag_events": None, "lag_s": None,
    }  # fmt: skip
    assert told["queues"] == [
        {
            "queue": "commands-E1",
            "held": {"cancel": 1, "amendment": 0, "new_order": 1},
            "in_hand": {"engine": 1},
            "dead": 1,
        }
    ]
