"""Where a simulated exchange has its time and its ids from: nothing outside, everything from a seed."""

import random
from uuid import UUID


class Clock:
    """Time that passes a millisecond whenever somebody looks."""

    def __init__(self) -> None:
        self.time_us = 1_700_000_000_000_000

    def now_us(self) -> int:
        """Return the time, a millisecond later than it was the last time."""
        self.time_us += 1_000
        return self.time_us


class SeededIds:
    """Ids from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def new(self) -> UUID:
        """Return the next id."""
        return UUID(int=self._random.getrandbits(128), version=4)
