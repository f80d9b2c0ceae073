"""What the guard in front of a cache does that its callers do not see at once."""

import asyncio
from collections.abc import Callable
from time import monotonic

import pytest

from adapters.caches.memory import MemoryCache
from adapters.simulation.virtual_time import run_simulated
from application.caching import stampede
from application.caching.stampede import CLAIM_S, StampedeGuard


class Counting(MemoryCache):
    """A cache that remembers what it was asked."""

    def __init__(self, now_s: Callable[[], float] = monotonic) -> None:
        super().__init__(now_s=now_s)
        self.claims: list[float] = []
        self.prolonged: list[tuple[float, float]] = []
        self.gets = 0

    async def get(self, key: str) -> bytes | None:
        self.gets += 1
        return await super().get(key)

    async def claim(self, key: str, *, for_s: float) -> int | None:
        self.claims.append(for_s)
        return await super().claim(key, for_s=for_s)

    async def prolong(self, key: str, *, fence: int, for_s: float) -> bool:
        self.prolonged.append((asyncio.get_running_loop().time(), for_s))
        return await super().prolong(key, fence=fence, for_s=for_s)


async def test_no_lock_and_no_computation_is_kept_when_everybody_has_an_answer() -> None:
    async def compute() -> bytes:
        await asyncio.sleep(0)
        return b"value"

    guard = StampedeGuard(MemoryCache())
    keys = [f"k{number % 7}" for number in range(70)]
    await asyncio.gather(*(guard.stampede_protected_get(key, compute, ttl_s=60) for key in keys))
    assert guard._locks == {}
    assert guard._flights == {}


async def test_a_lock_is_kept_while_somebody_waits_for_it() -> None:
    guard = StampedeGuard(MemoryCache())
    holder, waiter = guard._lock("k"), guard._lock("k")
    await holder.__aenter__()
    waiting = asyncio.ensure_future(waiter.__aenter__())
    await asyncio.sleep(0)
    await holder.__aexit__()
    assert guard._lock("k") is waiter, "whoever comes now stands in the same line"
    await waiting
    await waiter.__aexit__()
    assert guard._locks == {}


async def test_who_shared_a_computation_that_stands_does_not_ask_again() -> None:
    finish, computed = asyncio.Event(), 0

    async def compute() -> bytes:
        nonlocal computed
        computed += 1
        await finish.wait()
        return b"value"

    cache = Counting()
    guard = StampedeGuard(cache)
    callers = [asyncio.ensure_future(guard.stampede_protected_get("k", compute, ttl_s=60)) for _ in range(5)]
    while cache.gets < 7:  # noqa: ASYNC110  # one looks again when it has the lock, and when it has the claim
        await asyncio.sleep(0)
    finish.set()
    assert await asyncio.gather(*callers) == [b"value"] * 5
    assert (computed, cache.gets) == (1, 7)


async def test_who_hits_who_computes_and_who_shares_is_counted() -> None:
    async def compute() -> bytes:
        await asyncio.sleep(0)
        return b"value"

    class Filling(MemoryCache):
        """Another process puts a value between the first look and the second."""

        looks = 0

        async def get(self, key: str) -> bytes | None:
            self.looks += 1
            if self.looks == 2:
                fence = await super().claim(key, for_s=1)
                assert fence is not None
                await super().put(key, b"value", fence=fence, ttl_s=60)
            return await super().get(key)

    guard = StampedeGuard(MemoryCache())
    await asyncio.gather(*(guard.stampede_protected_get("k", compute, ttl_s=60) for _ in range(5)))
    for _ in range(3):
        await guard.stampede_protected_get("k", compute, ttl_s=60)
    counts = guard.counts
    assert (counts.hits, counts.misses, counts.shared) == (3, 1, 4)
    filled = StampedeGuard(Filling())
    await filled.stampede_protected_get("k", compute, ttl_s=60)
    assert (filled.counts.hits, filled.counts.misses, filled.counts.shared) == (1, 0, 0)


class Clock:
    """Tells a time that somebody moves."""

    def __init__(self) -> None:
        self.s = 0.0

    def now_s(self) -> float:
        return self.s


