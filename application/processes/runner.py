"""Feeds the log to the processes, in order, and knows how far they have come.

What a process asks for is carried out before its place in the log counts as reached. After a crash it
starts again from the last place noted, so every process must be able to see an event twice: ledgers pass
over what they have booked, and command ids are derived from the events.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from application.events import DomainEvent, Recorded
from application.health import Health, Pauses, Trouble
from application.hosting.owner import Overloaded
from application.log.landmarks import Landmark, landmark_of, stands
from application.log.readable import readable_up_to
from application.log.whole_streams import EventsMissing, FollowedLog, followed
from application.ports.checkpoints import Checkpoints
from application.ports.codec import EventCodec, UnreadableEvent
from application.ports.event_store import START, EventStoreError, Position, RecordedEvent
from application.streams import EXCHANGE_EVENTS
from application.turns import in_turns

log = logging.getLogger(__name__)

PART = "settlement"
"""What the processes are called where they report trouble."""

RETRY_S = 0.5
NOTE_EVERY_S = 2.0
CHECKPOINT = "processes"

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
    """Runs processes over the whole log, then live, starting again after every fault."""

    def __init__(
        self,
        *,
        log: FollowedLog,
        codec: EventCodec,
        checkpoints: Checkpoints,
        processes: Sequence[Process],
        health: Health,
    ) -> None:
        self._log = log
        self._codec = codec
        self._checkpoints = checkpoints
        self._processes = processes
        self._health = health
        self._wanted = {codec.stored_type(kind) for process in processes for kind in process.concerns}
        self._reached = START
        self._landmark: Landmark | None = None
        self._fault: Exception | None = None
        self._noted_at = -math.inf
        self._moved = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    @property
    def position(self) -> Position:
        """How far the processes have come."""
        return self._reached

    async def start(self) -> None:
        """Begin where the processes left off; from the beginning, if that was in another log."""
        self._landmark = await self._checkpoints.load(CHECKPOINT)
        self._reached = await self._from()
        self._task = asyncio.create_task(self._run(), name="process managers")

    async def go_back(self, landmark: Landmark, meanwhile: Callable[[], None]) -> None:
        """Look again at what followed an event, if that was seen to already.

        Nothing is seen to while it goes back, and ``meanwhile`` is called then. It is noted first, so that it
        is not forgotten however the process ends.
        """
        if self._landmark is None or self._landmark.position <= landmark.position:
            meanwhile()
            return
        await self._checkpoints.save(CHECKPOINT, landmark)
        back: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        again = self._run_again(self._task, landmark, meanwhile, back)
        self._task = asyncio.create_task(again, name="process managers")
        await asyncio.shield(back)

    async def _run_again(
        self,
        former: "asyncio.Task[None] | None",
        landmark: Landmark,
        meanwhile: Callable[[], None],
        back: "asyncio.Future[None]",
    ) -> None:
        if former is not None:
            former.cancel()
            await asyncio.gather(former, return_exceptions=True)
        self._landmark, self._reached = landmark, landmark.position
        try:
            await self._note()
            meanwhile()
        except Exception as error:  # noqa: BLE001  # whoever waits is told; what goes back goes on nevertheless
            back.set_exception(error)
        else:
            back.set_result(None)
        await self._run()

    async def catch_up(self) -> Position:
        """Wait until everything that is in the log now has been seen to; return how far that is."""
        position = START
        # Not the end of the log: a store need not say at once that it has passed over what nobody wants.
        async for page in self._log.read_all(backwards=True, limit=1, matching=EXCHANGE_EVENTS):
            position = page.position
        await self.reach(position)
        return position

    async def reach(self, position: Position) -> None:
        """Wait until the processes have come to ``position``. Raises what keeps them from it, if anything."""
        if self._reached >= position:
            return
        async with self._moved:
            await self._moved.wait_for(lambda: self._reached >= position or self._stopped())
        if self._reached < position:
            raise self._fault or EventStoreError("the exchange is closed")

    async def close(self) -> None:
        """Stop, noting how far the processes have come."""
        if self._task is not None:
            self._task.cancel()
            # If it had stopped by a fault, that was told when it happened.
            await asyncio.gather(self._task, return_exceptions=True)
            await self._note()

    def _stopped(self) -> bool:
        return self._fault is not None or self._task is None or self._task.done()

    async def _run(self) -> None:
        pauses = Pauses()
        try:
            while True:
                began = self._reached
                try:
                    await self._follow()
                except Exception as error:
                    log.exception("the process managers have stopped: settlement is at a standstill")
                    self._report(_code(error), f"{error or type(error).__name__}; it is tried again")
                    self._fault = error
                if self._reached > began:
                    pauses.begin_again()
                await self._tell()
                await asyncio.sleep(pauses.next_s())
        finally:
            await self._tell()

    async def _follow(self) -> None:
        after = await self._from()
        pages = followed(self._log, after=after, matching=EXCHANGE_EVENTS, health=self._health, part=PART)
        events: list[RecordedEvent] = []
        async with aclosing(pages):
            async for page in pages:
                events.extend(page.events)
                if page.caught_up or len(events) >= TAKEN_AT_ONCE:
                    await self._handle(events, page.position)
                    events.clear()

    async def _from(self) -> Position:
        """Return where to begin: a landmark that is not there belongs to another log, or to a later one."""
        landmark = self._landmark
        if landmark is None:
            return START
        if await stands(self._log, landmark):
            return landmark.position
        log.warning("%s is not in the log any more: it is gone through from its beginning", landmark)
        self._landmark, self._reached = None, START
        return START

    async def _handle(self, stored: Sequence[RecordedEvent], position: Position) -> None:
        async for each in in_turns(stored):
            # An event of a newer version may be one that something follows from: nobody goes past it.
            self._codec.check(each)
        wanted = [each for each in stored if each.type in self._wanted]
        events = [self._codec.decode(each) async for each in in_turns(wanted)]
        for process in self._processes:
            concerns = process.concerns
            await self._persist(process, [each for each in events if type(each.event) in concerns])
        if stored:
            self._landmark = landmark_of(stored[-1])
        self._reached = max(self._reached, position)
        if self._fault is not None:
            self._fault = None
            for code in _CODES:
                self._health.clear(PART, code)
        await self._tell()
        now = asyncio.get_running_loop().time()
        if now - self._noted_at >= NOTE_EVERY_S:
            self._noted_at = now
            await self._note()

    async def _tell(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    async def _note(self) -> None:
        if self._landmark is not None:
            await self._checkpoints.save(readable_up_to(self._codec), self._landmark)
            await self._checkpoints.save(CHECKPOINT, self._landmark)

    async def _persist(self, process: Process, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Have a process see to the events, again and again while the store cannot be reached.

        Another process may have gone on with the streams that this one knows by heart: what does not fit
        together is tried again, once all that was left behind has been loaded anew.
        """
        tried = False
        while events:
            try:
                await process.handle(events)
            except (EventStoreError, Overloaded) as error:
                self._report(Trouble.EVENT_STORE_UNAVAILABLE, f"it waits for the event store: {error}")
                await asyncio.sleep(RETRY_S)
            except Exception:
                if tried:
                    raise
                tried = True
                log.warning("what is known does not fit the log; it is read again", exc_info=True)
            else:
                self._health.clear(PART, Trouble.EVENT_STORE_UNAVAILABLE)
                return

    def _report(self, code: Trouble, message: str) -> None:
        self._health.report(PART, code, message)


_CODES = frozenset({Trouble.SETTLEMENT_FAILED, Trouble.EVENT_STORE_UNAVAILABLE, Trouble.UNREADABLE_EVENT})


def _code(error: Exception) -> Trouble:
    if isinstance(error, UnreadableEvent):
        return Trouble.UNREADABLE_EVENT
    if isinstance(error, EventsMissing):
        return Trouble.EVENTS_MISSING
    known = isinstance(error, EventStoreError)
    return Trouble.EVENT_STORE_UNAVAILABLE if known else Trouble.SETTLEMENT_FAILED
