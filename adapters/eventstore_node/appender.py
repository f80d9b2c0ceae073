"""Appends, deletes and tombstones with EventStoreDB's semantics, on an engine that knows exact revisions."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from adapters.event_stores.append_rules import MAX_APPEND_BYTES, append_size_bytes
from adapters.eventstore_node.engine import Engine
from adapters.eventstore_node.recent_ids import RecentIds
from adapters.eventstore_node.stream_metadata import (
    DELETED_REVISION,
    METADATA_TYPE,
    TOMBSTONE_TYPE,
    described_stream,
    metadata_stream,
    parse_metadata,
    with_truncate_before,
)
from adapters.eventstore_node.streams import Stream, Streams
from adapters.eventstore_node.versioning import (
    NO_STREAM,
    CompareSlots,
    Decision,
    Deleted,
    Repeated,
    WrongVersion,
    decide,
    decide_after_comparison,
)
from application.ports.event_store import (
    START,
    Appended,
    AppendTooLarge,
    EventStoreError,
    NewEvent,
    RecordedEvent,
    StoreUnavailable,
    WrongExpectedRevision,
)

COMMIT_TIMEOUT_S = 2.0
"""No append waits longer, whatever its client asks."""

_MAX_TRIES = 10


class NotWritten(Exception):
    """A write was refused, or not confirmed in time."""


class WrongStreamVersion(NotWritten):
    """The stream is not where the writer thought."""

    def __init__(self, stream: str, *, expected: int, current: int) -> None:
        super().__init__(f"stream {stream}: expected {expected}, found {current}")
        self.stream = stream
        self.expected = expected
        self.current = current


class StreamIsDeleted(NotWritten):
    """The stream is deleted for good, or must exist and does not any more."""

    def __init__(self, stream: str) -> None:
        super().__init__(f"Event stream '{stream}' is deleted.")
        self.stream = stream


class AppendTimedOut(NotWritten):
    """The append was not flushed in time; it may still be."""


class _Overtaken(StoreUnavailable):
    """An earlier append to the stream failed, so that this one has to be decided again."""


@dataclass(frozen=True, slots=True)
class Written:
    """Where an append stands in the log: its last revision and position, or only the stream's revision."""

    revision: int
    position: int | None


