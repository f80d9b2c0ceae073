"""Learns from the rows themselves how the projector of another process gets on."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from adapters.read_models.checkpoints import CHECKPOINTS, by_name
from adapters.read_models.queries.reader import Reader
from application.events import DomainEvent, Recorded
from application.health import Health, Trouble
from application.ports.clock import Clock
from application.ports.event_store import START, EventStoreError
from projections.running.log import Log, check_same_log
from projections.running.progress import Progress, RunnerStats
from projections.running.store import Checkpoint, ReadModelBusy, ReadModelOfAnotherLog, ReadModelUnavailable

TROUBLE_S = 1.0
"""How often to look for projections that stand still and events that were left out."""

SILENT_S = 10.0
"""How long a projector may take in nothing, though there are events, before that is told."""

PARKED = "SELECT projection, COUNT(*) FROM parked_events GROUP BY projection"


class DistantProjector:
    """A projector of which only its rows are seen.

    ``log_end`` is how far the log is known to go; ``progress`` and ``stats`` are what the projector itself
    would tell, and so is what is reported to ``health``.
    """

    part = "projector elsewhere"

    def __init__(self, reader: Reader, log_end: Progress, source: Log, health: Health, clock: Clock) -> None:
        self._clock = clock
        self._since_us = clock.now_us()
        self.progress = Progress()
        self.stats = RunnerStats()
        self._reader = reader
        self._log_end = log_end
        self._source = source
        self._health = health
        self._events: int | None = None
        self._trouble_s = 0.0
        self._moved_s = time.monotonic()

    async def follow(self, calls: AsyncGenerator[None, None]) -> None:
        """Look again at every call, until cancelled."""
        async with aclosing(calls):
            async for _call in calls:
                try:
                    await self.look()
                except (ReadModelBusy, ReadModelUnavailable) as error:
                    self.stats.unavailable = str(error)
                    self._health.report(self.part, Trouble.READ_MODELS_UNAVAILABLE, str(error))

    def take(self, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Take in events that this process has come to see; what their rows show is seen from now on."""
        self.stats.decided(events, since_us=self._since_us)
        self.stats.showed(self.progress.position, self._clock.now_us())

    async def look(self) -> None:
        """Look once. Raises :class:`ReadModelUnavailable` while the rows cannot be read."""
        marks = by_name(await self._reader.fetch(CHECKPOINTS, {}))
        behind = min(marks.values(), key=lambda mark: mark.position, default=None)
        now_s, stats = time.monotonic(), self.stats
        events = max((mark.events for mark in marks.values()), default=0)
        taken = 0 if self._events is None else max(0, events - self._events)
        if self._events is not None:
            stats.took(taken, now_s)
        self._events = events
        position, at_us = (behind.position, behind.at_us) if behind else (START, 0)
        if position != self.progress.position:
            # It goes back when the database lost its last transactions, and those who wait have to know.
            self._moved_s = now_s
            self.progress.reach(position, at_us)
        stats.unavailable = ""
        self._health.clear(self.part, Trouble.READ_MODELS_UNAVAILABLE)
        stats.showed(position, self._clock.now_us())
        stats.position, stats.last_event_at_us = position, at_us
        stats.caught_up = position >= self._log_end.position
        if now_s - self._trouble_s >= TROUBLE_S:
            self._trouble_s = now_s
            await self._look_for_trouble(marks, now_s)

    async def _look_for_trouble(self, marks: Mapping[str, Checkpoint], now_s: float) -> None:
        stats = self.stats
        stats.parked = dict(await self._reader.fetch(PARKED, {}))
        stats.halted = {name: mark.halted for name, mark in marks.items() if mark.halted}
        self._tell(
            Trouble.PROJECTION_HALTED,
            "; ".join(f"{name} stands still: {why}" for name, why in stats.halted.items()),
        )
        silent = not stats.caught_up and now_s - self._moved_s > SILENT_S
        self._tell(
            Trouble.PROJECTOR_SILENT,
            "no projector takes in what is in the log: see that `presage projector` runs" if silent else "",
        )
        try:
            await check_same_log(self._source, marks, marks)
        except ReadModelOfAnotherLog as error:
            stats.failed = str(error)
        except EventStoreError:
            return  # which others tell
        else:
            stats.failed = ""
        self._tell(Trouble.READ_MODELS_OF_ANOTHER_LOG, stats.failed)

    def _tell(self, code: Trouble, what: str) -> None:
        if what:
            self._health.report(self.part, code, what)
        else:
            self._health.clear(self.part, code)
