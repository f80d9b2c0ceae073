"""What every store checks before it takes an append, so that all of them refuse the same things."""

from collections.abc import Sequence

from application.ports.event_store import (
    NO_STREAM,
    AppendTooLarge,
    NewEvent,
    StoreUnavailable,
    WrongExpectedRevision,
)

MAX_APPEND_BYTES = 1024 * 1024
"""EventStoreDB's own limit, which the other stores keep too."""


def append_size_bytes(events: Sequence[NewEvent]) -> int:
    """Return the size of an append as EventStoreDB counts it: data, metadata, and types in UTF-16."""
    return sum(len(event.data) + len(event.metadata) + 2 * len(event.type) for event in events)


def check_append(stream: str, events: Sequence[NewEvent], expected: int) -> int:
    """Return the size in bytes; raise when the append is malformed or larger than a store accepts."""
    if not stream or not events or expected < NO_STREAM:
        raise ValueError(f"not an append: stream {stream!r}, {len(events)} events, expected {expected}")
    for name in (stream, *[event.type for event in events]):
        if not name.isascii():
            # Raises for what is not text, before it could fail the appends of others.
            name.encode()
    size_bytes = append_size_bytes(events)
    if size_bytes > MAX_APPEND_BYTES:
        raise AppendTooLarge(f"stream {stream}: {size_bytes} bytes in one append, at most {MAX_APPEND_BYTES}")
    return size_bytes


def refuse_unless_repeated(
    stream: str, *, expected: int, current: int, stored_ids: Sequence[object], ids: Sequence[object]
) -> None:
    """Raise unless the slots after ``expected`` hold exactly these ids: then it is the same append again."""
    if expected > current or list(stored_ids) != list(ids):
        raise WrongExpectedRevision(stream, expected=expected, current=current)


def store_closed() -> StoreUnavailable:
    """Return the error of every call on a closed store."""
    return StoreUnavailable("the event store is closed")