class Prolonging(MemoryCache):
    """A cache that tells when a claim was prolonged."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(now_s=clock.now_s)
        self.prolonged = asyncio.Event()

    async def prolong(self, key: str, *, fence: int, for_s: float) -> bool:
        done = await super().prolong(key, fence=fence, for_s=for_s)
        self.prolonged.set()
        return done


async def test_a_computation_of_many_seconds_is_left_to_the_process_that_began_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stampede, "PROLONG_EVERY_S", 0.0)
    clock, begun, finish, computed = Clock(), asyncio.Event(), asyncio.Event(), 0

    async def compute() -> bytes:
        nonlocal computed
        computed += 1
        begun.set()
        await finish.wait()
        return b"value"

    cache = Prolonging(clock)
    guards = [StampedeGuard(cache), StampedeGuard(cache)]
    first = asyncio.ensure_future(guards[0].stampede_protected_get("k", compute, ttl_s=60))
    await begun.wait()
    other = asyncio.ensure_future(guards[1].stampede_protected_get("k", compute, ttl_s=60))
    for _ in range(10):
        clock.s += CLAIM_S - 0.1
        cache.prolonged.clear()
        await cache.prolonged.wait()
    finish.set()
    assert await asyncio.gather(first, other) == [b"value", b"value"]
    assert computed == 1


async def test_a_process_that_died_while_it_computed_is_replaced_when_its_claim_has_run_out() -> None:
    async def compute() -> bytes:
        return b"value"

    clock = Clock()
    cache = MemoryCache(now_s=clock.now_s)
    assert await cache.claim("k", for_s=CLAIM_S) is not None  # and nothing more is heard of it
    waiting = asyncio.ensure_future(StampedeGuard(cache).stampede_protected_get("k", compute, ttl_s=60))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not waiting.done()
    clock.s = CLAIM_S
    assert await waiting == b"value"


async def test_what_another_process_had_ready_just_before_the_claim_is_not_computed_again() -> None:
    class Late(MemoryCache):
        """Another process puts its value between the last look and the claim."""

        async def claim(self, key: str, *, for_s: float) -> int | None:
            before = await super().claim(key, for_s=for_s)
            assert before is not None
            await self.put(key, b"of another", fence=before, ttl_s=60)
            return await super().claim(key, for_s=for_s)

    async def compute() -> bytes:
        raise AssertionError("it is there already")

    cache = Late()
    guard = StampedeGuard(cache)
    callers = [guard.stampede_protected_get("k", compute, ttl_s=60) for _ in range(2)]
    assert await asyncio.gather(*callers) == [b"of another"] * 2
    assert (guard.counts.hits, guard.counts.misses, guard.counts.shared) == (0, 1, 1), "nobody looks again"
    assert await MemoryCache.claim(cache, "k", for_s=60) is not None, "the claim was given up at once"


async def test_a_claim_is_made_for_two_seconds() -> None:
    async def compute() -> bytes:
        return b"value"

    cache = Counting()
    await StampedeGuard(cache).stampede_protected_get("k", compute, ttl_s=60)
    assert cache.claims == [2.0]


def test_who_waits_for_another_process_looks_a_hundred_times_a_second_and_asks_once_more_for_nobody() -> None:
    async def compute() -> bytes:
        raise AssertionError("another process computes it")

    async def story() -> None:
        cache = Counting(asyncio.get_running_loop().time)
        fence = await cache.claim("k", for_s=60)
        assert fence is not None
        guard = StampedeGuard(cache)
        waiting = [asyncio.ensure_future(guard.stampede_protected_get("k", compute, ttl_s=60)) for _ in "ab"]
        await asyncio.sleep(0.995)
        assert cache.claims == [60.0, *[CLAIM_S] * 100]
        assert cache.gets == 2 + 1 + 99, "each looks, the first of them once more, and then for both"
        assert await cache.put("k", b"of another", fence=fence, ttl_s=60)
        assert await asyncio.gather(*waiting) == [b"of another"] * 2
        assert asyncio.get_running_loop().time() == pytest.approx(1.0)
        assert (guard.counts.hits, guard.counts.misses, guard.counts.shared) == (0, 1, 1)
        assert cache.prolonged == []

    run_simulated(story())


@pytest.mark.parametrize(("invalidated_s", "prolonged_s"), [(None, [0.5, 1.0, 1.5]), (0.7, [0.5, 1.0])])
def test_a_claim_is_prolonged_every_half_second_for_two_while_it_is_ours_and_its_value_is_not_there(
    invalidated_s: float | None, prolonged_s: list[float]
) -> None:
    async def compute() -> bytes:
        await asyncio.sleep(1.8)
        return b"value"

    async def story() -> None:
        cache = Counting(asyncio.get_running_loop().time)
        guard = StampedeGuard(cache)
        computing = asyncio.ensure_future(guard.stampede_protected_get("k", compute, ttl_s=60))
        if invalidated_s is not None:
            await asyncio.sleep(invalidated_s)
            await cache.invalidate(("k",))
        assert await computing == b"value"
        assert asyncio.get_running_loop().time() == pytest.approx(1.8)
        await asyncio.sleep(10)
        assert cache.prolonged == [(pytest.approx(at_s), 2.0) for at_s in prolonged_s]

    run_simulated(story())


def test_after_a_computation_that_failed_another_process_need_not_wait_for_its_claim() -> None:
    async def fail() -> bytes:
        raise LookupError("the database is away")

    async def succeed() -> bytes:
        return b"value"

    async def story() -> None:
        loop = asyncio.get_running_loop()
        cache = Counting(loop.time)
        with pytest.raises(LookupError):
            await StampedeGuard(cache).stampede_protected_get("k", fail, ttl_s=60)
        assert await StampedeGuard(cache).stampede_protected_get("k", succeed, ttl_s=60) == b"value"
        assert loop.time() == 0.0
        await asyncio.sleep(10)
        assert cache.prolonged == []

    run_simulated(story())


async def test_who_goes_away_while_waiting_for_a_lock_leaves_none_behind() -> None:
    guard = StampedeGuard(MemoryCache())
    holder = guard._lock("k")
    await holder.__aenter__()
    waiting = asyncio.ensure_future(guard._lock("k").__aenter__())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert guard._lock("k") is holder
    await holder.__aexit__()
    assert guard._locks == {}
