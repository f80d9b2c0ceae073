"""Following whole streams: a gap in their revisions is noticed, told, and read again.

A subscription promises every event once. If a store breaks that, a fill that nobody books would be missing
for good; but revisions have no gaps, so a follower of whole streams can tell. It is the second line of
defence, behind the store's own promise.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from operator import attrgetter
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


Late = Callable[[Sequence[RecordedEvent]], Awaitable[None]]
"""Takes events that others were given out after."""


class FollowedLog(StreamReader, LogReader, LogSubscriber, Protocol):
    """A log that can be read and followed."""


class EventsMissing(EventStoreError):
    """The log itself does not give some events of a stream; the message says which."""


async def followed(
    log: FollowedLog,
    *,
    after: Position,
    matching: Filter,
    health: Health,
    part: str,
    late: Late | None = None,
) -> AsyncGenerator[Page, None]:
    """Subscribe to whole streams, and yield pages in which no revision is missing.

    ``matching`` names streams only. What was missing is read from the log once more. If later events of other
    streams were given out already, it comes in a page of its own, or to ``late``: in the order of its stream,
    but not of the log. If it is missing in the log too, :class:`EventsMissing` is raised and nothing past it
    is given out.
    """
    seen = _Revisions(log, after)
    async with aclosing(log.subscribe(after=after, matching=matching)) as pages:
        async for page in pages:
            fresh = seen.fresh(page.events)
            gap = await seen.gap(fresh)
            if gap is not None:
                health.report(part, Trouble.EVENTS_MISSING, f"{gap} not delivered: read from the log again")
                behind = await seen.behind(fresh)
                if behind and late is not None:
                    await late(behind)
                elif behind:
                    yield Page(events=behind, position=seen.position)
                seen.note(behind, seen.position)
                gap = await seen.gap(fresh)
            if gap is None:
                seen.note(fresh, page.position)
                yield page
                if fresh:
                    health.clear(part, Trouble.EVENTS_MISSING)
                continue
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
        for stream, first, last in await self._gaps(events):
            return f"{stream}: revisions {first} to {last} were"
        return None

    async def behind(self, events: Sequence[RecordedEvent]) -> Sequence[RecordedEvent]:
        """Return what is missing before some events and stands before what was given out last."""
        found: list[RecordedEvent] = []
        for stream, first, last in await self._gaps(events):
            async for page in self._log.read_stream(stream, from_revision=first, limit=last - first + 1):
                found += [event for event in page if event.position <= self.position]
        return sorted(found, key=attrgetter("position"))

    async def _gaps(self, events: Sequence[RecordedEvent]) -> list[tuple[str, int, int]]:
        known: dict[str, int] = {}
        gaps: list[tuple[str, int, int]] = []
        for event in events:
            stream = event.stream
            last = known[stream] if stream in known else self._last.get(stream)
            if last is None:
                last = await self._before(event)
            if event.revision > last + 1:
                gaps.append((stream, last + 1, event.revision - 1))
            known[stream] = max(last, event.revision)
        return gaps

    def note(self, events: Sequence[RecordedEvent], position: Position) -> None:
        """Take note of what was given out."""
        if len(self._last) > STREAMS_KEPT:
            self._last.clear()
            self._since = self.position
        for event in events:
            self._last[event.stream] = max(event.revision, self._last.get(event.stream, -1))
        self.position = max(self.position, position)

    async def _before(self, event: RecordedEvent) -> int:
        """Return the last revision of a stream before it was followed: all later ones have to come."""
        lowest = event.revision
        while lowest > 0:
            earlier = await self._at(event.stream, lowest - 1)
            if earlier is not None and earlier.position <= self._since:
                break
            lowest -= 1
        return lowest - 1

    async def _at(self, stream: str, revision: int) -> RecordedEvent | None:
        async for page in self._log.read_stream(stream, from_revision=revision, limit=1):
            return page[0]
        return None
