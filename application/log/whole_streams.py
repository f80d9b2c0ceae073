"""Following whole streams: a gap in their revisions is noticed, told, and read again.

A subscription promises every event once. If a store breaks that, a fill that nobody books would be missing
for good; but revisions have no gaps, so a follower of whole streams can tell. It is the second line of
defence, behind the store's own promise.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Protocol

from application.health import Health, Trouble
from application.ports.event_store import (
    EventStoreError,
    Filter,
    LogReader,
    LogSubscriber,
    Page,
    Position,
    RecordedEvent,
    StreamReader,
)

STREAMS_KEPT = 200_000
"""Of how many streams the last revision is remembered; then they are learnt anew."""


class FollowedLog(StreamReader, LogReader, LogSubscriber, Protocol):
    """A log that can be read and followed."""


class EventsMissing(EventStoreError):
    """The log itself does not give some events of a stream; the message says which."""


async def followed(
    log: FollowedLog, *, after: Position, matching: Filter, health: Health, part: str
) -> AsyncGenerator[Page, None]:
    """Subscribe to whole streams, and yield pages in which no revision is missing.

    ``matching`` names streams only. What was missing is read from the log once more; if it is missing there
    too, :class:`EventsMissing` is raised and nothing past it is given out.
    """
    seen = _Revisions(log, after)
    async with aclosing(log.subscribe(after=after, matching=matching)) as pages:
        async for page in pages:
            fresh = seen.fresh(page.events)
            gap = await seen.gap(fresh)
            if gap is None:
                seen.note(fresh, page.position)
                yield page
                if fresh:
                    health.clear(part, Trouble.EVENTS_MISSING)
                continue
            health.report(part, Trouble.EVENTS_MISSING, f"{gap} not delivered: read from the log again")
            async for again in log.read_all(after=seen.position, matching=matching):
                gap = await seen.gap(again.events)
                if gap is not None:
                    raise EventsMissing(
                        f"{gap} not in the log, though later events are: nothing past them is taken in; "
                        "check the event store, and restore it from a backup if they are lost"
                    )
                seen.note(again.events, again.position)
                yield again
            health.clear(part, Trouble.EVENTS_MISSING)


class _Revisions:
    """The last revision of each stream, and up to where the log was followed."""

    def __init__(self, log: StreamReader, after: Position) -> None:
        self.position = after
        self._log = log
        self._since = after
        self._last: dict[str, int] = {}

    def fresh(self, events: Sequence[RecordedEvent]) -> Sequence[RecordedEvent]:
        """Return the events that did not come before."""
        if not events or events[0].position > self.position:
            return events
        return [event for event in events if event.position > self.position]

    async def gap(self, events: Sequence[RecordedEvent]) -> str | None:
        """Return what is missing before or between some events."""
        known: dict[str, int] = {}
        for event in events:
            stream = event.stream
            last = known[stream] if stream in known else self._last.get(stream)
            if last is None:
                last = await self._before(event)
            if event.revision > last + 1:
                return f"{stream}: revisions {last + 1} to {event.revision - 1} were"
            known[stream] = max(last, event.revision)
        return None

    def note(self, events: Sequence[RecordedEvent], position: Position) -> None:
        """Take note of what was given out."""
        if len(self._last) > STREAMS_KEPT:
            self._last.clear()
            self._since = self.position
        for event in events:
            self._last[event.stream] = event.revision
        self.position = max(self.position, position)

    async def _before(self, event: RecordedEvent) -> int:
        """Return the last revision of a stream before it was followed: all later ones have to come."""
        lowest = event.revision
        while lowest > 0:
            earlier = await self._at(event.stream, lowest - 1)
            if earlier is None or earlier.position <= self._since:
                break
            lowest -= 1
        return lowest - 1

    async def _at(self, stream: str, revision: int) -> RecordedEvent | None:
        async for page in self._log.read_stream(stream, from_revision=revision, limit=1):
            return page[0]
        return None
