"""The machine's own time and chance, for what waits."""

import asyncio
import random
from contextlib import suppress

from application.ports.clock import Clock


class SystemTimer:
    """Waits in real time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now_us(self) -> int:
        """Return microseconds since the Unix epoch, UTC."""
        return self._clock.now_us()

    async def pause(self, seconds: float, woken: asyncio.Event) -> None:
        """Wait so long, or until woken."""
        with suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), seconds)

    def chance(self) -> float:
        """Return a number from 0 to 1, 1 left out."""
        return random.random()  # noqa: S311 (it spreads requests, it keeps no secret)
