"""A cache in this process."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

KEYS = 100_000
BYTES = 64 * 1_048_576


@dataclass(slots=True)
class _Fence:
    counter: int = 0
    claimed_until_s: float = 0.0


class MemoryCache:
    """Keeps the latest ``keys`` values, of ``bytes_max`` in all; ``now_s`` tells seconds."""

    def __init__(
        self, *, keys: int = KEYS, bytes_max: int = BYTES, now_s: Callable[[], float] = monotonic
    ) -> None:
        self._keys = keys
        self._bytes_max = bytes_max
        self._size_bytes = 0
        self._now_s = now_s
        self._values: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._fences: OrderedDict[str, _Fence] = OrderedDict()
        self._latest = 0

    async def get(self, key: str) -> bytes | None:
        """Return what is kept under a key."""
        kept = self._values.get(key)
        if kept is None:
            return None
        value, until_s = kept
        if until_s <= self._now_s():
            self._forget(key)
            return None
        self._values.move_to_end(key)
        return value

    async def claim(self, key: str, *, for_s: float) -> int | None:
        """Take the right to compute a key."""
        fence = self._fence(key)
        if fence.claimed_until_s > self._now_s():
            return None
        fence.counter = self._next()
        fence.claimed_until_s = self._now_s() + for_s
        return fence.counter

    async def prolong(self, key: str, *, fence: int, for_s: float) -> bool:
        """Have a claim last longer."""
        found = self._fence(key)
        if found.counter != fence:
            return False
        found.claimed_until_s = self._now_s() + for_s
        return True

    async def put(self, key: str, value: bytes, *, fence: int, ttl_s: float) -> bool:
        """Keep a computed value unless the key was invalidated or claimed again meanwhile."""
        if self._fence(key).counter != fence:
            return False
        self._fence(key).claimed_until_s = 0.0
        self._forget(key)
        self._values[key] = (value, self._now_s() + ttl_s)
        self._size_bytes += len(value)
        while len(self._values) > self._keys or self._size_bytes > self._bytes_max:
            self._forget(next(iter(self._values)))
        return True

    async def give_up(self, key: str, *, fence: int) -> None:
        """Give a claim up without a value."""
        if self._fence(key).counter == fence:
            self._fence(key).claimed_until_s = 0.0

    async def invalidate(self, keys: tuple[str, ...]) -> None:
        """Forget keys, and what is being computed for them."""
        for key in keys:
            self._forget(key)
            fence = self._fence(key)
            fence.counter, fence.claimed_until_s = self._next(), 0.0

    async def close(self) -> None:
        """Nothing to release."""

    def _forget(self, key: str) -> None:
        kept = self._values.pop(key, None)
        if kept is not None:
            self._size_bytes -= len(kept[0])

    def _fence(self, key: str) -> _Fence:
        fence = self._fences.get(key)
        if fence is None:
            fence = self._fences[key] = _Fence(self._next())
            if len(self._fences) > self._keys:
                self._fences.popitem(last=False)
        return fence

    def _next(self) -> int:
        # One counter for all keys: a fence that was dropped and made again never repeats a number.
        self._latest += 1
        return self._latest
