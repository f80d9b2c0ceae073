"""Who shares the work, followed in the log, and how that is changed.

There is no memory of it but the stream ``cluster``: every process that has read so far knows the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid5

from application.events import Cause
from application.log.landmarks import Landmark, landmark_of
from application.ports.clock import Clock
from application.ports.codec import EventCodec
from application.ports.event_store import EventStore, StreamReader, WrongExpectedRevision
from application.streams import CLUSTER
from domain.cluster import ClusterEvent, ClusterState, EngineHandedOver, EngineJoined, EngineLeft, evolve

_CHANGES = UUID("5f0c6c52-3f0e-5b57-8a2d-2f6f0c9d7e31")

Decide = Callable[[ClusterState], ClusterEvent | None]


class MembershipRefused(Exception):
    """A change of the engines that cannot be made; ``code`` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to the engines, and where it stands in the log."""

    event: ClusterEvent
    landmark: Landmark


class Membership:
    """The engines as this process has last read of them."""

    def __init__(self, reader: StreamReader, codec: EventCodec) -> None:
        self.state = ClusterState()
        self.changes: list[Change] = []
        self._reader = reader
        self._codec = codec

    async def look(self) -> bool:
        """Take in what is new; return whether there was anything. Raises the store's errors."""
        before = self.state.revision
        async for page in self._reader.read_stream(CLUSTER, from_revision=before + 1):
            for stored in page:
                # Two may look at once: each event counts once.
                if stored.revision == self.state.revision + 1:
                    event: ClusterEvent = self._codec.decode(stored).event  # type: ignore[assignment]
                    evolve(self.state, event)
                    self.changes.append(Change(event, landmark_of(stored)))
        return self.state.revision > before


def joining(engine: str) -> Decide:
    """Return what makes an engine a member that begins, if it never was one.

    One that was removed has only to hand over what it still has.
    """

    def decide(state: ClusterState) -> ClusterEvent | None:
        if engine in state.members or engine in state.owing:
            return None
        if engine in state.left:
            raise MembershipRefused(
                "engine_removed", f"{engine} was removed: `presage cluster add {engine}` takes it in again"
            )
        _refuse_while_owing(state)
        return EngineJoined(engine=engine)

    return decide


def adding(engine: str) -> Decide:
    """Return what makes an engine a member that is none."""

    def decide(state: ClusterState) -> ClusterEvent | None:
        if engine in state.members:
            raise MembershipRefused("engine_exists", f"{engine} is a member already")
        _refuse_while_owing(state)
        return EngineJoined(engine=engine)

    return decide


def removing(engine: str) -> Decide:
    """Return what makes a member leave."""

    def decide(state: ClusterState) -> ClusterEvent | None:
        if engine not in state.members:
            raise MembershipRefused("unknown_engine", f"there is no engine {engine}")
        _refuse_while_owing(state)
        if len(state.members) == 1:
            raise MembershipRefused("last_engine", f"{engine} is the only one: nobody would own anything")
        return EngineLeft(engine=engine)

    return decide


def handing_over(engine: str, *, lost: bool = False) -> Decide:
    """Return what tells that an engine has given away what is not its own any more."""

    def decide(state: ClusterState) -> ClusterEvent | None:
        return EngineHandedOver(engine=engine, lost=lost) if engine in state.owing else None

    return decide


def _refuse_while_owing(state: ClusterState) -> None:
    if state.owing:
        raise MembershipRefused(
            "hand_over_under_way",
            f"{', '.join(sorted(state.owing))} has still to hand over what another change has taken from it: "
            "try again when it has; one that will never run again is removed with --lost",
        )


async def change(store: EventStore, codec: EventCodec, clock: Clock, decide: Decide) -> ClusterState:
    """Have the engines changed; return how they are then. Raises :class:`MembershipRefused`."""
    membership = Membership(store, codec)
    while True:
        await membership.look()
        event = decide(membership.state)
        if event is None:
            return membership.state
        revision = membership.state.revision
        command_id = uuid5(_CHANGES, f"{revision} {event!r}")
        cause = Cause(command_id=command_id, correlation_id=command_id, at_us=clock.now_us())
        new = codec.encode(event, uuid5(command_id, "0"), cause)
        try:
            await store.append(CLUSTER, [new], expected=revision)
        except WrongExpectedRevision:
            continue
        await membership.look()
        return membership.state
