"""How long to wait before trying again: as long as one is told, else longer each time, never all at once."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

FIRST_S, LONGEST_S = 0.1, 5.0


class Patience:
    """Waits between tries, ``limit_s`` in all; ``None`` is for ever."""

    def __init__(
        self,
        limit_s: float | None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now_s: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._sleep = sleep
        self._now_s = now_s
        self._chance = chance
        self._until_s = None if limit_s is None else now_s() + limit_s
        self._next_s = FIRST_S

    async def wait(self, told_s: float | None = None) -> bool:
        """Wait; return whether to try again. ``told_s`` is what the exchange asked for."""
        if told_s is None:
            pause_s = self._next_s * (0.5 + 0.5 * self._chance())
            self._next_s = min(LONGEST_S, 2 * self._next_s)
        else:
            pause_s = told_s * (1 + 0.25 * self._chance())
        if self._until_s is not None and self._now_s() + pause_s > self._until_s:
            return False
        await self._sleep(pause_s)
        return True

    def again(self) -> None:
        """Begin with short waits again: something has worked."""
        self._next_s = FIRST_S


def told_to_wait(header: str | None) -> float | None:
    """Return the seconds of a ``Retry-After``, ``None`` where there are none."""
    return float(header) if header is not None and header.isascii() and header.isdigit() else None
