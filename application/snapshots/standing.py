"""A state, and where in its stream it stands."""

from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from application.events import DomainEvent, Recorded
from application.ports.event_store import NO_STREAM, START, Position

State = TypeVar("State")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """The last event of a stream, or of the part of it that was looked at."""

    revision: int
    position: Position
    event_id: UUID
    at_us: int


def tip_of(recorded: Recorded[DomainEvent]) -> Tip:
    """Return where an event leaves its stream."""
    return Tip(
        revision=recorded.revision,
        position=recorded.position,
        event_id=recorded.id,
        at_us=recorded.cause.at_us,
    )


BEFORE_ALL = Tip(revision=NO_STREAM, position=START, event_id=UUID(int=0), at_us=0)
"""Where a stream without events stands."""


@dataclass(slots=True, kw_only=True)
class Standing(Generic[State]):
    """A state and the event that left it so; ``kept`` is the revision of the last snapshot up to there."""

    state: State
    tip: Tip = BEFORE_ALL
    kept: int = NO_STREAM
