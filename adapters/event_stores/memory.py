"""An event store in memory: for tests, simulations and throw-away exchanges."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

from adapters.event_stores.append_rules import check_append, refuse_unless_repeated, store_closed
from adapters.event_stores.clock import wall_clock_us
from adapters.event_stores.embedded.wakeups import Wakeups
from adapters.event_stores.filtering import admits
from application.ports.event_store import (
    START,
    Appended,
    Filter,
    NewEvent,
    Page,
    Position,
    RecordedEvent,
)

PAGE_EVENTS = 500


class MemoryEventStore:
    """Keeps the log in a list. ``now_us`` stamps the events, so that a simulation can own the time."""

    def __init__(self, *, now_us: Callable[[], int] = wall_clock_us) -> None:
        self._now_us = now_us
        self._log: list[RecordedEvent] = []
        self._streams: dict[str, list[RecordedEvent]] = {}
        self._wakeups = Wakeups()
        self._closed = False

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        """Append all events or none."""
        check_append(stream, events, expected)
        self._check_open()
        stored = self._streams.get(stream, [])
        current = len(stored) - 1
        if expected != current:
            return _original_answer(stream, stored, events, expected)
        recorded = self._record(stream, events, expected)
        self._streams.setdefault(stream, stored).extend(recorded)
        self._log.extend(recorded)
        self._wakeups.wake()
        return _answer(recorded[-1])

    async def read_stream(
        self, stream: str, *, from_revision: int = 0, backwards: bool = False, limit: int | None = None
    ) -> AsyncIterator[Sequence[RecordedEvent]]:
        """Yield pages of one stream."""
        self._check_open()
        stored = self._streams.get(stream, [])
        if backwards:
            end = len(stored) if from_revision < 0 else from_revision + 1
            wanted = stored[:end][::-1]
        else:
            wanted = stored[max(from_revision, 0) :]
        for page in _in_pages(wanted[:limit]):
            yield page

    async def read_all(
        self,
        *,
        after: Position = START,
        backwards: bool = False,
        limit: int | None = None,
        matching: Filter = Filter(),
        system: bool = False,
    ) -> AsyncIterator[Page]:
        """Yield pages of the whole log up to its present end."""
        self._check_open()
        if backwards:
            end = after - 1 if after > START else len(self._log)
            considered = self._log[:end][::-1]
        else:
            considered = self._log[after:]
        wanted = [e for e in considered if admits(matching, e.stream, e.type, system=system)]
        for page in _in_pages(wanted[:limit]):
            yield Page(events=page, position=page[-1].position)

    async def head(self) -> Position:
        """Return the position of the last event."""
        self._check_open()
        return Position(len(self._log))

    async def subscribe(
        self, *, after: Position = START, matching: Filter = Filter(), system: bool = False
    ) -> AsyncGenerator[Page, None]:
        """Yield pages after ``after``, then new ones as they come."""
        with self._wakeups.waiter() as woken:
            position, announced = after, False
            while True:
                self._check_open()
                woken.clear()
                considered = self._log[position : position + PAGE_EVENTS]
                if considered or not announced:
                    position = considered[-1].position if considered else position
                    announced = position >= len(self._log)
                    wanted = [e for e in considered if admits(matching, e.stream, e.type, system=system)]
                    yield Page(events=wanted, position=position, caught_up=announced)
                else:
                    await woken.wait()

    async def close(self) -> None:
        """Refuse further calls and end the subscriptions."""
        self._closed = True
        self._wakeups.wake()

    def _check_open(self) -> None:
        if self._closed:
            raise store_closed()

    def _record(self, stream: str, events: Sequence[NewEvent], expected: int) -> list[RecordedEvent]:
        head = len(self._log)
        last_us = self._log[-1].recorded_at_us if self._log else 0
        now_us = max(self._now_us(), last_us)
        return [
            RecordedEvent(
                id=event.id,
                type=event.type,
                data=event.data,
                metadata=event.metadata,
                stream=stream,
                revision=expected + offset,
                position=Position(head + offset),
                recorded_at_us=now_us,
            )
            for offset, event in enumerate(events, start=1)
        ]


def _original_answer(
    stream: str, stored: Sequence[RecordedEvent], events: Sequence[NewEvent], expected: int
) -> Appended:
    slots = stored[expected + 1 : expected + 1 + len(events)]
    refuse_unless_repeated(
        stream,
        expected=expected,
        current=len(stored) - 1,
        stored_ids=[event.id for event in slots],
        ids=[event.id for event in events],
    )
    return _answer(slots[-1])


def _answer(last: RecordedEvent) -> Appended:
    return Appended(revision=last.revision, position=last.position)


def _in_pages(events: Sequence[RecordedEvent]) -> Sequence[Sequence[RecordedEvent]]:
    return [events[start : start + PAGE_EVENTS] for start in range(0, len(events), PAGE_EVENTS)]
