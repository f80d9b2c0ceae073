"""The machine's own time and chance."""

import os
import time
from uuid import UUID

from application.derived_ids import uuid_of

_IDS_AT_ONCE = 256
_VERSION_4 = (4 << 76) | (0x8 << 60)
_KEPT = (1 << 128) - 1 ^ ((0xF << 76) | (0xC << 60))


class SystemClock:
    """Wall-clock time that never goes backwards within the process."""

    def __init__(self) -> None:
        self._latest = 0

    def now_us(self) -> int:
        """Return microseconds since the Unix epoch, UTC."""
        self._latest = max(self._latest, time.time_ns() // 1_000)
        return self._latest


class RandomIds:
    """Random ids (UUID version 4), made from chance that is fetched for many at a time."""

    def __init__(self) -> None:
        self._chance: list[int] = []

    def new(self) -> UUID:
        """Return an id that was never given before."""
        if not self._chance:
            fetched = os.urandom(16 * _IDS_AT_ONCE)
            self._chance = [int.from_bytes(fetched[at : at + 16], "big") for at in range(0, len(fetched), 16)]
        return uuid_of(self._chance.pop() & _KEPT | _VERSION_4)
