"""Says when it is worth looking at a file that another process writes."""

import asyncio
from collections.abc import AsyncGenerator

from application.ports.event_store import Position
from projections.running.progress import Progress

SHORTEST_S = 0.002
LONGEST_S = 0.02
"""How long to wait between looks while the other process has events to take in."""

IDLE_S = 1.0
"""How often to look although nothing is to be expected."""


async def looks(log_end: Progress, projector: Progress) -> AsyncGenerator[None, None]:
    """Yield whenever to look: often while the projector is behind the end of the log, else hardly ever."""
    pause_s = SHORTEST_S
    while True:
        before = projector.position
        yield
        if projector.position >= log_end.position:
            await log_end.await_position(Position(projector.position + 1), IDLE_S)
            pause_s = SHORTEST_S
        else:
            pause_s = SHORTEST_S if projector.position > before else min(2 * pause_s, LONGEST_S)
            await asyncio.sleep(pause_s)
