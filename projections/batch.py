"""A page of the log made ready for projections: decoded, and cut to a size that commits quickly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from application.events import DomainEvent, Recorded
from application.ports.codec import EventCodec, UnreadableEvent
from application.ports.event_store import Page, Position, RecordedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An event that could not be decoded."""

    stored: RecordedEvent
    error: UnreadableEvent

    @property
    def position(self) -> Position:
        """Where it stands in the log."""
        return self.stored.position


Entry = Recorded[DomainEvent] | Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Consecutive events, and the position up to which the log holds no others."""

    entries: Sequence[Entry]
    position: Position
    caught_up: bool

    @property
    def at_us(self) -> int:
        """When the last event was decided, zero if there is none."""
        for entry in reversed(self.entries):
            if isinstance(entry, Recorded):
                return entry.cause.at_us
        return 0


def batches(page: Page, codec: EventCodec, size: int) -> Iterator[Batch]:
    """Yield a page in batches of at most ``size`` events; one without events for an empty page."""
    events = page.events
    for start in range(0, max(len(events), 1), size):
        part = events[start : start + size]
        last = start + size >= len(events)
        yield Batch(
            entries=[_decoded(event, codec) for event in part],
            position=page.position if last else part[-1].position,
            caught_up=page.caught_up and last,
        )


def _decoded(event: RecordedEvent, codec: EventCodec) -> Entry:
    try:
        return codec.decode(event)
    except UnreadableEvent as error:
        return Unreadable(stored=event, error=error)
