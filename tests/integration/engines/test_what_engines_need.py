"""What engines cannot do without is refused or told at their start, before anything is written or lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from adapters.bootstrap import open_presage
from adapters.clock import SystemClock
from adapters.engine_lines.opening import open_engines
from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from adapters.settings import Settings
from application.health import Health
from application.ports.queue import QueueUnavailable, UnusableQueue
from domain.identifiers import AccountId
from domain.quantities import Money
from tests.redis_server import RedisServer, running_redis

ACCOUNTS = [AccountId(f"account-{number}") for number in range(8)]


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


async def opened(url: str) -> None:
    store, settings = MemoryEventStore(), Settings(redis_url=url, event_store="memory")
    async with open_engines(settings, store, JsonCodec(), SystemClock(), Health(), engine="E1"):
        pass


async def test_a_redis_that_is_too_old_is_refused(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def info(_: Any) -> dict[str, object]:
        return {"redis_version": "6.0.16", "maxmemory": 0}

    await opened(redis.url)
    monkeypatch.setattr(Redis, "info", info)
    with pytest.raises(UnusableQueue, match=r"Redis is 6\.0\.16; queues take 6\.2 or newer"):
        await opened(redis.url)


async def test_a_redis_that_drops_what_engines_say_is_refused(redis: RedisServer) -> None:
    async with Redis.from_url(redis.url) as client:
        await client.config_set("maxmemory", 100_000_000)
        await client.config_set("maxmemory-policy", "allkeys-lru")
    with pytest.raises(UnusableQueue, match="maxmemory-policy allkeys-lru"):
        await opened(redis.url)


async def test_a_redis_that_is_not_there_is_told(redis: RedisServer) -> None:
    redis.process.kill()
    with pytest.raises(QueueUnavailable, match="Redis cannot be reached"):
        await opened(redis.url)


async def test_a_log_founded_with_another_number_of_partitions_keeps_it_and_the_money_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = "PRESAGE_PARTITIONS=8 counts for nothing: the exchange was founded with 3, and keeps them"
    async with open_presage(Settings(data=tmp_path, partitions=3)) as presage:
        await presage.start()
        for account in ACCOUNTS:
            await presage.exchange.operations.deposit(account, Money(5_000_000), "first")
    assert "counts for nothing" not in caplog.text
    another = Settings(data=tmp_path, partitions=8)
    # A process of the same exchange is given the settings that somebody made, and no others.
    for settings in (another, Settings.from_environment(another.as_environment({}))):
        caplog.clear()
        async with open_presage(settings) as presage:
            await presage.start()
            directory = presage.exchange.directory
            assert len(directory.ledgers) == 3
            held = [(await directory.ledger(each).state()).cash(each) for each in ACCOUNTS]
        assert told in caplog.text
        assert held == [Money(5_000_000)] * len(ACCOUNTS)
    caplog.clear()
    unsaid = Settings(data=tmp_path)
    for settings in (unsaid, Settings.from_environment(unsaid.as_environment({}))):
        async with open_presage(settings) as presage:
            await presage.start()
    assert "counts for nothing" not in caplog.text