class Appender:
    """Puts every write in its place. The appends of one stream are decided in order and flushed together."""

    def __init__(self, engine: Engine, streams: Streams, recent: RecentIds) -> None:
        self._engine = engine
        self._streams = streams
        self._recent = recent

    async def append(
        self, name: str, events: Sequence[NewEvent], expected: int, timeout_s: float = COMMIT_TIMEOUT_S
    ) -> Written:
        """Append events, or find that they were appended before."""
        if append_size_bytes(events) > MAX_APPEND_BYTES:
            raise AppendTooLarge(f"at most {MAX_APPEND_BYTES} bytes in one append")
        if timeout_s <= 0:
            raise AppendTimedOut(f"stream {name}: there was no time left")
        try:
            async with asyncio.timeout(min(timeout_s, COMMIT_TIMEOUT_S)):
                return await self._append(name, events, expected)
        except TimeoutError:
            raise AppendTimedOut(f"stream {name}: not flushed in time") from None

    async def delete(self, name: str, expected: int) -> Written:
        """Delete a stream softly: readers do not find it until the next append."""
        stream = await self._streams.get(name)
        await self._check_version(stream, expected)
        if stream.revision < 0 and stream.metadata_revision < 0:
            raise WrongStreamVersion(name, expected=expected, current=NO_STREAM)
        return await self._write_metadata(stream, b'{"$tb":%d}' % DELETED_REVISION)

    async def tombstone(self, name: str, expected: int) -> Written:
        """Delete a stream for good."""
        stream = await self._streams.get(name)
        await self._check_version(stream, expected)
        flush = self._begin_flush(stream, [NewEvent(id=uuid4(), type=TOMBSTONE_TYPE, data=b"{}")])
        stream.tombstoned = True  # at once, so that nothing is written after the tombstone
        written = await asyncio.shield(flush)
        if (metadata := self._streams.loaded(metadata_stream(name))) is not None:
            metadata.tombstoned = True
        return Written(written.revision, written.position)

    async def _check_version(self, stream: Stream, expected: int) -> None:
        self._refuse(stream, decide(stream.standing, expected, [uuid4()], lambda _id: None), expected)

    async def _append(self, name: str, events: Sequence[NewEvent], expected: int) -> Written:
        if (described := described_stream(name)) is not None:
            await self._streams.get(described)
        for _ in range(_MAX_TRIES):
            stream = self._streams.loaded(name) or await self._streams.get(name)
            try:
                return await self._decide_and_write(stream, events, expected)
            except _Overtaken:
                continue
        raise StoreUnavailable(f"stream {name}: earlier appends failed again and again")

    async def _decide_and_write(self, stream: Stream, events: Sequence[NewEvent], expected: int) -> Written:
        ids = [event.id for event in events]
        decision = decide(
            stream.standing, expected, ids, lambda event_id: self._recent.revision(stream.name, event_id)
        )
        if isinstance(decision, Repeated):
            original = await self._slot(stream, decision.last_revision)
            if original is not None and original.id == ids[-1]:
                return Written(original.revision, original.position)
            # The cache told of a write that failed after all: nothing was repeated.
            decision = decide(stream.standing, expected, ids, lambda _id: None)
        elif isinstance(decision, CompareSlots):
            if self._others_are_on_their_way(stream, decision.first, ids):
                raise WrongStreamVersion(stream.name, expected=expected, current=stream.revision)
            stored = await self._slots(stream, decision.first, len(ids))
            if ids and [event.id for event in stored] == ids:
                return Written(stored[-1].revision, stored[-1].position)
            there = bool(stored) and bool(ids) and stored[0].id == ids[0]
            decision = decide_after_comparison(stream.standing, expected, first_id_is_there=there)
        self._refuse(stream, decision, expected)
        if not events:
            return Written(stream.revision, None)
        return await self._write(stream, events)

    def _others_are_on_their_way(self, stream: Stream, first: int, ids: Sequence[UUID]) -> bool:
        """Return whether other events have the first of the slots, and only wait for their flush."""
        if not ids or first <= stream.flushed_revision:
            return False
        return self._recent.revision(stream.name, ids[0]) != first

    def _refuse(self, stream: Stream, decision: Decision, expected: int) -> None:
        if isinstance(decision, Deleted):
            raise StreamIsDeleted(stream.name)
        if isinstance(decision, WrongVersion | CompareSlots):
            raise WrongStreamVersion(stream.name, expected=expected, current=stream.revision)

    async def _write(self, stream: Stream, events: Sequence[NewEvent]) -> Written:
        first = stream.revision + 1
        if stream.metadata.soft_deleted:
            revived = with_truncate_before(stream.metadata_data, first)
            flush = self._begin_flush(stream, events)
            stream.metadata = parse_metadata(revived)
            await self._write_metadata(stream, revived)
            appended = await asyncio.shield(flush)
        else:
            appended = await self._flush(stream, events)
        if (described := described_stream(stream.name)) is not None:
            await self._metadata_written(described, appended.revision, events[-1].data)
        return Written(appended.revision, appended.position)

    async def _metadata_written(self, described: str, revision: int, data: bytes) -> None:
        stream = await self._streams.get(described)
        if revision < stream.metadata_revision:
            return
        was_deleted = stream.metadata.soft_deleted
        stream.metadata_revision, stream.metadata_data = revision, data
        stream.metadata = parse_metadata(data)
        if was_deleted and not stream.metadata.soft_deleted:
            # Metadata set on a deleted stream brings it back empty, not with what was deleted.
            await self._write_metadata(stream, with_truncate_before(data, stream.revision + 1))

    async def _write_metadata(self, stream: Stream, data: bytes) -> Written:
        metadata = await self._streams.get(metadata_stream(stream.name))
        appended = await self._flush(metadata, [NewEvent(id=uuid4(), type=METADATA_TYPE, data=data)])
        if appended.revision > stream.metadata_revision:
            stream.metadata_revision, stream.metadata_data = appended.revision, data
            stream.metadata = parse_metadata(data)
        return Written(appended.revision, appended.position)

    async def _flush(self, stream: Stream, events: Sequence[NewEvent]) -> Appended:
        # Shielded: a client that goes away must not stop a write that has begun.
        return await asyncio.shield(self._begin_flush(stream, events))

    def _begin_flush(self, stream: Stream, events: Sequence[NewEvent]) -> asyncio.Task[Appended]:
        expected = stream.revision
        stream.revision += len(events)
        self._recent.remember(stream.name, expected + 1, [event.id for event in events])
        stream.last_flush = asyncio.create_task(self._flush_to_engine(stream, events, expected))
        stream.last_flush.add_done_callback(_note_failure)
        return stream.last_flush

    async def _flush_to_engine(self, stream: Stream, events: Sequence[NewEvent], expected: int) -> Appended:
        try:
            appended = await self._engine.append(stream.name, events, expected=expected)
        except WrongExpectedRevision:
            self._streams.forget(stream)
            raise _Overtaken from None
        except EventStoreError:
            self._streams.forget(stream)
            raise
        stream.flushed_revision = max(stream.flushed_revision, appended.revision)
        return appended

    async def _slot(self, stream: Stream, revision: int) -> RecordedEvent | None:
        slots = await self._slots(stream, revision, 1)
        return slots[0] if slots else None

    async def _slots(self, stream: Stream, first: int, count: int) -> list[RecordedEvent]:
        """Read events back, waiting for the flush of those that are on their way."""
        if first + count - 1 > stream.flushed_revision and stream.last_flush is not None:
            await self._wait_for(stream.last_flush)
        found: list[RecordedEvent] = []
        if count:
            async for page in self._engine.read_stream(stream.name, from_revision=first, limit=count):
                found.extend(page)
        return found

    async def _wait_for(self, flush: asyncio.Task[Appended]) -> None:
        try:
            await asyncio.shield(flush)
        except EventStoreError:
            raise _Overtaken from None


def _note_failure(flush: asyncio.Task[Appended]) -> None:
    # Nobody may be waiting any more, and an exception that nobody asks for is reported as a fault.
    if not flush.cancelled():
        flush.exception()


async def warm(recent: RecentIds, engine: Engine, events: int) -> None:
    """Remember the newest events of a log just opened, so that retries across a restart are known."""
    async for page in engine.read_all(after=START, backwards=True, limit=events, system=True):
        for event in page.events:
            recent.remember(event.stream, event.revision, [event.id])
