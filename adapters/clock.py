"""The machine's own time and chance."""

import asyncio
import os
import time
from datetime import UTC, datetime
from uuid import UUID

from application.health import Health, Trouble
from application.ids import uuid_of

PART = "clock"
AHEAD_S = 60
"""How far ahead of the machine's clock the log may be dated untold: clocks are set back by seconds."""
WATCH_EVERY_S = 1.0

_IDS_AT_ONCE = 256
_VERSION_7 = 7 << 76
_VARIANT = 2 << 62


class SystemClock:
    """Wall-clock time that never goes backwards, within the process or behind ``since_us``.

    When the machine's clock has been set back, it stands still until that has caught up: so the order of
    times is the order of events.
    """

    def __init__(self, since_us: int = 0) -> None:
        self._latest = since_us

    def now_us(self) -> int:
        """Return microseconds since the Unix epoch, UTC."""
        self._latest = max(self._latest, time.time_ns() // 1_000)
        return self._latest

    @property
    def ahead_us(self) -> int:
        """By how much the time that is given is ahead of the machine's clock."""
        return max(0, self._latest - time.time_ns() // 1_000)


async def watch(clock: SystemClock, health: Health, *, every_s: float = WATCH_EVERY_S) -> None:
    """Tell while the log is dated far ahead of this machine's clock, until cancelled."""
    while True:
        if clock.ahead_us > AHEAD_S * 1_000_000:
            end = datetime.fromtimestamp(clock.now_us() // 1_000_000, UTC)
            health.report(
                PART,
                Trouble.LOG_AHEAD_OF_CLOCK,
                f"the log goes up to {end:%Y-%m-%d %H:%M:%S} UTC, and this machine's clock is behind that: "
                "until it has caught up every event gets that time, and no market closes by itself; "
                "set the clock right if it is wrong",
            )
        else:
            health.clear(PART, Trouble.LOG_AHEAD_OF_CLOCK)
        await asyncio.sleep(every_s)


class TimeOrderedIds:
    """Ids that sort by when they were made (UUID version 7, RFC 9562).

    So what is new lies together in a database, instead of touching a page of its own for every id. Time fills
    the first 60 bits, to a fraction of a microsecond; the other 62 are chance, fetched for many at a time.
    """

    def __init__(self) -> None:
        self._latest = 0
        self._chance: list[int] = []

    def new(self) -> UUID:
        """Return an id that was never given before, greater than those given in this process."""
        if not self._chance:
            fetched = os.urandom(8 * _IDS_AT_ONCE)
            self._chance = [
                int.from_bytes(fetched[at : at + 8], "big") >> 2 for at in range(0, len(fetched), 8)
            ]
        # In 4,096ths of a millisecond: whole ones stand before the version, the rest after it.
        self._latest = max(self._latest + 1, time.time_ns() * 4_096 // 1_000_000)
        milliseconds, rest = divmod(self._latest, 4_096)
        return uuid_of(milliseconds << 80 | _VERSION_7 | rest << 64 | _VARIANT | self._chance.pop())
