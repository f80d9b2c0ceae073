"""The streams that the node derives from the log: ``$ce-category`` and ``$et-type``, made of links.

They are not stored. The first reader of one has the log scanned for it; from then on its index, eight bytes
an event, is extended as the log grows. A link's number is its place among the events of its kind, so it
never changes.
"""

from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from itertools import islice
from uuid import NAMESPACE_OID, uuid5

import orjson

from adapters.eventstore_node.engine import Engine
from adapters.eventstore_node.positions import shown
from adapters.eventstore_node.records import LINK_TYPE
from application.ports.event_store import START, Filter, Position, RecordedEvent

CATEGORY_PREFIX = "$ce-"
TYPE_PREFIX = "$et-"

INDEXES_MAX = 1_000
"""How many derived streams are indexed at a time: whoever asks for every name fills no memory."""

Linked = tuple[RecordedEvent, RecordedEvent]
"""A link and its target."""


class _Index:
    """The positions of the events of one derived stream, as far as the log has been scanned."""

    def __init__(self, stream: str) -> None:
        self.positions = array("q")
        self.scanned = START
        self.matching = _filter_of(stream)


class SystemStreams:
    """Derives the system streams from the log."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._indexes: OrderedDict[str, _Index] = OrderedDict()

    def knows(self, stream: str) -> bool:
        """Return whether the stream is one of those that are derived."""
        # A category ends at the first dash, so it has none.
        return stream.startswith(TYPE_PREFIX) or (
            stream.startswith(CATEGORY_PREFIX) and "-" not in stream.removeprefix(CATEGORY_PREFIX)
        )

    async def length(self, stream: str) -> int:
        """Return how many links the stream has now."""
        return len((await self._index(stream)).positions)

    async def read(
        self, stream: str, from_revision: int, *, backwards: bool, limit: int | None
    ) -> AsyncIterator[Sequence[Linked]]:
        """Yield pages of links and their targets."""
        index = await self._index(stream)
        count = len(index.positions)
        revision = count - 1 if backwards and from_revision < 0 else min(from_revision, count - backwards)
        if count == 0 or not 0 <= revision < count:
            return
        at = index.positions[revision]
        after = Position(at + 1 if backwards else at - 1)
        wanted = min(limit or count, revision + 1 if backwards else count - revision)
        pages = self._engine.read_all(after=after, backwards=backwards, limit=wanted, matching=index.matching)
        async for page in pages:
            linked = []
            for target in page.events:
                linked.append((self._link(stream, revision, target), target))
                revision += -1 if backwards else 1
            if linked:
                yield linked

    async def follow(
        self, stream: str, after_revision: int
    ) -> AsyncGenerator[tuple[Sequence[Linked], bool], None]:
        """Yield pages of links after a revision as they come, and whether the end was reached."""
        index = await self._index(stream)
        revision = min(after_revision, len(index.positions) - 1) + 1
        after = Position(index.positions[revision - 1]) if revision else START
        async with aclosing(self._engine.subscribe(after=after, matching=index.matching)) as pages:
            async for page in pages:
                linked = []
                for target in page.events:
                    linked.append((self._link(stream, revision, target), target))
                    revision += 1
                yield linked, page.caught_up

    async def _index(self, stream: str) -> _Index:
        index = self._indexes.setdefault(stream, _Index(stream))
        self._indexes.move_to_end(stream)
        if len(self._indexes) > INDEXES_MAX:
            self._indexes.popitem(last=False)
        async for page in self._engine.read_all(after=index.scanned, matching=index.matching):
            # Another reader may be scanning too: each adds only what lies beyond the end.
            known = index.positions[-1] if index.positions else START
            positions = [event.position for event in page.events]
            index.positions.extend(islice(positions, bisect_right(positions, known), None))
            index.scanned = max(index.scanned, page.position)
        return index

    def _link(self, stream: str, revision: int, target: RecordedEvent) -> RecordedEvent:
        position = shown(target.position)
        metadata = {"$o": target.stream, "$c": position, "$p": position, "$causedBy": target.id}
        return RecordedEvent(
            id=uuid5(NAMESPACE_OID, f"{revision}@{stream}"),
            type=LINK_TYPE,
            data=f"{target.revision}@{target.stream}".encode(),
            metadata=orjson.dumps(metadata),
            stream=stream,
            revision=revision,
            position=target.position,
            recorded_at_us=target.recorded_at_us,
        )


def _filter_of(stream: str) -> Filter:
    if stream.startswith(TYPE_PREFIX):
        return Filter(types=(stream.removeprefix(TYPE_PREFIX),))
    return Filter(stream_prefixes=(stream.removeprefix(CATEGORY_PREFIX) + "-",))
