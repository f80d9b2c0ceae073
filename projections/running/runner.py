"""Feeds the log to the projections of one store, catching up and live alike.

All projections take the same batch in one transaction, together with their checkpoints. What was not
committed is forgotten and taken again, so a kill at any point, a fault of the database or an event that
comes twice leaves no trace. A checkpoint that is not where it was left (the database crashed, a standby that
is behind took over, a backup was restored) has the log taken up again from there.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol, TypeVar

from application.events import DomainEvent, Recorded
from application.health import Health, Pauses, Trouble
from application.log.whole_streams import EventsMissing, followed
from application.ports.clock import Clock
from application.ports.codec import EventCodec
from application.ports.event_store import START, EventStoreError, Position, RecordedEvent
from application.ports.tracing import NO_SPANS, Spans
from application.streams import EXCHANGE_EVENTS
from projections.running.batch import PIECE, Batch, Entry, Unreadable, batches, gathered, pieces
from projections.running.halts import Halts
from projections.running.log import Log, check_same_log
from projections.running.progress import Progress, RunnerStats
from projections.running.projection import Projection
from projections.running.store import (
    Checkpoint,
    CheckpointMoved,
    ParkedEvent,
    ProjectionStore,
    ReadModelBusy,
    ReadModelDamaged,
    ReadModelOfAnotherLog,
    ReadModelOutdated,
    ReadModelUnavailable,
    Transaction,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

PART = "projector"
"""What projectors are called where they report trouble."""

BATCH = 8_000
"""How many events one transaction takes while there are more.

The more, the fewer times a part of the database is written that many of them change.
"""

LONGEST_PAUSE_S = 2.0
"""The longest wait before a database that is away is tried again."""

SILENT_S = 5.0
"""A database that has not answered for so long is told to be away, though it may only be slow."""

LOOK_S = 1.0
"""How often to look whether the checkpoints are where they were left, though no event comes."""

_KNOWN_FAULTS = (
    ReadModelBusy,
    ReadModelUnavailable,
    ReadModelOutdated,
    ReadModelDamaged,
    CheckpointMoved,
    EventStoreError,
)
"""What has nothing to do with the events that are taken in."""


_FAILURES = frozenset(
    {
        Trouble.PROJECTOR_FAILED,
        Trouble.EVENT_STORE_UNAVAILABLE,
        Trouble.READ_MODELS_OUTDATED,
        Trouble.READ_MODELS_OF_ANOTHER_LOG,
    }
)
"""What is over once events are taken in again."""


class Listener(Protocol):
    """Follows the events in memory, beside the projections."""

    def take(self, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Take in events; some may come again."""
        ...


