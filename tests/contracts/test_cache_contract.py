"""What every cache promises, and what the guard in front of it makes of that."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from adapters.caches.memory import MemoryCache
from adapters.caches.redis import RedisCache
from application.caching.stampede import StampedeGuard
from application.health import Health, Trouble
from application.ports.cache import UNFENCED, Cache
from tests.redis_server import RedisServer, running_redis, some_redis_url

PATIENCE_S = 60


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with some_redis_url() as url:
        yield url


@pytest.fixture(params=["memory", "redis"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    made: Cache
    if request.param == "memory":
        made = MemoryCache()
    else:
        made = RedisCache(
            request.getfixturevalue("redis_url"), prefix=f"test-{request.node.name}", timeout_s=PATIENCE_S
        )
    yield made
    await made.close()


async def test_a_claimed_key_takes_a_value_and_gives_it_back(cache: Cache) -> None:
    fence = await cache.claim("k", for_s=1)
    assert fence is not None
    assert await cache.put("k", b"value", fence=fence, ttl_s=60)
    assert await cache.get("k") == b"value"


async def test_a_value_is_gone_after_its_time(cache: Cache) -> None:
    fence = await cache.claim("k", for_s=1)
    assert fence is not None
    await cache.put("k", b"value", fence=fence, ttl_s=0.05)
    await asyncio.sleep(0.1)
    assert await cache.get("k") is None


async def test_a_key_is_claimed_by_one_at_a_time(cache: Cache) -> None:
    assert await cache.claim("k", for_s=60) is not None
    assert await cache.claim("k", for_s=60) is None


async def test_a_claim_runs_out(cache: Cache) -> None:
    assert await cache.claim("k", for_s=0.05) is not None
    async with asyncio.timeout(PATIENCE_S):
        while await cache.claim("k", for_s=60) is None:  # noqa: ASYNC110 (time is the subject)
            await asyncio.sleep(0.01)


async def test_a_claim_lasts_as_long_as_it_is_prolonged_by_who_has_it(cache: Cache) -> None:
    fence = await cache.claim("k", for_s=0.05)
    assert fence is not None
    assert await cache.prolong("k", fence=fence, for_s=60)
    await asyncio.sleep(0.1)
    assert await cache.claim("k", for_s=60) is None
    assert await cache.put("k", b"value", fence=fence, ttl_s=60)
    assert await cache.get("k") == b"value"


async def test_a_claim_that_another_one_has_is_not_prolonged(cache: Cache) -> None:
    overtaken = await cache.claim("k", for_s=0.01)
    assert overtaken is not None
    async with asyncio.timeout(PATIENCE_S):
        while (fence := await cache.claim("k", for_s=60)) is None:  # noqa: ASYNC110 (time is the subject)
            await asyncio.sleep(0.01)
    assert not await cache.prolong("k", fence=overtaken, for_s=0.01)
    await asyncio.sleep(0.05)
    assert await cache.claim("k", for_s=60) is None, "the claim of the other lasts as it did"
    await cache.invalidate(("k",))
    assert not await cache.prolong("k", fence=fence, for_s=60)


async def test_a_claim_given_up_can_be_taken_again(cache: Cache) -> None:
    fence = await cache.claim("k", for_s=60)
    assert fence is not None
    await cache.give_up("k", fence=fence)
    assert await cache.claim("k", for_s=60) is not None


async def test_what_was_computed_before_an_invalidation_is_not_kept(cache: Cache) -> None:
    fence = await cache.claim("k", for_s=60)
    assert fence is not None
    await cache.invalidate(("k",))
    assert not await cache.put("k", b"stale", fence=fence, ttl_s=60)
    assert await cache.get("k") is None


async def test_who_was_overtaken_does_not_overwrite_the_newer_value(cache: Cache) -> None:
    slow = await cache.claim("k", for_s=0.05)
    await asyncio.sleep(0.1)
    fast = await cache.claim("k", for_s=60)
    assert slow is not None
    assert fast is not None
    assert await cache.put("k", b"new", fence=fast, ttl_s=60)
    assert not await cache.put("k", b"old", fence=slow, ttl_s=60)
    assert await cache.get("k") == b"new"


async def test_a_thousand_callers_of_a_cold_key_compute_it_once(cache: Cache) -> None:
    computed = 0

    async def compute() -> bytes:
        nonlocal computed
        computed += 1
        await asyncio.sleep(0.02)
        return b"value"

    guard = StampedeGuard(cache)
    got = await asyncio.gather(*(guard.stampede_protected_get("k", compute, ttl_s=60) for _ in range(1_000)))
    assert set(got) == {b"value"}
    assert computed == 1


async def test_callers_of_two_processes_compute_a_cold_key_once(cache: Cache) -> None:
    computed = 0

    async def compute() -> bytes:
        nonlocal computed
        computed += 1
        await asyncio.sleep(0.05)
        return b"value"

    guards = [StampedeGuard(cache), StampedeGuard(cache)]
    got = await asyncio.gather(
        *(guards[n % 2].stampede_protected_get("k", compute, ttl_s=60) for n in range(20))
    )
    assert set(got) == {b"value"}
    assert computed == 1


async def test_who_comes_after_an_invalidation_gets_what_was_computed_after_it(cache: Cache) -> None:
    truth, begun, computed = b"old", asyncio.Event(), 0
    finish = asyncio.Event()

    async def compute() -> bytes:
        nonlocal computed
        computed += 1
        seen = truth
        begun.set()
        await finish.wait()
        return seen

    guard = StampedeGuard(cache)
    first = asyncio.create_task(guard.stampede_protected_get("k", compute, ttl_s=60))
    await begun.wait()
    truth = b"new"
    await cache.invalidate(("k",))
    later = [asyncio.create_task(guard.stampede_protected_get("k", compute, ttl_s=60)) for _ in range(50)]
    for _ in range(20):  # those who come later find the computation under way
        await asyncio.sleep(0.001)
    finish.set()
    assert await first == b"old", "it asked before the change"
    assert set(await asyncio.gather(*later)) == {b"new"}
    assert computed == 2
    assert await cache.get("k") == b"new"


async def test_while_the_cache_is_away_callers_still_share_one_computation() -> None:
    computed = 0

    class Away(MemoryCache):
        async def claim(self, key: str, *, for_s: float) -> int | None:
            return UNFENCED

        async def put(self, key: str, value: bytes, *, fence: int, ttl_s: float) -> bool:
            return False

    async def compute() -> bytes:
        nonlocal computed
        computed += 1
        await asyncio.sleep(0.01)
        return b"value"

    guard = StampedeGuard(Away())
    got = await asyncio.gather(*(guard.stampede_protected_get("k", compute, ttl_s=60) for _ in range(20)))
    assert set(got) == {b"value"}
    assert computed == 1


async def test_waiters_share_the_error_and_the_next_caller_tries_again(cache: Cache) -> None:
    async def fail() -> bytes:
        await asyncio.sleep(0.01)
        raise LookupError("the database is away")

    async def succeed() -> bytes:
        return b"value"

    guard = StampedeGuard(cache)
    got = await asyncio.gather(
        *(guard.stampede_protected_get("k", fail, ttl_s=60) for _ in range(5)), return_exceptions=True
    )
    assert all(isinstance(error, LookupError) for error in got)
    assert await guard.stampede_protected_get("k", succeed, ttl_s=60) == b"value"


async def test_a_cancelled_first_caller_does_not_strand_the_others(cache: Cache) -> None:
    async def compute() -> bytes:
        await asyncio.sleep(0.05)
        return b"value"

    guard = StampedeGuard(cache)
    first = asyncio.create_task(guard.stampede_protected_get("k", compute, ttl_s=60))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(guard.stampede_protected_get("k", compute, ttl_s=60))
    await asyncio.sleep(0.01)
    first.cancel()
    assert await second == b"value"


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


async def test_with_redis_killed_reads_go_on_and_nothing_is_kept(own_redis: RedisServer) -> None:
    async def compute() -> bytes:
        return b"value"

    health = Health()
    cache = RedisCache(own_redis.url, health=health)
    guard = StampedeGuard(cache)
    assert await guard.stampede_protected_get("k", compute, ttl_s=60) == b"value"
    assert health.conditions == []
    own_redis.process.kill()
    own_redis.process.wait()
    assert await guard.stampede_protected_get("k", compute, ttl_s=60) == b"value"
    assert await cache.get("k") is None
    assert await cache.claim("k", for_s=1) == UNFENCED
    assert [(each.part, each.code) for each in health.conditions] == [
        ("shared cache", Trouble.CACHE_UNAVAILABLE)
    ]
    assert not health.stopped
    await cache.close()


async def test_an_invalidation_that_redis_missed_is_made_up_for(
    own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.caches.redis.PAUSE_S", 0.05)
    health = Health()
    cache = RedisCache(own_redis.url, health=health)
    fence = await cache.claim("k", for_s=1)
    assert fence is not None
    await cache.put("k", b"old", fence=fence, ttl_s=60)
    own_redis.process.send_signal(19)  # frozen
    await cache.invalidate(("k",))
    own_redis.process.send_signal(18)  # thawed
    assert [each.code for each in health.conditions] == [Trouble.CACHE_UNAVAILABLE]
    async with asyncio.timeout(PATIENCE_S):
        while await cache.get("k") is not None or health.conditions:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await cache.close()


async def test_a_wiped_redis_only_forgets(own_redis: RedisServer) -> None:
    cache = RedisCache(own_redis.url)
    fence = await cache.claim("k", for_s=60)
    assert fence is not None
    own_redis.wipe()
    assert not await cache.put("k", b"value", fence=fence, ttl_s=60)
    assert await cache.get("k") is None
    await cache.close()
