"""What an engine does when streams come to it or go: nothing is settled twice, and nothing is left out.

Accounts are told of their orders in the same way: up to the hand-over by whoever had them, from there on by
whoever has them.

Each engine books what markets decided in the ledgers that it owns. Whoever hands over has booked all that
came before the change; so whoever gets something goes on from there, or from the beginning of the log if
nobody has handed over. Both are places in the log, the same for everybody who reads it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from application.cluster.membership import Change, change, handing_over
from application.cluster.placement import Placement
from application.exchange import Exchange
from application.log.landmarks import Landmark, landmark_of
from application.ports.checkpoints import Checkpoints
from application.ports.clock import Clock
from application.ports.codec import EventCodec
from application.ports.event_store import EventStore, EventStoreError
from application.processes.runner import CHECKPOINT
from application.streams import EXCHANGE
from domain.cluster import ClusterState, EngineHandedOver, EngineJoined, EngineLeft, evolve

log = logging.getLogger(__name__)

SEEN = "cluster"
"""The checkpoint of the changes that this engine has drawn its conclusions from."""

LOOK_S = 0.1
TOLD_WITHIN_S = 5.0
"""How long the last notices may take while nobody is answered about what goes; then it is tried again."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A change after which everything is with its owner. ``lost``: some of it was not handed over."""

    begun: Change
    ended: Change
    lost: bool

    def brings(self, engine: str) -> bool:
        """Return whether an engine may have got something by it."""
        event = self.begun.event
        if isinstance(event, EngineJoined):
            return event.engine == engine
        return event.engine != engine


def completed(changes: Sequence[Change]) -> Iterator[Completed]:
    """Yield the changes that have come to their end, in order."""
    state, begun, lost = ClusterState(), None, False
    for each in changes:
        evolve(state, each.event)
        if isinstance(each.event, EngineJoined | EngineLeft):
            begun, lost = each, False
        elif isinstance(each.event, EngineHandedOver):
            lost |= each.event.lost
        if not state.owing and begun is not None:
            yield Completed(begun, each, lost)
            begun = None


class Desk(Protocol):
    """Where others ask this engine."""

    handing_over: bool
    """Whether it sends away whoever asks for what is about to go."""


class Notices(Protocol):
    """Who tells accounts of their orders, as :class:`application.notices.telling.Telling` does."""

    async def begin_at(self, landmark: Landmark) -> None:
        """Begin at an event of the log, unless it is known where it was left off."""
        ...

    async def catch_up(self) -> None:
        """Wait until all that is in the log now was taken by the receivers."""
        ...


class Succession:
    """Follows what comes to one engine and what goes."""

    def __init__(
        self,
        engine: str,
        placement: Placement,
        exchange: Exchange,
        desk: Desk,
        notices: Notices,
        *,
        unsent: Callable[[], int],
        store: EventStore,
        codec: EventCodec,
        clock: Clock,
        checkpoints: Checkpoints,
    ) -> None:
        self.over = asyncio.Event()
        """Set once the engine was removed, has handed over everything, and has sent what it had to tell."""
        self._engine = engine
        self._placement = placement
        self._exchange = exchange
        self._desk = desk
        self._notices = notices
        self._unsent = unsent
        self._store = store
        self._codec = codec
        self._clock = clock
        self._checkpoints = checkpoints
        self._seen = -1
        placement.unprepared = self._unprepared

    def _unprepared(self) -> bool:
        return any(True for _ in self._gains())

    async def prepare(self) -> None:
        """See to it that the processes begin where they have to. To be called before they are started."""
        seen = await self._checkpoints.load(SEEN)
        self._seen = seen.revision if seen else -1
        known = await self._checkpoints.load(CHECKPOINT)
        joined = await self._joined()
        if known is None:
            self._seen, known = -1, joined
        if joined is not None:
            await self._notices.begin_at(joined)
        for gain in self._gains():
            begin = await self._since(gain)
            if known is not None and begin.position < known.position:
                known = begin
        if known is not None:
            await self._checkpoints.save(CHECKPOINT, known)
        self._conclude(list(completed(self._placement.membership.changes)))
        await self._note()

    async def run(self) -> None:
        """Hand over what goes and take what comes, until cancelled."""
        while True:
            state = self._placement.membership.state
            if self._engine in state.owing:
                await self._hand_over()
            gains = list(self._gains())
            if gains:
                since = min([await self._since(gain) for gain in gains], key=lambda each: each.position)
                await self._exchange.processes.go_back(since, partial(self._conclude, gains))
                await self._note()
                await self._exchange.take_over()
                log.warning("engine %s has taken over what the log gives it", self._engine)
            if self._engine in state.left and not state.owing and not self._unsent():
                self.over.set()
            await asyncio.sleep(LOOK_S)

    async def _hand_over(self) -> None:
        """Finish all that was begun with what goes, and tell that it has gone."""
        await self._notices.catch_up()  # as long as it takes: meanwhile everybody is answered
        self._desk.handing_over = True
        try:
            await self._exchange.trading.close()
            await self._exchange.processes.catch_up()
            await self._exchange.directory.finish(lambda stream: not self._placement.stays(stream))
            await asyncio.wait_for(self._notices.catch_up(), TOLD_WITHIN_S)
            await change(self._store, self._codec, self._clock, handing_over(self._engine))
            await self._placement.membership.look()
        except (EventStoreError, TimeoutError) as error:
            log.warning("the hand-over waits: %r", error)
        finally:
            self._desk.handing_over = False

    async def _joined(self) -> Landmark | None:
        """Return where an engine begins that knows nothing: where it joined, if others were there before."""
        state = ClusterState()
        for each in self._placement.membership.changes:
            if each.event == EngineJoined(engine=self._engine):
                return each.landmark if state.members else None
            evolve(state, each.event)
        return None

    def _gains(self) -> Iterator[Completed]:
        for each in completed(self._placement.membership.changes):
            if each.ended.landmark.revision > self._seen and each.brings(self._engine):
                yield each

    async def _since(self, gain: Completed) -> Landmark:
        """Return up to where everything that has come was seen to."""
        if not gain.lost:
            return gain.begun.landmark
        async for page in self._store.read_stream(EXCHANGE, limit=1):
            return landmark_of(page[0])
        raise EventStoreError("the log does not begin with an exchange")

    def _conclude(self, changes: Sequence[Completed]) -> None:
        self._seen = max([self._seen, *(each.ended.landmark.revision for each in changes)])
        self._placement.prepare()

    async def _note(self) -> None:
        """Remember from which changes the conclusions are drawn."""
        drawn = [each for each in self._placement.membership.changes if each.landmark.revision <= self._seen]
        if drawn:
            await self._checkpoints.save(SEEN, drawn[-1].landmark)