class ProjectionRunner:
    """Runs projections. ``progress`` is told what is visible; ``stats`` and ``health`` say how it goes.

    With a ``clock`` it is counted how late events became visible.
    """

    def __init__(
        self,
        *,
        store: ProjectionStore,
        source: Log,
        codec: EventCodec,
        projections: Sequence[Projection],
        progress: Progress,
        health: Health | None = None,
        listeners: Sequence[Listener] = (),
        clock: Clock | None = None,
        spans: Spans = NO_SPANS,
    ) -> None:
        self._clock = clock
        self._spans = spans
        self._since_us = clock.now_us() if clock else 0
        self._store = store
        self._source = source
        self._codec = codec
        self._projections = projections
        self._progress = progress
        self._health = health or Health()
        self._listeners = listeners
        self._reached: dict[str, Checkpoint] = {}
        self._passed, self._passed_us = START, 0
        self._turn = asyncio.Lock()
        self.stats = RunnerStats()
        self._halts = Halts(self.stats.halted, self._health)

    # ----------------------------------------------------------------------------------- following

    async def run(self) -> None:
        """Follow the log until cancelled, starting again after every fault.

        Raises :class:`ReadModelOutdated` for rows that only somebody else can put right.
        """
        pauses, batches_before = Pauses(), 0
        while True:
            try:
                await self._follow()
            except ReadModelOutdated as error:
                self.stats.failed = str(error)
                self._health.report(PART, _code(error), str(error))
                raise
            except CheckpointMoved as moved:
                log.warning("%s: the log is taken up again from where the rows stand", moved)
                fault = ""
            except Exception as error:
                log.exception("the projector has failed")
                fault = f"{type(error).__name__}: {error}"
                self._health.report(
                    PART, _code(error), f"{fault}; it starts again and again until it goes on"
                )
            self.stats.failed = fault
            if self.stats.batches > batches_before:
                pauses.begin_again()
            batches_before = self.stats.batches
            await asyncio.sleep(pauses.next_s())

    async def _follow(self) -> None:
        after = await self.resume()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._take_all(after))
                tasks.create_task(self._mind())
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from None

    async def _take_all(self, after: Position) -> None:
        pages = followed(
            self._source,
            after=after,
            matching=EXCHANGE_EVENTS,
            health=self._health,
            part=PART,
            late=self._leave_out,
        )
        async with aclosing(pages):
            async for page in gathered(pages, BATCH):
                async for batch in batches(page, self._codec, BATCH):
                    await self.take(batch)
                    await asyncio.sleep(0)
                self._well()
        raise EventStoreError("the subscription ended")

    async def _leave_out(self, late: Sequence[RecordedEvent]) -> None:
        """Note events that rows have gone past: no row is made twice, and a rebuild takes them in."""
        parked = [
            ParkedEvent(
                projection=projection.name,
                position=event.position,
                event_type=event.type,
                stream=event.stream,
                revision=event.revision,
                error="it was delivered after later events",
            )
            for projection in self._projections
            for event in late
            if event.type in map(self._codec.stored_type, projection.handlers)
        ]

        async def save() -> None:
            async with self._store.transaction() as transaction:
                await transaction.save([], parked)

        async with self._turn:
            await self._persistently(save)
        self.stats.left_out(event.projection for event in parked)
        first = late[0]
        self._health.report(
            "read models",
            Trouble.EVENTS_LEFT_OUT,
            f"{len(late)} events from {first.stream}/{first.revision} on came too late and are in no rows: "
            "presage rebuild --all takes them in",
        )

    def _well(self) -> None:
        if self.stats.failed:
            self.stats.failed = ""
            for code in _FAILURES:
                self._health.clear(PART, code)

    async def _mind(self) -> None:
        """Look after the checkpoints, and try those projections again that have come to a halt."""
        while True:
            await asyncio.sleep(LOOK_S)
            async with self._turn:
                await self._persistently(self._look)
            for name in self._halts.due(time.monotonic()):
                await self.retry(name)

    async def _look(self) -> None:
        async with self._store.transaction() as transaction:
            known = await transaction.checkpoints()
        for projection in self._projections:
            self._mark_of(projection, known.get(projection.name))

    async def resume(self) -> Position:
        """Return the position after which some projection needs events.

        Raises :class:`projections.running.store.ReadModelOfAnotherLog` for rows that go further than the log.
        """

        async def read() -> dict[str, Checkpoint]:
            async with self._store.transaction() as transaction:
                return dict(await transaction.checkpoints())

        async with self._turn:
            known = await self._persistently(read)
            await check_same_log(self._source, known, [each.name for each in self._projections])
            for projection in self._projections:
                projection.forget()
            self._halts.forget()
            marks = [known.get(each.name) or _start(each) for each in self._projections]
            self._reached = {mark.name: mark for mark in marks}
            lowest = min((mark.position for mark in marks), default=START)
            self._progress.reach(lowest, max((mark.at_us for mark in marks), default=0))
            self.stats.position = self._passed = lowest
        return lowest

    # --------------------------------------------------------------------------------- a batch

    async def take(self, batch: Batch) -> None:
        """Take in one batch, however long the database is away.

        Raises :class:`CheckpointMoved` if rows are not as they were left: :meth:`resume` says from where on
        they need events.
        """
        with self._spans.batch("project", (event.cause.correlation_id for event in batch.events)):
            async with self._turn:
                await self._take_in(batch)

    async def _take_in(self, batch: Batch) -> None:
        for number, piece in enumerate(pieces(batch.events)):
            if number:
                await asyncio.sleep(0)
            for listener in self._listeners:
                listener.take(piece)
        if batch.entries:
            await self._take(batch, [each for each in self._projections if not self._halts.has(each)])
        self._note(batch)

    async def retry(self, name: str) -> None:
        """Have a projection that stands still try again, and catch up with the others if it can."""
        [projection] = [each for each in self._projections if each.name == name]
        while self._halts.has(projection):
            after = self._reached[name].position
            pages = self._source.read_all(after=after, matching=EXCHANGE_EVENTS)
            async for page in gathered(pages, BATCH):
                async for batch in batches(page, self._codec, BATCH):
                    async with self._turn:
                        if not await self._try_again(projection, batch):
                            return
            if self._reached[name].position == after:
                return

    async def _try_again(self, projection: Projection, batch: Batch) -> bool:
        """Give a batch to a projection that stands still; return whether it took it."""
        why = self._halts.begin(projection)
        await self._take(batch, [projection])
        if self._halts.has(projection):
            return False
        if self._reached[projection.name].position < self._level():
            self._halts.keep_apart(projection, why)
        else:
            self._halts.release(projection)
            self._show()  # no event need come that would tell readers
        return True

    async def _take(self, batch: Batch, projections: Sequence[Projection]) -> None:
        async def commit() -> None:
            await self._commit(batch, projections)

        try:
            await self._persistently(commit)
        except _KNOWN_FAULTS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others
            await self._narrow(batch, projections, error)

    async def _narrow(self, batch: Batch, projections: Sequence[Projection], error: Exception) -> None:
        """Find out which projection cannot save which event, and have it alone stand still there."""
        for projection in projections:
            if len(projections) > 1:
                await self._take(batch, [projection])
                continue
            for half in batch.halves():
                if not self._halts.has(projection):
                    await self._take(half, [projection])
            if len(batch.entries) == 1:
                await self._halt(projection, _Poison(projection, batch.entries[0], error))

    async def _halt(self, projection: Projection, poison: "_Poison") -> None:
        log.error("projection %s cannot save %s", projection.name, poison, exc_info=poison.cause)
        self._halts.stop(projection, str(poison))

        async def save() -> None:
            async with self._store.transaction() as transaction:
                known = await transaction.checkpoints()
                mark = self._mark_of(projection, known.get(projection.name))
                halted = replace(mark, halted=str(poison))
                await transaction.save([halted], [])
            self._reached[projection.name] = halted

        await self._persistently(save)

    async def _persistently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do something with the database, again and again until it is there."""
        pause_s = 0.02
        while True:
            silence = asyncio.get_running_loop().call_later(
                SILENT_S, self._away, f"the database has not answered for {SILENT_S:.0f} s"
            )
            try:
                done = await work()
            except (ReadModelBusy, ReadModelUnavailable) as error:
                self._away(str(error))
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            else:
                self.stats.unavailable = ""
                self._health.clear(PART, Trouble.READ_MODELS_UNAVAILABLE)
                return done
            finally:
                silence.cancel()

    def _away(self, why: str) -> None:
        self.stats.unavailable = why
        self._health.report(PART, Trouble.READ_MODELS_UNAVAILABLE, f"projections wait: {why}")

    async def _commit(self, batch: Batch, projections: Sequence[Projection]) -> None:
        advanced: list[Checkpoint] = []
        parked: list[ParkedEvent] = []
        try:
            async with self._store.transaction() as transaction:
                known = await transaction.checkpoints()
                for projection in projections:
                    mark = self._mark_of(projection, known.get(projection.name))
                    if batch.entries[-1].position > mark.position:
                        fresh = batch.after(mark.position)
                        advanced.append(await self._advance(transaction, projection, mark, fresh, parked))
                        await _let_others(batch)
                for projection in projections:
                    await projection.save(transaction)
                    await _let_others(batch)
                await transaction.save(advanced, parked)
        except BaseException:
            for projection in projections:
                projection.forget()
            raise
        for projection in projections:
            projection.settle()
            if not self._halts.has(projection):
                self._halts.release(projection)
        self._reached.update((mark.name, mark) for mark in advanced)
        self.stats.left_out(event.projection for event in parked)

    def _mark_of(self, projection: Projection, known: Checkpoint | None) -> Checkpoint:
        """Return a projection's checkpoint; what is in memory is dropped if others moved it.

        Raises :class:`CheckpointMoved` for one that is behind where it was left, or at another event.
        """
        if known is not None and known.version != projection.version:
            raise ReadModelOutdated(
                f"the rows of {projection.name} were replaced by version {known.version} while version "
                f"{projection.version} runs: restart with the version that rebuilt them"
            )
        mark, left = known or _start(projection), self._reached.get(projection.name)
        if left is not None and mark != left:
            if mark.position < left.position or (
                mark.position == left.position and mark.landmark != left.landmark
            ):
                raise CheckpointMoved(
                    f"the rows of {projection.name} go up to {mark.position}, not {left.position}"
                )
            projection.forget()
            if not mark.halted:
                self._halts.release(projection)
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
            if not poison.unreadable:
                log.error("projection %s cannot take in %s", projection.name, poison, exc_info=poison.cause)
            # Nobody knows what an event that cannot be read would have changed.
            if projection.halts or poison.unreadable:
                self._halts.stop(projection, str(poison))
                batch = batch.before(poison.parked.position, otherwise=mark.position)
            else:
                left_out.add(poison.parked.position)
                parked.append(poison.parked)
        return Checkpoint(
            name=projection.name,
            version=projection.version,
            position=batch.entries[-1].position if batch.entries else mark.position,
            events=mark.events + len(batch.entries),
            at_us=max(batch.at_us, mark.at_us),
            landmark=batch.landmark or mark.landmark,
            halted=self._halts.why(projection),
        )

    def _level(self) -> Position:
        """How far the projection has come that is furthest."""
        return max((mark.position for mark in self._reached.values()), default=START)

    def _note(self, batch: Batch) -> None:
        stats = self.stats
        stats.took(len(batch.entries), time.monotonic())
        stats.caught_up = batch.caught_up
        self._passed, self._passed_us = batch.position, batch.at_us
        if self._clock is not None:
            stats.decided(batch.events, since_us=self._since_us)
        self._show()

    def _show(self) -> None:
        """Tell readers up to where all rows go: as far as those that are furthest behind."""
        stats, level = self.stats, self._level()
        behind = min(self._reached.values(), key=lambda mark: mark.position, default=None)
        if behind is None or (behind.position == level and not stats.halted):
            stats.position = max(level, self._passed)
            stats.last_event_at_us = max(
                stats.last_event_at_us, self._passed_us, behind.at_us if behind else 0
            )
        else:
            stats.position, stats.last_event_at_us = behind.position, behind.at_us
        self._progress.reach(stats.position, stats.last_event_at_us)
        if self._clock is not None:
            stats.showed(stats.position, self._clock.now_us())


def _start(projection: Projection) -> Checkpoint:
    return Checkpoint(name=projection.name, version=projection.version, position=START, events=0, at_us=0)


def _code(error: Exception) -> Trouble:
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            return code
    return Trouble.PROJECTOR_FAILED


_CODES: dict[type[Exception], Trouble] = {
    EventsMissing: Trouble.EVENTS_MISSING,
    EventStoreError: Trouble.EVENT_STORE_UNAVAILABLE,
    ReadModelOfAnotherLog: Trouble.READ_MODELS_OF_ANOTHER_LOG,
    ReadModelOutdated: Trouble.READ_MODELS_OUTDATED,
}


async def _let_others(batch: Batch) -> None:
    """Let others have the processor in the middle of a batch that takes long."""
    if len(batch.entries) >= PIECE:
        await asyncio.sleep(0)


async def _apply(
    transaction: Transaction, projection: Projection, batch: Batch, left_out: set[Position]
) -> "_Poison | None":
    """Let a projection take in a batch; say which event it cannot take in, if there is one."""
    if batch.unreadable:
        unreadable = batch.unreadable[0]
        return _Poison(projection, unreadable, unreadable.error)
    handlers = projection.handlers
    wanted = batch.of_kinds(handlers.keys())
    if left_out:
        wanted = [event for event in wanted if event.position not in left_out]
    for number, piece in enumerate(pieces(wanted)):
        if number:
            await asyncio.sleep(0)
        await projection.load(transaction, piece)
        for event in piece:
            try:
                handlers[type(event.event)](event)
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others
                return _Poison(projection, event, error)
    return None


class _Poison:
    """An event that a projection cannot take in, and why."""

    def __init__(self, projection: Projection, entry: Entry, cause: Exception) -> None:
        self.cause = cause
        self.unreadable = isinstance(entry, Unreadable)
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
