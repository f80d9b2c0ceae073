"""Feeds the log to the processes, in order, and knows how far they have come.

What a process asks for is carried out before its place in the log counts as reached. After a crash it
starts again from the last place noted, so every process must be able to see an event twice: ledgers pass
over what they have booked, and command ids are derived from the events.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from application.events import DomainEvent, Recorded
from application.hosting.owner import Overloaded
from application.ports.checkpoints import Checkpoints
from application.ports.codec import EventCodec
from application.ports.event_store import (
    START,
    EventStoreError,
    Filter,
    LogReader,
    LogSubscriber,
    Position,
    RecordedEvent,
)
from application.streams import GROUP, LEDGER, MARKET

log = logging.getLogger(__name__)

RETRY_S = 0.5
NOTE_EVERY_S = 2.0
CHECKPOINT = "processes"

WANTED = Filter(stream_prefixes=(MARKET, GROUP, LEDGER))
"""Where something may follow from an event."""

TAKEN_AT_ONCE = 2_000
"""How many events are seen to together by processes that are behind: the further, the fewer appends each."""


class Process(Protocol):
    """Something that follows from events of certain types."""

    @property
    def concerns(self) -> frozenset[type[DomainEvent]]:
        """The types of event that something follows from."""
        ...

    async def handle(self, events: Sequence[Recorded[DomainEvent]]) -> None:
        """See to all that follows from some events, in order. May be given events again."""
        ...


class ProcessRunner:
    """Runs processes over the whole log, then live."""

    def __init__(
        self,
        *,
        subscriber: LogSubscriber,
        reader: LogReader,
        codec: EventCodec,
        checkpoints: Checkpoints,
        processes: Sequence[Process],
    ) -> None:
        self._subscriber = subscriber
        self._reader = reader
        self._codec = codec
        self._checkpoints = checkpoints
        self._processes = processes
        self._wanted = {codec.stored_type(kind) for process in processes for kind in process.concerns}
        self._reached = START
        self._noted_at = 0.0
        self._moved = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    @property
    def position(self) -> Position:
        """How far the processes have come."""
        return self._reached

    async def start(self) -> None:
        """Begin where the processes left off."""
        noted = await self._checkpoints.load(CHECKPOINT)
        # A note from beyond the end belongs to another log, or to one that was restored from a backup.
        self._reached = noted if noted <= await self._reader.head() else START
        self._task = asyncio.create_task(self._run(), name="process managers")

    async def catch_up(self) -> Position:
        """Wait until everything that is in the log now has been seen to; return how far that is."""
        position = START
        # Not the end of the log: a store need not say at once that it has passed over what nobody wants.
        async for page in self._reader.read_all(backwards=True, limit=1, matching=WANTED):
            position = page.position
        await self.reach(position)
        return position

    async def reach(self, position: Position) -> None:
        """Wait until the processes have come to ``position``."""
        assert self._task is not None
        async with self._moved:
            await self._moved.wait_for(lambda: self._reached >= position or self._stopped())
        if self._reached < position:
            self._task.result()

    async def close(self) -> None:
        """Stop, noting how far the processes have come."""
        if self._task is not None:
            self._task.cancel()
            # If it had stopped by a fault, that was told when it happened.
            await asyncio.gather(self._task, return_exceptions=True)
            await self._checkpoints.save(CHECKPOINT, self._reached)

    def _stopped(self) -> bool:
        return self._task is None or self._task.done()

    async def _run(self) -> None:
        try:
            events: list[RecordedEvent] = []
            async for page in self._subscriber.subscribe(after=self._reached, matching=WANTED):
                events.extend(page.events)
                if page.caught_up or len(events) >= TAKEN_AT_ONCE:
                    await self._handle(events, page.position)
                    events.clear()
        except Exception:
            log.exception("the process managers have stopped: settlement is at a standstill")
            raise
        finally:
            async with self._moved:
                self._moved.notify_all()

    async def _handle(self, stored: Sequence[RecordedEvent], position: Position) -> None:
        events = [self._codec.decode(each) for each in stored if each.type in self._wanted]
        for process in self._processes:
            concerns = process.concerns
            await self._persist(process, [each for each in events if type(each.event) in concerns])
        async with self._moved:
            self._reached = max(self._reached, position)
            self._moved.notify_all()
        await self._note()

    async def _note(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._noted_at >= NOTE_EVERY_S:
            self._noted_at = now
            await self._checkpoints.save(CHECKPOINT, self._reached)

    async def _persist(self, process: Process, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Have a process see to the events, again and again while the store cannot be reached."""
        while events:
            try:
                await process.handle(events)
            except (EventStoreError, Overloaded) as error:
                log.warning("settlement waits for the event store: %s", error)
                await asyncio.sleep(RETRY_S)
            else:
                return
