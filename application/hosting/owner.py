"""The one writer of a stream.

It drains its mailbox, decides every command in memory in order, appends all the events in one call, and
answers once the append is durable. So the number of appends does not grow with the number of commands,
and a command waits for one or two appends however many came with it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import chain
from time import perf_counter
from typing import Generic, TypeVar
from uuid import UUID

from application.events import Cause, DomainEvent
from application.health import Health
from application.hosting.decision import Decision
from application.hosting.insistence import Pauses, appended
from application.hosting.known_stream import KnownStream
from application.hosting.letter import BY_ITSELF, Letter, by_itself, consume, fail_all
from application.ids import derived_id, event_ids
from application.ports.clock import Clock
from application.ports.codec import EventCodec
from application.ports.event_store import (
    AppendOutcomeUnknown,
    EventStoreError,
    NewEvent,
    Position,
    StreamAppender,
    StreamReader,
    WrongExpectedRevision,
    stored_size,
)
from application.snapshots.history import StreamHistory
from application.snapshots.steps import gently
from application.snapshots.taker import SnapshotTaker
from application.watching.work import Work
from domain.decider import Decider, foreseen, settling, steps
from domain.rejections import Rejected

State = TypeVar("State")
Command = TypeVar("Command")
Event = TypeVar("Event", bound=DomainEvent)

DRAINED_AT_ONCE = 512
"""How many commands one append takes: bounds how long the first of them waits for the last."""

APPEND_BYTES = 900_000
"""How many bytes go into one append: event stores take at most 1 MiB."""

MAILBOX = 50_000
"""How many commands may wait before callers are told to come back."""

TURNS = 8
"""How often everything else in the event loop has its turn before the next commands are taken.

