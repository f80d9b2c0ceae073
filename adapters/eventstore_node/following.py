"""Follows one stream: what it holds, then what is appended, without a gap or a repeat."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from adapters.eventstore_node.appender import StreamIsDeleted
from adapters.eventstore_node.engine import Engine
from adapters.eventstore_node.reader import Reader, StreamNotFound, StreamRange
from adapters.eventstore_node.records import Delivered
from adapters.eventstore_node.stream_metadata import TOMBSTONE_TYPE
from adapters.eventstore_node.system_streams import SystemStreams
from application.ports.event_store import Filter


@dataclass(frozen=True, slots=True)
class Followed:
    """Some events in order, the last revision seen, and whether the end was reached."""

    items: Sequence[Delivered]
    revision: int
    caught_up: bool


class Follower:
    """Follows stored streams and derived ones alike."""

    def __init__(self, engine: Engine, reader: Reader, system: SystemStreams) -> None:
        self._engine = engine
        self._reader = reader
        self._system = system

    async def last_revision(self, name: str) -> int:
        """Return the revision of the last event that readers of a stream see, -1 when there is none."""
        if self._system.knows(name):
            return await self._system.length(name) - 1
        async for page in self._found(StreamRange(name, -1, backwards=True, limit=1)):
            return page[0].original.revision
        return -1

    async def follow(self, name: str, after: int, *, resolve_links: bool) -> AsyncGenerator[Followed, None]:
        """Yield the events of a stream after a revision, for ever.

        Raises :class:`StreamIsDeleted` when the stream is deleted for good, and after the event that tells
        of it when it becomes so.
        """
        if self._system.knows(name):
            source = self._follow_derived(name, after, resolve_links=resolve_links)
        else:
            source = self._follow_stored(name, after, resolve_links=resolve_links)
        async with aclosing(source):
            async for followed in source:
                yield followed

    async def _follow_stored(
        self, name: str, after: int, *, resolve_links: bool
    ) -> AsyncGenerator[Followed, None]:
        await self._reader.check_not_tombstoned(name)
        # The log is followed from where it ended before the stream was read, so nothing falls between.
        head = await self._engine.head()
        last = after
        async for page in self._found(StreamRange(name, after + 1, resolve_links=resolve_links)):
            last = page[-1].original.revision
            yield Followed(page, last, caught_up=False)
        matching = Filter(stream_prefixes=(name,))
        async with aclosing(self._engine.subscribe(after=head, matching=matching, system=True)) as pages:
            async for log_page in pages:
                new = [e for e in log_page.events if e.stream == name and e.revision > last]
                last = new[-1].revision if new else last
                items = [await self._reader.deliver(event, resolve_links=resolve_links) for event in new]
                yield Followed(items, last, log_page.caught_up)
                if new and new[-1].type == TOMBSTONE_TYPE:
                    raise StreamIsDeleted(name)

    async def _follow_derived(
        self, name: str, after: int, *, resolve_links: bool
    ) -> AsyncGenerator[Followed, None]:
        last = after
        async with aclosing(self._system.follow(name, after)) as pages:
            async for linked, caught_up in pages:
                items = [
                    Delivered(await self._reader.visible(target), link) if resolve_links else Delivered(link)
                    for link, target in linked
                ]
                last = linked[-1][0].revision if linked else last
                yield Followed(items, last, caught_up)

    async def _found(self, wanted: StreamRange) -> AsyncIterator[Sequence[Delivered]]:
        try:
            async for page in self._reader.read_stream(wanted):
                yield page
        except StreamNotFound:
            return
