"""Rows of the SQLite log as events."""

from application.ids import uuid_of
from application.ports.event_store import Position, RecordedEvent

EventRow = tuple[int, str, int, str, bytes, int, bytes, bytes]


def recorded_event(row: EventRow) -> RecordedEvent:
    """Make an event of the columns of ``SELECT_EVENTS``."""
    position, stream, revision, event_type, event_id, recorded_at_us, metadata, data = row
    return RecordedEvent(
        id=uuid_of(int.from_bytes(event_id, "big")),
        type=event_type,
        data=data,
        metadata=metadata,
        stream=stream,
        revision=revision,
        position=Position(position),
        recorded_at_us=recorded_at_us,
    )
