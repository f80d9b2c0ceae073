"""What the guard in front of a cache does that its callers do not see at once."""

import asyncio

from adapters.caches.memory import MemoryCache
from application.caching.stampede import StampedeGuard


class Counting(MemoryCache):
    """A cache that remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.claims: list[float] = []
        self.gets = 0

    async def get(self, key: str) -> bytes | None:
        self.gets += 1
        return await super().get(key)

    async def claim(self, key: str, *, for_s: float) -> int | None:
        self.claims.append(for_s)
        return await super().claim(key, for_s=for_s)


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
    while cache.gets < 6:  # noqa: ASYNC110  # one looks again when it has the lock
        await asyncio.sleep(0)
    finish.set()
    assert await asyncio.gather(*callers) == [b"value"] * 5
    assert (computed, cache.gets) == (1, 6)


async def test_a_computation_has_two_seconds_before_another_process_takes_it_over() -> None:
    async def compute() -> bytes:
        return b"value"

    cache = Counting()
    await StampedeGuard(cache).stampede_protected_get("k", compute, ttl_s=60)
    assert cache.claims == [2.0]
