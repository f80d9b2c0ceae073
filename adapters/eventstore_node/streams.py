"""How the streams of the node stand, kept in memory while they are in use."""

import asyncio
from dataclasses import dataclass

from adapters.eventstore_node.engine import Engine
from adapters.eventstore_node.stream_metadata import (
    NO_METADATA,
    ONE_EVENT,
    TOMBSTONE_TYPE,
    StreamMetadata,
    described_stream,
    metadata_stream,
    parse_metadata,
)
from adapters.eventstore_node.versioning import NO_STREAM, Standing
from application.ports.event_store import Appended, RecordedEvent

MAX_STREAMS = 50_000


@dataclass(slots=True)
class Stream:
    """One stream: where the next append goes, where readers stand, what its metadata says."""

    name: str
    revision: int
    """The last revision given out, flushed or not."""
    flushed_revision: int
    metadata_revision: int = NO_STREAM
    metadata_data: bytes = b"{}"
    metadata: StreamMetadata = NO_METADATA
    tombstoned: bool = False
    last_flush: asyncio.Task[Appended] | None = None

    @property
    def standing(self) -> Standing:
        """What decides about an append."""
        # The metadata of a stream that is deleted for good can be written, though nobody can read it.
        closed = self.tombstoned and described_stream(self.name) is None
        return Standing(self.revision, self.metadata_revision >= 0, self.metadata.soft_deleted, closed)

    @property
    def found(self) -> bool:
        """Whether readers find the stream."""
        return self.flushed_revision >= 0 and not self.metadata.soft_deleted

    @property
    def first_visible(self) -> int:
        """The first revision that readers see."""
        return self.metadata.first_visible(self.flushed_revision)


@dataclass(slots=True)
class _Loading:
    task: asyncio.Task[Stream]
    waiting: int = 0


class Streams:
    """The streams in use; the others are loaded from the engine when they are asked for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._streams: dict[str, Stream] = {}
        self._loading: dict[str, _Loading] = {}

    def loaded(self, name: str) -> Stream | None:
        """Return a stream without waiting, if it is in memory and nobody waits for it."""
        return None if name in self._loading else self._streams.get(name)

    async def get(self, name: str) -> Stream:
        """Return a stream, loading it when it is not in memory. Callers go on in the order they came."""
        if (stream := self.loaded(name)) is not None:
            return stream
        loading = self._loading.get(name)
        if loading is None:
            loading = self._loading[name] = _Loading(asyncio.create_task(self._load(name)))
        loading.waiting += 1
        try:
            # A turn for each, so that who comes when the stream is there stays behind who came before.
            turn = asyncio.Event()
            loading.task.add_done_callback(lambda _: turn.set())
            await turn.wait()
        finally:
            loading.waiting -= 1
            if not loading.waiting:
                del self._loading[name]
        return loading.task.result()

    async def get_durable(self, name: str) -> Stream:
        """Return a stream with all that is in the log, of which its writer may yet have to hear."""
        stream = await self.get(name)
        if stream.revision > stream.flushed_revision and (last := await self._last_event(name)) is not None:
            stream.flushed_revision = max(stream.flushed_revision, last.revision)
        return stream

    def forget(self, stream: Stream) -> None:
        """Drop what memory says about a stream: a write failed, and the engine knows better."""
        if self._streams.get(stream.name) is stream:
            del self._streams[stream.name]

    async def _load(self, name: str) -> Stream:
        last = await self._last_event(name)
        revision = NO_STREAM if last is None else last.revision
        stream = Stream(name, revision, revision)
        described = described_stream(name)
        if described is not None:
            stream.metadata = ONE_EVENT
            stream.tombstoned = (await self.get(described)).tombstoned
        else:
            stream.tombstoned = last is not None and last.type == TOMBSTONE_TYPE
            metadata = await self._last_event(metadata_stream(name))
            if metadata is not None:
                stream.metadata_revision, stream.metadata_data = metadata.revision, metadata.data
                stream.metadata = parse_metadata(metadata.data)
        self._evict()
        self._streams[name] = stream
        return stream

    async def _last_event(self, name: str) -> RecordedEvent | None:
        async for page in self._engine.read_stream(name, from_revision=-1, backwards=True, limit=1):
            return page[0]
        return None

    def _evict(self) -> None:
        if len(self._streams) < MAX_STREAMS:
            return
        idle = [s.name for s in self._streams.values() if s.last_flush is None or s.last_flush.done()]
        for name in idle[: MAX_STREAMS // 4]:
            del self._streams[name]
