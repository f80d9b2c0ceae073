"""Feeds the log to the projections of one store, catching up and live alike.

All projections take the same batch in one transaction, together with their checkpoints. What was not
committed is forgotten and taken again, so a kill at any point, a fault of the database or an event that
comes twice leaves no trace.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Protocol, TypeVar

from application.events import DomainEvent, Recorded
from application.ports.codec import EventCodec
from application.ports.event_store import START, Filter, LogSubscriber, Position
from application.streams import EXCHANGE_PREFIXES
from projections.batch import Batch, Entry, Unreadable, batches, gathered
from projections.progress import Progress, RunnerStats
from projections.projection import Projection
from projections.queries import ReadModelUnavailable
from projections.store import (
    Checkpoint,
    ParkedEvent,
    ProjectionStore,
    ReadModelBusy,
    ReadModelOutdated,
    Transaction,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

EXCHANGE_EVENTS = Filter(stream_prefixes=EXCHANGE_PREFIXES)

BATCH = 8_000
"""How many events one transaction takes while there are more.

The more, the fewer times a part of the database is written that many of them change.
"""

LONG = 400
"""How many events make a batch that others should not have to wait for."""

LONGEST_PAUSE_S = 2.0
"""The longest wait before a database that is away is tried again."""


class Listener(Protocol):
    """Follows the events in memory, beside the projections."""

    def take(self, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Take in events; some may come again."""
        ...


