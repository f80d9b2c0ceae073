"""Rebuilds projections from the whole log, beside the rows that are read meanwhile.

The new rows grow in a store of their own, checkpoint and all, so that a rebuild can be stopped anywhere and
go on later. Once they have caught up, the rows in use are held still for a moment, the last events are taken
in, and the new rows take their place in one transaction.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from application.log.landmarks import stands
from application.log.readable import known_only
from application.ports.codec import EventCodec
from application.ports.event_store import START, Position
from application.streams import EXCHANGE_EVENTS
from projections.running.batch import batches, gathered
from projections.running.log import Log
from projections.running.progress import Progress
from projections.running.projection import Projection
from projections.running.runner import ProjectionRunner
from projections.running.store import Checkpoint, CheckpointMoved, ProjectionStore

BATCH = 2_000
"""The most events of one transaction; nobody waits for these to become visible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildProgress:
    """How far a rebuild has come. ``rate`` is in events a second since it was started or resumed.

    ``total`` is guessed from how far the position is, and right once the rows are swapped in.
    """

    names: tuple[str, ...]
    events: int
    total: int
    rate: float
    swapped: bool

    @property
    def left_s(self) -> float | None:
        """The time left in seconds, ``None`` while nothing is known about it."""
        return (self.total - self.events) / self.rate if self.rate else None

    def __str__(self) -> str:
        return f"Rebuilt {self.events:,} of {self.total:,} events"


class Still(Protocol):
    """The rows in use, held still: readers read on, no projector writes."""

    @property
    def checkpoints(self) -> Mapping[str, Checkpoint]:
        """How far the rows in use have come."""
        ...

    async def adopt(self, names: Sequence[str]) -> None:
        """Put the new rows of some projections in the place of theirs, at the end of the block."""
        ...


class RebuildStore(Protocol):
    """A store with room to rebuild beside the rows in use."""

    @property
    def beside(self) -> ProjectionStore:
        """Where the new rows grow."""
        ...

    async def checkpoints(self) -> Mapping[str, Checkpoint]:
        """Return how far the rows in use have come."""
        ...

    def held_still(self) -> AbstractAsyncContextManager[Still]:
        """Hold the rows in use still until the end of the block."""
        ...


class ProjectionRebuilder:
    """Rebuilds some projections. ``on_progress`` is called after each transaction."""

    def __init__(
        self,
        *,
        store: RebuildStore,
        log: Log,
        codec: EventCodec,
        projections: Sequence[Projection],
        on_progress: Callable[[RebuildProgress], None],
    ) -> None:
        self._store = store
        self._log = log
        self._codec = codec
        self._names = tuple(projection.name for projection in projections)
        self._on_progress = on_progress
        self._runner = ProjectionRunner(
            store=store.beside, source=log, codec=codec, projections=projections, progress=Progress()
        )
        # Set when it runs:
        self._began: float
        self._events: int
        self._resumed_at: int
        self._counted: tuple[Position, int]
        self._head: Position

    async def run(self) -> RebuildProgress:
        """Rebuild, swap the new rows in, and return how it ended. To stop it, cancel it."""
        self._began = time.monotonic()
        self._counted = await self._known_count(await self._store.checkpoints())
        self._head = await self._log.head()
        position = await self._runner.resume()
        self._events = self._resumed_at = await self._events_up_to(position)
        position = await self._persistently_catch_up(position, self._head)
        async with self._store.held_still() as rows:
            behind = max((mark.position for mark in rows.checkpoints.values()), default=START)
            await self._catch_up(position, behind)
            await rows.adopt(self._names)
        ended = self._progress(swapped=True)
        self._on_progress(ended)
        return ended

    async def _persistently_catch_up(self, position: Position, target: Position) -> Position:
        """Catch up, from further back if the database lost what was in it already."""
        while True:
            try:
                return await self._catch_up(position, target)
            except CheckpointMoved:
                position = await self._runner.resume()
                self._events = self._resumed_at = await self._events_up_to(position)

    async def _catch_up(self, position: Position, target: Position) -> Position:
        """Take in all events up to ``target`` at least; return how far that led."""
        if position >= target:
            return position
        pages = self._log.read_all(after=position, matching=EXCHANGE_EVENTS)
        # What only a newer version knows is refused here: to look for it first would be to read all twice.
        async for page in gathered(known_only(pages, self._codec), BATCH):
            async for batch in batches(page, self._codec, BATCH):
                await self._runner.take(batch)
                self._refuse_if_halted()
                self._events += len(batch.entries)
                position = batch.position
                self._on_progress(self._progress(position))
        return position

    def _refuse_if_halted(self) -> None:
        for name, error in self._runner.stats.halted.items():
            raise RebuildHalted(f"{name} cannot be rebuilt: {error}")

    async def _known_count(self, known: Mapping[str, Checkpoint]) -> tuple[Position, int]:
        """Return a position up to which the rows in use have counted the events, and how many there are.

        The rest is guessed: a log on a server takes longer to be counted than to be taken in.
        """
        furthest = max(known.values(), key=lambda mark: mark.position, default=None)
        if furthest and furthest.landmark and await stands(self._log, furthest.landmark):
            return furthest.position, furthest.events
        return START, 0  # or counted in another log, where events stood at other positions

    async def _events_up_to(self, position: Position) -> int:
        async with self._store.beside.transaction() as transaction:
            marks = await transaction.checkpoints()
        return max((mark.events for mark in marks.values() if mark.position <= position), default=0)

    def _progress(self, position: Position = START, *, swapped: bool = False) -> RebuildProgress:
        elapsed = time.monotonic() - self._began
        return RebuildProgress(
            names=self._names,
            events=self._events,
            total=self._events if swapped else self._guess(position),
            rate=(self._events - self._resumed_at) / elapsed if elapsed else 0.0,
            swapped=swapped,
        )

    def _guess(self, position: Position) -> int:
        """Return how many events there are, if those to come stand as close together as those before."""
        at, events = max(self._counted, (position, self._events))
        return round(events * max(self._head, at) / at) if at else events


class RebuildRunning(Exception):
    """Another rebuild of the same rows runs; the message says where."""


class RebuildHalted(Exception):
    """An event of the log cannot be taken in: the rows in use stay."""