While little goes on that takes microseconds. Under load it takes as long as the load makes it, and the
commands that come meanwhile go into one append: that saves a tenth of the processor's time for each order.
"""

IN_A_ROW = 500
"""How many events are decided, or encoded, before others have their turn: an order may cause any number."""

UNSEEN_S = 5.0
"""How long a stream may hold events that no read shows before those who wait are told."""

ONE_BY_ONE = 256
"""How many commands are taken one by one after a lost race."""


class Overloaded(Exception):
    """Too many commands wait for this stream. Nothing was done; try again later."""


class StreamOwner(Generic[State, Command, Event]):
    """Hosts one aggregate. Use it from one event loop."""

    def __init__(
        self,
        stream: str,
        decider: Decider[State, Command, Event],
        *,
        history: StreamHistory[State, Command, Event],
        taker: SnapshotTaker[State] | None,
        reader: StreamReader,
        appender: StreamAppender,
        codec: EventCodec,
        clock: Clock,
        health: Health | None = None,
    ) -> None:
        self.stream = stream
        self.work = Work()
        self._decider = decider
        self._known: KnownStream[State, Command, Event] = KnownStream(
            stream,
            decider,
            history=history,
            taker=taker,
            reader=reader,
            codec=codec,
            clock=clock,
            health=health or Health(),
        )
        self._appender = appender
        self._codec = codec
        self._mailbox: deque[Letter[Command, Event]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._in_hand: deque[Letter[Command, Event]] = deque()
        self._handling = False
        self._closing = False
        self._open: AppendOutcomeUnknown | None = None
        self._decided_us = 0
        self._one_by_one = 0
        self._untouched = False
        self._in_a_row = 0

    def ask(
        self,
        command: Command | Callable[[int], Command],
        *,
        command_id: UUID,
        correlation_id: UUID | None = None,
        shared: bool = False,
    ) -> "asyncio.Future[Decision[Event]]":
        """Have a command decided; the answer says what became of it, once that is durable.

        A command that is a function is given the time of the decision. The same ``command_id`` again has
        the first decision for an answer. That nothing is to be done, or that the command is refused, is
        answered on a state that was the log's after it was asked; the id of a ``shared`` command is one that
        other processes use for the same. The answer is the store's error when the outcome could not be made
        durable. A caller that gives up takes only the answer with it, not the command. While it is not
        known for long what became of an append, everything is answered so: it may be asked for again.
        Raises :class:`Overloaded`.
        """
        return self._post(command, command_id, correlation_id or command_id, shared=shared)

    async def state(self) -> State:
        """Return the present state, loading it if need be. Look, but do not touch."""
        while (state := self.loaded) is None:
            # It may be dropped again between being loaded and our being told.
            await self._post(None, BY_ITSELF, BY_ITSELF)
        return state

    async def present(self) -> State:
        """Return a state that was the log's at some moment after this call, whoever wrote it.

        What is in memory may be behind another process: nothing is refused on it without having asked this.
        """
        answer: asyncio.Future[Decision[Event]] = self._post(None, BY_ITSELF, BY_ITSELF, looks=True)
        await answer
        return await self.state()

    async def state_after(self, revision: int) -> State:
        """Return a state that knows the event at ``revision``, be it written here or by another process."""
        while True:
            state = await self.state()
            if self._known.tip.revision >= revision:
                return state
            if self._handling:
                await self._post(None, BY_ITSELF, BY_ITSELF)
            else:
                self._known.forget()

    @property
    def loaded(self) -> State | None:
        """The present state, or ``None`` while it is not in memory, or not known to be the log's."""
        return self._known.state if self._open is None else None

    @property
    def position(self) -> Position:
        """Where the stream's last known event stands in the log."""
        return self._known.tip.position

    @property
    def waiting(self) -> int:
        """How many commands nobody has taken in hand yet."""
        return len(self._mailbox)

    @property
    def idle(self) -> bool:
        """Whether nothing waits here."""
        return not self._handling and not self._mailbox

    def wake(self) -> None:
        """Let the aggregate do what it has to do by itself by now.

        What is not in memory, because the store failed when it was last needed, is loaded to see.
        """
        state, now = self._known.state, self._known.now_us()
        if self.idle and (state is None or self._decider.react(state, now) is not None):
            self._post(None, BY_ITSELF, BY_ITSELF).add_done_callback(consume)

    async def drain(self) -> None:
        """Finish what waits in the mailbox. What became of an append that is open stays unknown."""
        self._closing = True
        if self._worker is not None:
            await asyncio.wait([self._worker])

    async def close(self) -> None:
        """Finish what waits in the mailbox, and what is to be kept for the next start."""
        await self.drain()
        await self._known.close()

    def _post(
        self,
        command: Command | Callable[[int], Command] | None,
        command_id: UUID,
        correlation_id: UUID,
        *,
        shared: bool = False,
        looks: bool = False,
    ) -> "asyncio.Future[Decision[Event]]":
        if len(self._mailbox) >= MAILBOX:
            raise Overloaded(f"{MAILBOX} commands wait for {self.stream}; try again later")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Decision[Event]] = loop.create_future()
        if self._open is not None:
            answer.set_exception(self._unknown())
            return answer
        self._mailbox.append(Letter(command, command_id, correlation_id, answer, shared, looks))
        if self._worker is None:
            self._worker = loop.create_task(self._work(), name=f"owner of {self.stream}")
        return answer

    async def _work(self) -> None:
        try:
            while self._mailbox:
                letters = [self._mailbox.popleft() for _ in range(min(len(self._mailbox), DRAINED_AT_ONCE))]
                self._handling = True
                await self._handle(letters)
                self._handling = False
                self._known.consider_snapshot()
                for _ in range(TURNS):
                    await asyncio.sleep(0)
        finally:
            self._worker, self._handling = None, False

    async def _handle(self, letters: list[Letter[Command, Event]]) -> None:
        """Decide and append; whatever goes wrong, every letter gets an answer."""
        waiting = self._in_hand = deque(letters)
        self._known.up_to_date = False
        while waiting:
            self._untouched = False
            try:
                if self._one_by_one:
                    await self._attempt_first(waiting)
                    self._one_by_one -= 1
                else:
                    await self._attempt(waiting)
            except WrongExpectedRevision as error:
                if not self._untouched:
                    self._known.forget()
                self._one_by_one = ONE_BY_ONE
                self._forget_those_told(waiting)
                await self._until_seen(error, waiting)
            except EventStoreError as error:
                self._known.forget()
                fail_all(waiting, error)
            except Exception as error:  # noqa: BLE001  # a fault in one command must not stop the others
                self._known.forget()
                waiting.popleft().fail(error)
            except asyncio.CancelledError:
                # The state may be ahead of the log: nobody may build upon it, or keep it as a snapshot.
                self._known.forget()
                raise
            finally:
                self._open = None

    async def _until_seen(
        self, refused: WrongExpectedRevision, waiting: deque[Letter[Command, Event]]
    ) -> None:
        """Load the state again, and wait while the log does not show what an append was refused for.

        A leader without followers holds events that it does not show. They may be there to stay, or not.
        """
        pauses, until = Pauses(), asyncio.get_running_loop().time() + UNSEEN_S
        while waiting:
            try:
                await self._known.catch_up()
            except Exception as error:  # noqa: BLE001  # whoever waits must hear of every fault
                self._known.forget()
                fail_all(waiting, error)
                return
            if self._known.tip.revision != refused.expected:
                return
            if self._closing or asyncio.get_running_loop().time() >= until:
                self._known.forget()
                fail_all(waiting, self._unknown())
                return
            await pauses.rest()

    def _unknown(self) -> AppendOutcomeUnknown:
        return AppendOutcomeUnknown(
            f"{self.stream}: it is not known yet what became of an append; ask again later"
        )

    def _tell_all(self, unknown: AppendOutcomeUnknown) -> None:
        """Tell everybody who waits that nobody knows; what is decided stays as it is."""
        self._open = unknown
        for letter in self._in_hand:
            letter.told = not letter.answer.done()
            letter.fail(unknown)
        fail_all(self._mailbox, self._unknown())

    def _forget_those_told(self, waiting: deque[Letter[Command, Event]]) -> None:
        # Their callers know that it may never be, and may have asked for it again: it is not to come later.
        kept = [letter for letter in waiting if not letter.told]
        waiting.clear()
        waiting.extend(kept)

    async def _attempt(self, waiting: deque[Letter[Command, Event]]) -> None:
        await self._known.load()
        if any(letter.command is not None for letter in waiting):
            await self._known.recall()
        letters = list(waiting)
        decided = await gently(self._decided(letters, waiting))
        self._untouched = not any(decided)
        if not self._known.up_to_date and any(letter.without_trace for letter in letters):
            await self._prove(letters, decided)
        self._untouched = False
        await self._append_all(letters, decided, waiting)

    async def _append_all(
        self,
        letters: list[Letter[Command, Event]],
        decided: list[list[NewEvent]],
        waiting: deque[Letter[Command, Event]],
    ) -> None:
        """Append what was decided, in as many calls as it takes; a command's events stay together.

        Half of them must never be all that is known. Where they are too many for one call and a later one
        is refused, nobody may be told that nothing was done.
        """
        batch: list[Letter[Command, Event]] = []
        new: list[NewEvent] = []
        size, begun = 0, False
        try:
            for letter, encoded in zip(letters, decided, strict=True):
                if size + sum(map(stored_size, encoded)) > APPEND_BYTES:
                    await self._append(new, batch, waiting)
                    batch, new, size, begun = [], [], 0, False
                for event in encoded:
                    size += stored_size(event)
                    if size > APPEND_BYTES:
                        await self._append(new, batch, waiting)
                        batch, begun = [], begun or bool(new)
                        new, size = [], stored_size(event)
                    new.append(event)
                batch.append(letter)
            await self._append(new, batch, waiting)
        except WrongExpectedRevision:
            raise
        except EventStoreError as error:
            if begun:
                raise self._unknown() from error
            raise

    async def _attempt_first(self, waiting: deque[Letter[Command, Event]]) -> None:
        """Decide the first command only, and apply what follows from it once it is in the log.

        To lose a race for the next revision then costs no more than to read what the others have written.
        Whoever had to load everything again would lose the next one too.
        """
        state = await self._known.load()
        await self._known.recall()
        letter, now = waiting[0], self._known.now_us()
        command = letter.command(now) if callable(letter.command) else letter.command
        if (
            command is None
            or self._known.recent.get(letter.command_id) is not None
            or self._decider.react(state, now) is not None
        ):
            await self._attempt(deque([letter]))
            waiting.popleft()
            return
        began = perf_counter()
        letter.events, letter.rejected = foreseen(self._decider, state, command)
        self.work.decided(1, perf_counter() - began)
        self._untouched, self._decided_us, letter.at_us = True, now, now
        if letter.without_trace and not self._known.up_to_date:
            await self._known.read_on()
        cause = Cause(command_id=letter.command_id, correlation_id=letter.correlation_id, at_us=now)
        await self._write(await gently(self._encode(letter, cause)))
        self._untouched = False
        for event in letter.events:
            self._decider.evolve(state, event)
        try:
            if letter.events and self._decider.react(state, now) is not None:
                await self._attempt(deque([by_itself()]))
        finally:
            self._answer(letter)
            waiting.popleft()

    async def _prove(self, letters: list[Letter[Command, Event]], decided: list[list[NewEvent]]) -> None:
        """See to it that what was decided without a trace was decided on the log as it is.

        The append that follows is the proof, if it is one, and if nobody else can have made it already.
        """
        own = any(encoded and not letter.shared for letter, encoded in zip(letters, decided, strict=True))
        if not own or sum(map(stored_size, chain.from_iterable(decided))) > APPEND_BYTES:
            await self._known.read_on()

    def _decided(
        self, letters: list[Letter[Command, Event]], waiting: deque[Letter[Command, Event]]
    ) -> Generator[None, None, list[list[NewEvent]]]:
        """Decide all letters, then encode what they caused: each goes quicker in one go."""
        causes: list[Cause | None] = []
        first_with: dict[int, Letter[Command, Event]] = {}
        letter, began = letters[0], perf_counter()
        try:
            for letter in letters:
                first = first_with.setdefault(letter.command_id.int, letter)
                known = self._known.recent.get(letter.command_id) if first is letter else first
                if known is not None:
                    letter.events, letter.rejected, letter.at_us = known.events, known.rejected, known.at_us
                    causes.append(None)
                    continue
                now = self._known.now_us()
                letter.events, letter.rejected, letter.at_us = [], None, now
                for step in self._steps(letter.command, now):
                    if isinstance(step, Rejected):
                        letter.rejected = step
                    else:
                        letter.events += step
                        if self._enough(len(step)):
                            yield
                causes.append(self._cause(letter, now))
            self.work.decided(len(letters), perf_counter() - began)
            encoded = []
            for letter, cause in zip(letters, causes, strict=True):
                encoded.append((yield from self._encode(letter, cause)) if cause else [])
        except Exception:
            # The culprit goes first; the others are decided again without it.
            waiting.remove(letter)
            waiting.appendleft(letter)
            raise
        return encoded

    def _steps(
        self, command: Command | Callable[[int], Command] | None, now_us: int
    ) -> Iterator[Sequence[Event] | Rejected]:
        state = self._known.state
        assert state is not None
        if command is None:
            return settling(self._decider, state, now_us)
        return steps(self._decider, state, command(now_us) if callable(command) else command, now_us)

    def _cause(self, letter: Letter[Command, Event], now_us: int) -> Cause | None:
        """Return the cause of a letter's new events, if it has any."""
        if not letter.events:
            return None
        self._decided_us, command_id = now_us, letter.command_id
        if letter.rejected is not None or letter.command is None:
            # The events are not the command's: the aggregate did by itself what had come due.
            revision = self._known.tip.revision
            command_id = derived_id(BY_ITSELF, f"{self.stream} {revision} {command_id} {now_us}")
        return Cause(command_id=command_id, correlation_id=letter.correlation_id, at_us=now_us)

    def _encode(self, letter: Letter[Command, Event], cause: Cause) -> Generator[None, None, list[NewEvent]]:
        encoded: list[NewEvent] = []
        for event, event_id in zip(letter.events, event_ids(cause.command_id), strict=False):
            encoded.append(self._codec.encode(event, event_id, cause))
            if self._enough(1):
                yield
        return encoded

    def _enough(self, events: int) -> bool:
        """Return whether so much was done in a row that others have their turn."""
        self._in_a_row += events
        if self._in_a_row < IN_A_ROW:
            return False
        self._in_a_row = 0
        return True

    async def _append(
        self,
        new: list[NewEvent],
        batch: list[Letter[Command, Event]],
        waiting: deque[Letter[Command, Event]],
    ) -> None:
        await self._write(new)
        for letter in batch:
            self._answer(letter)
            waiting.popleft()

    async def _write(self, new: list[NewEvent]) -> None:
        if not new:
            return
        durable = await appended(
            self._appender,
            self.stream,
            new,
            expected=self._known.tip.revision,
            overdue=self._tell_all,
            given_up=lambda: self._closing,
        )
        self._known.ends(durable, event_id=new[-1].id, at_us=self._decided_us)

    def _answer(self, letter: Letter[Command, Event]) -> None:
        decision = Decision(
            events=letter.events,
            position=self._known.tip.position,
            at_us=letter.at_us,
            rejected=letter.rejected,
        )
        if letter.rejected is None and letter.command is not None:
            decision = self._known.recent.add(letter.command_id, decision)
        if not letter.answer.done():
            letter.answer.set_result(decision)