class ProjectionRunner:
    """Runs projections. ``progress`` is told what is visible; ``stats`` says how it goes."""

    def __init__(
        self,
        *,
        store: ProjectionStore,
        source: LogSubscriber,
        codec: EventCodec,
        projections: Sequence[Projection],
        progress: Progress,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self._store = store
        self._source = source
        self._codec = codec
        self._projections = projections
        self._progress = progress
        self._listeners = listeners
        self._reached: dict[str, Checkpoint] = {}
        self.stats = RunnerStats()

    async def run(self) -> None:
        """Follow the log until cancelled."""
        after = await self.resume()
        async with aclosing(self._source.subscribe(after=after, matching=EXCHANGE_EVENTS)) as pages:
            async for page in gathered(pages, BATCH):
                for batch in batches(page, self._codec, BATCH):
                    await self.take(batch)
                    await asyncio.sleep(0)

    async def take(self, batch: Batch) -> None:
        """Take in one batch, however long the database is away."""
        for listener in self._listeners:
            listener.take(batch.events)

        async def commit() -> None:
            await self._commit(batch)

        await self._persistently(commit)
        self._note(batch)

    async def _persistently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do something with the database, again and again until it is there."""
        pause_s = 0.02
        while True:
            try:
                done = await work()
            except (ReadModelBusy, ReadModelUnavailable) as error:
                if str(error) != self.stats.unavailable:
                    log.warning("projections wait: %s", error)
                self.stats.unavailable = str(error)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            else:
                if self.stats.unavailable:
                    log.warning("projections go on")
                self.stats.unavailable = ""
                return done

    async def resume(self) -> Position:
        """Return the position after which some projection needs events."""
        return await self._persistently(self._lowest)

    async def _lowest(self) -> Position:
        async with self._store.transaction() as transaction:
            known = await transaction.checkpoints()
        marks = [known.get(projection.name) for projection in self._projections]
        lowest = min((START if mark is None else mark.position for mark in marks), default=START)
        self._progress.reach(lowest, max((mark.at_us for mark in marks if mark), default=0))
        self.stats.position = lowest
        return lowest

    async def _commit(self, batch: Batch) -> None:
        if not batch.entries and batch.position <= self.stats.position:
            return
        advanced: list[Checkpoint] = []
        parked: list[ParkedEvent] = []
        try:
            async with self._store.transaction() as transaction:
                known = await transaction.checkpoints()
                for projection in self._projections:
                    mark = self._mark_of(projection, known.get(projection.name))
                    if projection.name not in self.stats.halted and batch.position > mark.position:
                        fresh = batch.after(mark.position)
                        advanced.append(await self._advance(transaction, projection, mark, fresh, parked))
                        await _let_others(batch)
                for projection in self._projections:
                    await projection.save(transaction)
                    await _let_others(batch)
                await transaction.save(advanced, parked)
        except BaseException:
            for projection in self._projections:
                projection.forget()
            raise
        for projection in self._projections:
            projection.settle()
        self._reached.update((mark.name, mark) for mark in advanced)
        for event in parked:
            self.stats.parked[event.projection] = self.stats.parked.get(event.projection, 0) + 1

    def _mark_of(self, projection: Projection, known: Checkpoint | None) -> Checkpoint:
        """Return a projection's checkpoint; what is in memory is dropped if others moved it."""
        if known is not None and known.version != projection.version:
            raise ReadModelOutdated(
                f"the rows of {projection.name} were replaced by version {known.version} while version "
                f"{projection.version} runs: restart with the version that rebuilt them"
            )
        mark = known or Checkpoint(
            name=projection.name, version=projection.version, position=START, events=0, at_us=0
        )
        if self._reached.get(projection.name) != mark:
            projection.forget()
            self._reached[projection.name] = mark
        return mark

    async def _advance(
        self,
        transaction: Transaction,
        projection: Projection,
        mark: Checkpoint,
        batch: Batch,
        parked: list[ParkedEvent],
    ) -> Checkpoint:
        """Let a projection take in events that are new to it; return how far it came."""
        left_out: set[Position] = set()
        while (poison := await _apply(transaction, projection, batch, left_out)) is not None:
            projection.forget()
            log.error("projection %s cannot take in %s", projection.name, poison, exc_info=poison.cause)
            if projection.halts:
                self.stats.halted[projection.name] = str(poison)
                batch = batch.before(poison.parked.position, otherwise=mark.position)
            else:
                left_out.add(poison.parked.position)
                parked.append(poison.parked)
        return Checkpoint(
            name=projection.name,
            version=projection.version,
            position=batch.position,
            events=mark.events + len(batch.entries),
            at_us=max(batch.at_us, mark.at_us),
            halted=self.stats.halted.get(projection.name, ""),
        )

    def _note(self, batch: Batch) -> None:
        stats = self.stats
        stats.took(len(batch.entries), time.monotonic())
        stats.caught_up = batch.caught_up
        stats.last_event_at_us = max(stats.last_event_at_us, batch.at_us)
        lowest = min((mark.position for mark in self._reached.values()), default=batch.position)
        stats.position = lowest
        self._progress.reach(lowest, batch.at_us)


async def _let_others(batch: Batch) -> None:
    """Let others have the processor in the middle of a batch that takes long."""
    if len(batch.entries) >= LONG:
        await asyncio.sleep(0)


async def _apply(
    transaction: Transaction, projection: Projection, batch: Batch, left_out: set[Position]
) -> "_Poison | None":
    """Let a projection take in a batch; say which event it cannot take in, if there is one."""
    unreadable = next((entry for entry in batch.unreadable if entry.position not in left_out), None)
    if unreadable is not None:
        return _Poison(projection, unreadable, unreadable.error)
    handlers = projection.handlers
    wanted = batch.of_kinds(handlers.keys())
    if left_out:
        wanted = [event for event in wanted if event.position not in left_out]
    await projection.load(transaction, wanted)
    for event in wanted:
        try:
            handlers[type(event.event)](event)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others
            return _Poison(projection, event, error)
    return None


class _Poison:
    """An event that a projection cannot take in, and why."""

    def __init__(self, projection: Projection, entry: Entry, cause: Exception) -> None:
        self.cause = cause
        source = entry.stored if isinstance(entry, Unreadable) else entry
        kind = entry.stored.type if isinstance(entry, Unreadable) else type(entry.event).__name__
        self.parked = ParkedEvent(
            projection=projection.name,
            position=source.position,
            event_type=kind,
            stream=source.stream,
            revision=source.revision,
            error=f"{type(cause).__name__}: {cause}",
        )

    def __str__(self) -> str:
        parked = self.parked
        return f"{parked.event_type} at {parked.stream}/{parked.revision}: {parked.error}"
