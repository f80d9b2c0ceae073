"""A Redis that is full, or a replica: it is told as one that is away, and used again once it takes more."""

from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from adapters.caches.shared_signatures import SharedSignatures
from adapters.caches.used_signatures import MemorySignatures
from adapters.limits.redis import RedisTokenBucketRateLimiter
from adapters.sessions.redis import RedisSessions
from application.health import Health
from application.limiting.limits import Limits
from application.limiting.tiers import Kind, LimitRules
from application.ports.sessions import SessionsUnavailable
from domain.identifiers import AccountId
from tests.redis_server import RedisServer, running_redis

ANN = AccountId("ann")

FULL = ("config set maxmemory 1", "config set maxmemory 0")
REPLICA = ("replicaof 127.0.0.1 1", "replicaof no one")


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with running_redis() as running:
        yield running


@pytest.fixture
async def redis(server: RedisServer) -> AsyncIterator["Redis"]:
    async with Redis.from_url(server.url) as client:
        yield client


@pytest.mark.parametrize(("begins", "ends"), [FULL, REPLICA])
async def test_sessions_say_that_they_cannot_be_kept_and_those_there_are_go_on(
    server: RedisServer, redis: "Redis", begins: str, ends: str
) -> None:
    sessions = RedisSessions(server.url)
    await sessions.create("before", ANN, {})
    await redis.execute_command(*begins.split())
    with pytest.raises(SessionsUnavailable, match="cannot be used"):
        await sessions.create("during", ANN, {})
    await redis.execute_command(*ends.split())
    assert await sessions.get("during") is None
    assert await sessions.get("before") is not None
    assert await sessions.create("after", ANN, {})
    await sessions.close()


@pytest.mark.parametrize(("begins", "ends"), [FULL, REPLICA])
async def test_limits_are_counted_here_and_signatures_used_once_here_meanwhile(
    server: RedisServer, redis: "Redis", begins: str, ends: str
) -> None:
    health = Health()
    buckets = RedisTokenBucketRateLimiter(server.url, prefix=begins)
    limits = Limits(LimitRules(), health, shared=buckets)
    used = SharedSignatures(server.url, prefix=begins, here=MemorySignatures(), health=health)
    await redis.execute_command(*begins.split())
    ruling = await limits.of_account(ANN, Kind.WRITE)
    assert ruling is not None
    assert ruling.decision.remaining == 4_999
    assert [await used.first(b"once", for_s=5) for _ in range(2)] == [True, False]
    assert health.conditions
    await redis.execute_command(*ends.split())
    await buckets.close()
    await used.close()
