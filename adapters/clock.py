"""The machine's own time and chance."""

import time
from uuid import UUID, uuid4


class SystemClock:
    """Wall-clock time that never goes backwards within the process."""

    def __init__(self) -> None:
        self._latest = 0

    def now_us(self) -> int:
        """Return microseconds since the Unix epoch, UTC."""
        self._latest = max(self._latest, time.time_ns() // 1_000)
        return self._latest


class RandomIds:
    """Random ids (UUID version 4)."""

    def new(self) -> UUID:
        """Return an id that was never given before."""
        return uuid4()
