"""Whose feeds are open, in memory that several processes have mapped: each of them has a row of its own."""

from collections import Counter
from hashlib import blake2b

from adapters.settings import WORKERS_MAX

PLACES = 1 << 16
"""Callers share places: of the feeds in other processes, those of somebody else may be counted as well."""

_SHORT = 2
_MOST = 0xFFFF
ROW_BYTES = PLACES * _SHORT
BYTES = WORKERS_MAX * ROW_BYTES


class SharedFeeds:
    """What one HTTP process tells of its feeds, and what the others do.

    Every row has one process that writes it.
    """

    def __init__(self, memory: memoryview, worker: int, secret: bytes) -> None:
        """Begin anew: what a process of this number told before has ended with it."""
        self._rows = memory.cast("H")
        self._own = worker * PLACES
        self._secret = secret
        self._here: Counter[int] = Counter()
        forget_feeds(memory, worker)

    def changed(self, whose: str, by: int) -> None:
        """Tell that somebody has so many more feeds open here, or fewer."""
        place = self._place(whose)
        self._here[place] += by
        self._rows[self._own + place] = min(self._here[place], _MOST)
        if not self._here[place]:
            del self._here[place]

    def elsewhere(self, whose: str) -> int:
        """Return how many somebody has open in the other processes."""
        place = self._place(whose)
        return sum(self._rows[place::PLACES]) - self._rows[self._own + place]

    def _place(self, whose: str) -> int:
        digest = blake2b(whose.encode(), digest_size=8, key=self._secret).digest()
        return int.from_bytes(digest, "little") % PLACES


def forget_feeds(memory: memoryview, worker: int) -> None:
    """Forget what a process has told that is no more."""
    memory[worker * ROW_BYTES : (worker + 1) * ROW_BYTES] = bytes(ROW_BYTES)
