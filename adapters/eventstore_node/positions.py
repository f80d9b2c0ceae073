"""Positions as clients see them: with gaps, as EventStoreDB's have.

A position is where an event stands, and nothing can be computed from it: the next one, above all, is none.
"""

from adapters.eventstore_node.calls import CallRefused, Status
from application.ports.event_store import Position

GAP = 64


def shown(position: int) -> int:
    """Return a position of the log as clients see it."""
    return position * GAP


def asked(value: int, head: Position, *, filtered: bool) -> Position:
    """Return the position that a client names, or refuse one at which there is no event."""
    position, rest = divmod(value, GAP)
    if rest or position > head:
        kind = "FilteredReadAllResult" if filtered else "ReadAllResult"
        raise CallRefused(Status.UNKNOWN, f"Unexpected {kind}: InvalidPosition")
    return Position(position)
