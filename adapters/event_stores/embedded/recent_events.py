"""The newest events of the log, kept in memory so that followers need not read the disk."""

from collections.abc import Sequence

from application.ports.event_store import Position, RecordedEvent

MAX_EVENTS = 16_384
MAX_BYTES = 16 * 1024 * 1024


class RecentEvents:
    """A gapless tail of the log, bounded in events and bytes.

    Whoever is further behind than the tail reads from the storage.
    """

    def __init__(self, head: Position) -> None:
        self._start = head
        self._events: list[RecordedEvent] = []
        self._bytes = 0
        self.head = head
        """The position of the last committed event."""

    def extend(self, events: Sequence[RecordedEvent]) -> None:
        """Add events that were committed."""
        if events[0].position != self.head + 1 or events[-1].position != self.head + len(events):
            self._events.clear()
            self._start = events[-1].position
        else:
            self._events.extend(events)
            self._bytes += _size_bytes(events)
        self.head = events[-1].position
        if len(self._events) > MAX_EVENTS or self._bytes > MAX_BYTES:
            self._forget_older_half()

    def after(self, position: Position, limit: int) -> Sequence[RecordedEvent] | None:
        """Return at most ``limit`` events after a position, or nothing when it lies before the tail."""
        if position < self._start:
            return None
        begin = position - self._start
        return self._events[begin : begin + limit]

    def _forget_older_half(self) -> None:
        dropped = (len(self._events) + 1) // 2
        self._start = self._events[dropped - 1].position
        del self._events[:dropped]
        self._bytes = _size_bytes(self._events)


def _size_bytes(events: Sequence[RecordedEvent]) -> int:
    return sum([len(event.data) + len(event.metadata) for event in events])
