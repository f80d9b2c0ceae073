"""Signatures that were used in this process."""

from collections.abc import Callable
from time import monotonic

MOST = 500_000
"""How many are remembered for one window: far more than can be verified within it."""


class MemorySignatures:
    """Remembers for one window at least and two at most; ``now_s`` tells seconds, from any beginning."""

    def __init__(self, *, most: int = MOST, now_s: Callable[[], float] = monotonic) -> None:
        self._most = most
        self._now_s = now_s
        self._latest: set[bytes] = set()
        self._before: set[bytes] = set()
        self._began_s = now_s()

    async def first(self, digest: bytes, *, for_s: float) -> bool | None:
        """Use something up; return whether it is the first time, ``None`` if there is no room to know."""
        age_s = self._now_s() - self._began_s
        if age_s >= for_s:
            self._before, self._latest = (self._latest if age_s < 2 * for_s else set()), set()
            self._began_s += age_s
        if digest in self._latest or digest in self._before:
            return False
        if len(self._latest) >= self._most:
            return None
        self._latest.add(digest)
        return True
