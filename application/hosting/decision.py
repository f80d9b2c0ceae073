"""What becomes of a command."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from application.ports.event_store import Position
from domain.construction import quickly_made
from domain.rejections import Rejected

Event = TypeVar("Event")


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Generic[Event]):
    """The events a command caused, or why it was refused; durable at ``position``."""

    events: list[Event]
    position: Position
    rejected: Rejected | None = None
