"""Reads streams and the whole log as EventStoreDB's readers see them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from adapters.event_stores.clock import wall_clock_us
from adapters.eventstore_node.appender import StreamIsDeleted
from adapters.eventstore_node.engine import Engine
from adapters.eventstore_node.records import LINK_TYPE, Delivered, link_target
from adapters.eventstore_node.streams import Stream, Streams
from adapters.eventstore_node.system_streams import SystemStreams
from application.ports.event_store import RecordedEvent


class StreamNotFound(Exception):
    """There is no such stream, or it was deleted and may come back."""


@dataclass(frozen=True, slots=True)
class StreamRange:
    """What to read of a stream: from a revision on, inclusive; backwards, -1 is the end."""

    stream: str
    from_revision: int = 0
    backwards: bool = False
    limit: int | None = None
    resolve_links: bool = False


class Reader:
    """Reads what is durable. Truncated, expired and deleted events are not shown."""

    def __init__(self, engine: Engine, streams: Streams, system: SystemStreams) -> None:
        self._engine = engine
        self._streams = streams
        self._system = system

    async def read_stream(self, wanted: StreamRange) -> AsyncIterator[Sequence[Delivered]]:
        """Yield pages of a stream.

        Raises :class:`StreamNotFound` or :class:`StreamIsDeleted`.
        """
        if self._system.knows(wanted.stream):
            pages = self._system.read(
                wanted.stream, wanted.from_revision, backwards=wanted.backwards, limit=wanted.limit
            )
            found = False
            async for linked in pages:
                found = True
                yield [await self._through(link, target, wanted) for link, target in linked]
            if not found and await self._system.length(wanted.stream) == 0:
                raise StreamNotFound
            return
        async for page in self._read_visible(wanted):
            yield [await self.deliver(event, resolve_links=wanted.resolve_links) for event in page]

    async def deliver(self, event: RecordedEvent, *, resolve_links: bool) -> Delivered:
        """Return an event as it is sent: itself, or with a link followed to its target."""
        if not resolve_links or event.type != LINK_TYPE or (target := link_target(event)) is None:
            return Delivered(event)
        return Delivered(await self._visible_event(*target), event)

    async def check_not_tombstoned(self, name: str) -> None:
        """Raise when a stream was deleted for good."""
        if (await self._streams.get(name)).tombstoned:
            raise StreamIsDeleted(name)

    async def _through(self, link: RecordedEvent, target: RecordedEvent, wanted: StreamRange) -> Delivered:
        if not wanted.resolve_links:
            return Delivered(link)
        return Delivered(await self.visible(target), link)

    async def visible(self, event: RecordedEvent) -> RecordedEvent | None:
        """Return an event of the log unless its stream's readers would not see it."""
        stream = await self._streams.get_durable(event.stream)
        if not stream.found or stream.tombstoned or event.revision < stream.first_visible:
            return None
        return None if _expired(stream, event, wall_clock_us()) else event

    async def _visible_event(self, name: str, revision: int) -> RecordedEvent | None:
        if self._system.knows(name):
            async for linked in self._system.read(name, revision, backwards=False, limit=1):
                return linked[0][0]
            return None
        async for page in self._engine.read_stream(name, from_revision=revision, limit=1):
            if page[0].revision == revision:
                return await self.visible(page[0])
        return None

    async def _read_visible(self, wanted: StreamRange) -> AsyncIterator[Sequence[RecordedEvent]]:
        stream = await self._streams.get_durable(wanted.stream)
        if stream.tombstoned:
            raise StreamIsDeleted(wanted.stream)
        if not stream.found:
            raise StreamNotFound
        first, remaining = stream.first_visible, wanted.limit
        start = wanted.from_revision if wanted.backwards else max(wanted.from_revision, first)
        pages = self._engine.read_stream(
            wanted.stream,
            from_revision=start,
            backwards=wanted.backwards,
            limit=remaining if stream.metadata.max_age_s is None else None,
        )
        async for page in pages:
            now_us = wall_clock_us()
            shown = [e for e in page if e.revision >= first and not _expired(stream, e, now_us)][:remaining]
            if shown:
                yield shown
            if remaining is not None:
                remaining -= len(shown)
                if remaining <= 0:
                    return
            if wanted.backwards and page[-1].revision < first:
                return


def _expired(stream: Stream, event: RecordedEvent, now_us: int) -> bool:
    max_age_s = stream.metadata.max_age_s
    return max_age_s is not None and event.recorded_at_us < now_us - max_age_s * 1_000_000
