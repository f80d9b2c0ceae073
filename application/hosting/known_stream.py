"""What is known here of a stream, while other processes may go on with it."""

import logging
from typing import Generic, TypeVar
from uuid import UUID

from application.events import DomainEvent
from application.health import Health, Trouble
from application.hosting.recent import RecentDecisions, recall, remember
from application.ports.clock import Clock
from application.ports.codec import EventCodec
from application.ports.event_store import (
    NO_STREAM,
    Appended,
    EventStoreError,
    StreamReader,
    WrongExpectedRevision,
)
from application.snapshots.history import StreamHistory
from application.snapshots.standing import BEFORE_ALL, Tip, tip_of
from application.snapshots.taker import SnapshotTaker
from domain.decider import Decider

log = logging.getLogger(__name__)

State = TypeVar("State")
Command = TypeVar("Command")
Event = TypeVar("Event", bound=DomainEvent)

CLOSE_BEHIND = 20
"""How many events another writer may be ahead when an owner that lost a race decides again."""

AHEAD_S = 60
"""How far ahead of the clock here a stream may be dated untold: clocks differ by seconds."""


class KnownStream(Generic[State, Command, Event]):
    """A stream's state, where it ends, and what was decided of late, as far as anybody here knows.

    ``state`` is ``None`` while it is not in memory, or may be ahead of the log. ``up_to_date`` is for whoever
    asks: set to false, it becomes true again once the log was seen to hold no more than is known.
    """

    def __init__(
        self,
        stream: str,
        decider: Decider[State, Command, Event],
        *,
        history: StreamHistory[State, Command, Event],
        taker: SnapshotTaker[State] | None,
        reader: StreamReader,
        codec: EventCodec,
        clock: Clock,
        health: Health,
    ) -> None:
        self.state: State | None = None
        self.tip = BEFORE_ALL
        self.recent: RecentDecisions[Event] = RecentDecisions()
        self.up_to_date = False
        self._stream = stream
        self._decider = decider
        self._history = history
        self._taker = taker
        self._reader = reader
        self._codec = codec
        self._clock = clock
        self._health = health
        self._recalled = NO_STREAM
        self._told_ahead = False

    def now_us(self) -> int:
        """Return the time of a decision: never before that of the stream's last event, whoever wrote it."""
        return max(self._clock.now_us(), self.tip.at_us)

    def forget(self) -> None:
        """Take the state for unknown: it is read again when it is needed next."""
        self.state = None

    async def load(self) -> State:
        """Return the state, read from the log and its snapshots if it is not in memory."""
        if self.state is not None:
            return self.state
        try:
            standing = await self._history.latest()
        except EventStoreError:
            raise
        except Exception as error:
            self._health.report(
                self._stream,
                Trouble.STREAM_UNREADABLE,
                f"its events cannot be taken in, so it takes no commands ({type(error).__name__}: {error}): "
                "run `presage verify`; this goes on by itself once they can",
            )
            raise
        self._health.clear(self._stream, Trouble.STREAM_UNREADABLE)
        self.state, self.tip = standing.state, standing.tip
        self.up_to_date = True
        self._tell_if_ahead()
        if self._taker is not None:
            self._taker.begin(standing.kept)
        return standing.state

    async def recall(self) -> None:
        """Remember what was decided, by whomever, since this was last done."""
        if self._recalled == self.tip.revision:
            return
        await recall(
            self.recent,
            self._stream,
            self._reader,
            self._codec,
            after=self._recalled,
            revision=self.tip.revision,
        )
        self._recalled = self.tip.revision

    async def read_on(self) -> None:
        """Raise :class:`WrongExpectedRevision` if another process has written what is not known here."""
        after = self.tip.revision
        async for page in self._reader.read_stream(self._stream, from_revision=after + 1, limit=1):
            raise WrongExpectedRevision(self._stream, expected=after, current=page[0].revision)
        self.up_to_date = True

    async def catch_up(self) -> None:
        """Come so close behind another writer that there is a chance to be the next."""
        state = await self.load()
        await self.recall()
        behind = CLOSE_BEHIND + 1
        while behind > CLOSE_BEHIND:
            pages = self._reader.read_stream(self._stream, from_revision=self.tip.revision + 1)
            news = [self._codec.decode(stored) async for page in pages for stored in page]
            for recorded in news:
                event: Event = recorded.event  # type: ignore[assignment]  # the stream holds no others
                self._decider.evolve(state, event)
                self.tip = tip_of(recorded)
            remember(self.recent, news)
            self._recalled = self.tip.revision
            behind = len(news)
        self.up_to_date = True

    def ends(self, durable: Appended, *, event_id: UUID, at_us: int) -> None:
        """Take note of an append of one's own: where the stream ends now."""
        if self._recalled == self.tip.revision:
            self._recalled = durable.revision
        self.tip = Tip(revision=durable.revision, position=durable.position, event_id=event_id, at_us=at_us)

    def consider_snapshot(self) -> None:
        """Keep the state for a later start, if it is time."""
        if self._taker is None or self.state is None:
            return
        try:
            self._taker.consider(self.state, self.tip)
        except Exception:
            # It would only have made a later start shorter.
            log.exception("no snapshot of %s could be taken", self._stream)

    async def close(self) -> None:
        """Keep what is to be kept for the next start."""
        if self._taker is not None:
            await self._taker.close(self.state, self.tip)

    def _tell_if_ahead(self) -> None:
        ahead_s = (self.tip.at_us - self._clock.now_us()) // 1_000_000
        was_told, self._told_ahead = self._told_ahead, ahead_s > AHEAD_S
        if self._told_ahead and not was_told:
            log.warning(
                "%s: its last event is dated %d s later than the clock here, and its events get that time "
                "until the clock has caught up; one of the two clocks is wrong",
                self._stream,
                ahead_s,
            )
