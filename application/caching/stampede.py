"""A cold key is computed once, however many ask for it at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from application.ports.cache import UNFENCED, Cache
from application.watching.cache_counts import CacheCounts

CLAIM_S = 2.0
"""How long a claim outlives the process that has it; while that computes the key, it prolongs the claim."""

PROLONG_EVERY_S = CLAIM_S / 4

LOOK_EVERY_S = 0.01

Compute = Callable[[], Awaitable[bytes]]


class _Computed(NamedTuple):
    """A value, and whether it still stood when it was ready: nobody had invalidated the key meanwhile."""

    value: bytes
    stands: bool


class StampedeGuard:
    """Looks values up in a cache and has missing ones computed by a single caller.

    Within the process the others wait for the one under way and share its result, or its error; the
    computation goes on even if the caller that began it is cancelled. Between processes the claim on the
    key in the cache decides; who does not get it waits for the value to appear, or for the claim to run out.

    Who comes after an invalidation gets a value that was computed after it: a computation that was under
    way when the key was invalidated serves only the caller who began it, and the others have it done again,
    once for all of them.
    """

    def __init__(self, cache: Cache) -> None:
        self.counts = CacheCounts()
        self._cache = cache
        self._locks: dict[str, _KeyLock] = {}
        self._flights: dict[str, asyncio.Task[_Computed]] = {}

    async def stampede_protected_get(self, key: str, compute: Compute, *, ttl_s: float) -> bytes:
        """Return the value of a key, from the cache or computed; raises what ``compute`` raises."""
        found = await self._found(key, compute, ttl_s)
        if not isinstance(found, _Computed):
            return found
        # The computation had begun before this caller came and did not outlive an invalidation. The next
        # one, whoever begins it, begins after it came.
        again = await self._found(key, compute, ttl_s)
        return again.value if isinstance(again, _Computed) else again

    async def _found(self, key: str, compute: Compute, ttl_s: float) -> bytes | _Computed:
        """Return the value, or what another's computation gave that no longer stands."""
        kept = await self._cache.get(key)
        if kept is not None:
            self.counts.hits += 1
            return kept
        async with self._lock(key):
            flight = self._flights.get(key)
            mine = flight is None
            if flight is None:
                kept = await self._cache.get(key)
                if kept is not None:
                    self.counts.hits += 1
                    return kept
                flight = asyncio.ensure_future(self._fly(key, compute, ttl_s))
                self._flights[key] = flight
                flight.add_done_callback(lambda _: self._flights.pop(key, None))
                self.counts.misses += 1
            else:
                self.counts.shared += 1
        computed = await asyncio.shield(flight)
        return computed.value if mine or computed.stands else computed

    def _lock(self, key: str) -> "_KeyLock":
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = _KeyLock(key, self._locks)
        return lock

    async def _fly(self, key: str, compute: Compute, ttl_s: float) -> _Computed:
        fence = await self._cache.claim(key, for_s=CLAIM_S)
        while fence is None:
            # Another process computes it. Should that one die, its claim runs out.
            await asyncio.sleep(LOOK_EVERY_S)
            kept = await self._cache.get(key)
            if kept is not None:
                return _Computed(kept, stands=True)
            fence = await self._cache.claim(key, for_s=CLAIM_S)
        prolonging = asyncio.ensure_future(self._prolong(key, fence))
        try:
            # Whoever had the claim before may have computed it since this process last looked.
            value = await self._cache.get(key)
            if value is not None:
                await self._cache.give_up(key, fence=fence)
                return _Computed(value, stands=True)
            value = await compute()
        except BaseException:
            await self._cache.give_up(key, fence=fence)
            raise
        finally:
            prolonging.cancel()
        taken = await self._cache.put(key, value, fence=fence, ttl_s=ttl_s)
        return _Computed(value, stands=taken or fence == UNFENCED)

    async def _prolong(self, key: str, fence: int) -> None:
        """Keep the claim for as long as it is ours: nobody is to begin what is under way."""
        while True:
            await asyncio.sleep(PROLONG_EVERY_S)
            if not await self._cache.prolong(key, fence=fence, for_s=CLAIM_S):
                return


class _KeyLock:
    """The lock of one key, forgotten when nobody holds it or waits for it."""

    def __init__(self, key: str, locks: "dict[str, _KeyLock]") -> None:
        self._key = key
        self._locks = locks
        self._lock = asyncio.Lock()
        self._users = 0

    async def __aenter__(self) -> None:
        self._users += 1
        try:
            await self._lock.acquire()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()
        self._leave()

    def _leave(self) -> None:
        self._users -= 1
        if not self._users:
            self._locks.pop(self._key, None)
