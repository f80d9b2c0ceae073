"""The tail of the log in memory: gapless and bounded."""

from uuid import UUID

import pytest

from adapters.event_stores.embedded import recent_events
from adapters.event_stores.embedded.recent_events import RecentEvents
from application.ports.event_store import Position, RecordedEvent


def events(first: int, last: int, size_bytes: int = 10) -> list[RecordedEvent]:
    return [
        RecordedEvent(
            id=UUID(int=position),
            type="Noted",
            data=b"x" * size_bytes,
            metadata=b"",
            stream="a",
            revision=position - 1,
            position=Position(position),
            recorded_at_us=0,
        )
        for position in range(first, last + 1)
    ]


def test_what_was_added_is_found_from_any_position_within() -> None:
    recent = RecentEvents(Position(10))
    recent.extend(events(11, 13))
    recent.extend(events(14, 20))
    assert recent.after(Position(10), 100) == events(11, 20)
    assert recent.after(Position(12), 3) == events(13, 15)
    assert recent.after(Position(20), 5) == []
    assert recent.head == 20


def test_what_came_before_is_not_claimed_to_be_known() -> None:
    recent = RecentEvents(Position(10))
    recent.extend(events(11, 13))
    assert recent.after(Position(9), 5) is None


def test_a_gap_begins_the_tail_anew() -> None:
    recent = RecentEvents(Position(10))
    recent.extend(events(11, 13))
    recent.extend(events(15, 16))
    assert recent.head == 16
    assert recent.after(Position(13), 5) is None
    assert recent.after(Position(16), 5) == []


@pytest.mark.parametrize("size_bytes", [10, recent_events.MAX_BYTES // 100])
def test_the_tail_is_bounded_in_events_and_bytes_and_stays_gapless(size_bytes: int) -> None:
    recent = RecentEvents(Position(0))
    for first in range(1, 10_000, 50):
        recent.extend(events(first, first + 49, size_bytes))
        assert len(recent._events) <= recent_events.MAX_EVENTS
        assert sum(len(event.data) for event in recent._events) <= recent_events.MAX_BYTES
    oldest = recent._events[0].position
    found = recent.after(Position(oldest - 1), 20_000)
    assert found is not None
    assert [event.position for event in found] == list(range(oldest, recent.head + 1))
    assert recent.after(Position(oldest - 2), 1) is None
