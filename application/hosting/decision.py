"""What becomes of a command."""

from typing import Generic, TypeVar

from application.ports.event_store import Position
from domain.messages import Message
from domain.rejections import Rejected

Event = TypeVar("Event")


class Decision(Message, Generic[Event], frozen=True, kw_only=True):
    """The events a command caused, or why it was refused; decided at ``at_us``, durable at ``position``."""

    events: list[Event]
    position: Position
    at_us: int
    rejected: Rejected | None = None
