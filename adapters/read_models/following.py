"""Learns from the rows themselves how the projector of another process gets on."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from adapters.read_models.queries.reader import Reader
from application.ports.event_store import Position
from projections.progress import Progress, RunnerStats
from projections.queries import ReadModelUnavailable
from projections.store import ReadModelBusy

TROUBLE_S = 1.0
"""How often to look for projections that stand still and events that were left out."""

PROGRESS = """
SELECT COALESCE(MIN(position), 0), COALESCE(MAX(at_us), 0), COALESCE(MAX(events), 0) FROM checkpoints
"""
HALTED = "SELECT name, halted FROM checkpoints WHERE halted <> ''"
PARKED = "SELECT projection, COUNT(*) FROM parked_events GROUP BY projection"


class DistantProjector:
    """A projector of which only its rows are seen.

    ``log_end`` is how far the log is known to go; ``progress`` and ``stats`` are what the projector itself
    would tell.
    """

    def __init__(self, reader: Reader, log_end: Progress) -> None:
        self.progress = Progress()
        self.stats = RunnerStats()
        self._reader = reader
        self._log_end = log_end
        self._events: int | None = None
        self._trouble_s = 0.0

    async def follow(self, calls: AsyncGenerator[None, None]) -> None:
        """Look again at every call, until cancelled."""
        async with aclosing(calls):
            async for _call in calls:
                try:
                    await self.look()
                except (ReadModelBusy, ReadModelUnavailable) as error:
                    self.stats.unavailable = str(error)

    async def look(self) -> None:
        """Look once. Raises :class:`ReadModelUnavailable` while the rows cannot be read."""
        [(position, at_us, events)] = await self._reader.fetch(PROGRESS, {})
        now_s, stats = time.monotonic(), self.stats
        if self._events is not None:
            stats.took(max(0, events - self._events), now_s)
        self._events = events
        if now_s - self._trouble_s >= TROUBLE_S:
            self._trouble_s = now_s
            stats.halted = dict(await self._reader.fetch(HALTED, {}))
            stats.parked = dict(await self._reader.fetch(PARKED, {}))
        stats.unavailable = ""
        stats.position, stats.last_event_at_us = Position(position), at_us
        stats.caught_up = position >= self._log_end.position
        if position > self.progress.position:
            self.progress.reach(Position(position), at_us)
