"""A running consumer group: reads its source, feeds its consumers, keeps its progress."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID, uuid4

import orjson

from adapters.eventstore_node.appender import Appender, NotWritten, StreamIsDeleted
from adapters.eventstore_node.engine import Engine
from adapters.eventstore_node.following import Follower
from adapters.eventstore_node.persistent.dispatch import Consumer, Dispatcher, Message
from adapters.eventstore_node.persistent.settings import ALL, GroupKey, GroupSettings, Nack
from adapters.eventstore_node.reader import Reader, StreamNotFound, StreamRange
from adapters.eventstore_node.records import LINK_TYPE, Delivered
from adapters.eventstore_node.stream_metadata import METADATA_TYPE, TOMBSTONE_TYPE, metadata_stream
from adapters.eventstore_node.streams import Streams
from adapters.eventstore_node.versioning import ANY
from application.ports.event_store import EventStoreError, NewEvent, Position

CHECKPOINT_TYPE = "$SubscriptionCheckpoint"
OWN_STREAMS_PREFIX = "$persistentsubscription"
_TICK_S = 0.1
_RESTART_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """The parts of the node that a group works with."""

    engine: Engine
    streams: Streams
    appender: Appender
    reader: Reader
    follower: Follower


class Group:
    """Runs until it is closed. Consumers are dropped when it stops, and may connect again."""

    def __init__(self, key: GroupKey, settings: GroupSettings, tools: Tools) -> None:
        self.key = key
        self.settings = settings
        self.dispatcher = Dispatcher(
            settings.strategy,
            message_timeout_s=settings.message_timeout_ms / 1000,
            max_retry_count=settings.max_retry_count,
        )
        self.checkpoint: int | None = None
        self.last_known: int | None = None
        self.live = False
        self.stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tools = tools
        self._room, self._room_to_retry = asyncio.Event(), asyncio.Event()
        self._replay_to = -1
        self._to_replay = asyncio.Event()
        self._started_at = self._checkpointed_at = time.monotonic()
        self._handled_at_checkpoint = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Find where the group stands and begin to read."""
        self.checkpoint = await self._stored_checkpoint()
        works = self._read_source, self._keep_house, self._replay_when_asked
        self._tasks = [asyncio.create_task(work()) for work in works]
        for task in self._tasks:
            task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Drop the consumers, keep the progress, stop."""
        if not self.stopped.done():
            self.stopped.set_result(None)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._advance_checkpoint()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Stop if a part of it has failed: its consumers hear of it, and the next one starts it again."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        _log.error("%s: it has failed, its consumers are dropped", self.key.subscription_id, exc_info=error)
        self._stopping = asyncio.create_task(self.close())

    @property
    def running_s(self) -> float:
        """How long it has been running."""
        return max(time.monotonic() - self._started_at, 1.0)

    def connect(self, consumer: Consumer) -> None:
        """Add a consumer."""
        self.dispatcher.consumers.append(consumer)
        self._dispatch()

    async def disconnect(self, consumer: Consumer) -> None:
        """Remove a consumer and give what it had to others."""
        await self._park(self.dispatcher.remove(consumer), "the consumer went away too often")
        self._dispatch()

    def acknowledge(self, consumer: Consumer, ids: Iterable[UUID]) -> None:
        """Take the word of a consumer that it has handled events."""
        self.dispatcher.acknowledge(consumer, ids)
        self._dispatch()

    async def refuse(self, consumer: Consumer, ids: Iterable[UUID], action: Nack, reason: str) -> None:
        """Do with events what a consumer wants that did not handle them."""
        if action is Nack.STOP:
            # On its own, because closing ends the task of the consumer that asks for it.
            self._stopping = asyncio.create_task(self.close())
            return
        await self._park(self.dispatcher.refuse(consumer, ids, action), reason)
        self._dispatch()

    async def parked_count(self) -> int:
        """Return how many events are parked."""
        stream = await self._tools.streams.get(self.key.parked_stream)
        return stream.flushed_revision + 1 - max(stream.first_visible, 0) if stream.found else 0

    async def replay_parked(self, limit: int | None) -> None:
        """Have parked events given to the consumers again, the oldest first."""
        stream = await self._tools.streams.get(self.key.parked_stream)
        last = stream.flushed_revision
        if limit is not None:
            last = min(last, max(stream.first_visible, 0) + limit - 1)
        self._replay_to = max(self._replay_to, last)
        self._to_replay.set()

    async def _replay_when_asked(self) -> None:
        while True:
            await self._to_replay.wait()
            self._to_replay.clear()
            try:
                await self._replay()
            except StreamNotFound:
                pass
            except (EventStoreError, NotWritten):
                _log.exception("%s: parked events are replayed again", self.key.subscription_id)
                await asyncio.sleep(_RESTART_S)
                self._to_replay.set()

    async def _replay(self) -> None:
        """Take as many out of the parking place at a time as consumers have room for."""
        wanted = StreamRange(self.key.parked_stream, resolve_links=True)
        async for page in self._tools.reader.read_stream(wanted):
            taken = [each for each in page if each.original.revision <= self._replay_to]
            for delivered in taken:
                while len(self.dispatcher.retrying) >= self._buffer_size:
                    self._room_to_retry.clear()
                    await self._room_to_retry.wait()
                if delivered.event is not None:
                    self.dispatcher.offer(Message(delivered, cursor=0, replayed=True))
            if taken:
                await self._truncate_parked(taken[-1].original.revision + 1)
            self._dispatch()
            if len(taken) < len(page):
                return

    async def forget(self) -> None:
        """Remove the group's progress and parked events from the log's readers."""
        for name in (self.key.checkpoint_stream, self.key.parked_stream):
            if (await self._tools.streams.get(name)).found:
                await self._tools.appender.delete(name, ANY)

    def _dispatch(self) -> None:
        self.dispatcher.dispatch(time.monotonic())
        if len(self.dispatcher.pending) < self._buffer_size:
            self._room.set()
        if len(self.dispatcher.retrying) < self._buffer_size:
            self._room_to_retry.set()

    @property
    def _buffer_size(self) -> int:
        return max(self.settings.history_buffer_size, self.settings.live_buffer_size, 1)

    async def _read_source(self) -> None:
        while True:
            try:
                await self._offer_source()
            except StreamIsDeleted:
                _log.warning("%s: the stream is deleted", self.key.subscription_id)
                return
            except EventStoreError:
                _log.exception("%s: reading the source failed, trying again", self.key.subscription_id)
                await asyncio.sleep(_RESTART_S)

    async def _offer_source(self) -> None:
        after = self._resume_after()
        source = self._follow_all(after) if self.key.source == ALL else self._follow_stream(after)
        async with aclosing(source):
            async for page, reached, caught_up in source:
                for delivered, cursor in page:
                    while len(self.dispatcher.pending) >= self._buffer_size:
                        self._room.clear()
                        await self._room.wait()
                    self.last_known = cursor
                    self.dispatcher.offer(Message(delivered, cursor))
                    self.dispatcher.dispatch(time.monotonic())
                self.dispatcher.skip_to(reached)
                self.live = caught_up

    def _resume_after(self) -> int:
        if self.last_known is not None:
            return self.last_known
        return self.settings.start_after if self.checkpoint is None else self.checkpoint

    async def _follow_all(
        self, after: int
    ) -> AsyncGenerator[tuple[Sequence[tuple[Delivered, int]], int, bool], None]:
        admits, reader = self.settings.admits(), self._tools.reader
        start = Position(max(after, 0))
        async with aclosing(self._tools.engine.subscribe(after=start, system=True)) as pages:
            async for page in pages:
                # Its own bookkeeping must not feed the group, or it would never come to rest.
                wanted = [e for e in page.events if admits(e) and not e.stream.startswith(OWN_STREAMS_PREFIX)]
                resolve = self.settings.resolve_links
                items = [(await reader.deliver(e, resolve_links=resolve), e.position) for e in wanted]
                yield items, page.position, page.caught_up

    async def _follow_stream(
        self, after: int
    ) -> AsyncGenerator[tuple[Sequence[tuple[Delivered, int]], int, bool], None]:
        follower = self._tools.follower
        pages = follower.follow(self.key.source, after, resolve_links=self.settings.resolve_links)
        async with aclosing(pages):
            async for page in pages:
                items = [d for d in page.items if d.original.type != TOMBSTONE_TYPE]
                yield [(d, d.original.revision) for d in items], page.revision, page.caught_up

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            late = self.dispatcher.expire(time.monotonic())
            await self._park(late, "not handled in time, too often")
            self._dispatch()
            if self._checkpoint_due():
                await self._advance_checkpoint()

    def _checkpoint_due(self) -> bool:
        handled = self.dispatcher.handled - self._handled_at_checkpoint
        waited_s = time.monotonic() - self._checkpointed_at
        settings = self.settings
        if handled >= max(settings.max_checkpoint_count, 1):
            return True
        return waited_s >= settings.checkpoint_after_ms / 1000 and handled >= settings.min_checkpoint_count

    async def _advance_checkpoint(self) -> None:
        reached = self.dispatcher.low_water()
        self._checkpointed_at = time.monotonic()
        self._handled_at_checkpoint = self.dispatcher.handled
        kept = self.settings.start_after if self.checkpoint is None else self.checkpoint
        if reached is not None and reached > kept:
            await self._store_checkpoint(reached)

    async def _stored_checkpoint(self) -> int | None:
        wanted = StreamRange(self.key.checkpoint_stream, -1, backwards=True, limit=1)
        try:
            async for page in self._tools.reader.read_stream(wanted):
                return int(orjson.loads(page[0].original.data))
        except StreamNotFound:
            pass
        return None

    async def _store_checkpoint(self, cursor: int) -> None:
        event = NewEvent(id=uuid4(), type=CHECKPOINT_TYPE, data=orjson.dumps(cursor))
        try:
            await self._tools.appender.append(self.key.checkpoint_stream, [event], ANY)
        except (EventStoreError, NotWritten):
            # Consumers will see some events again, which they have to expect anyway.
            _log.exception("%s: the checkpoint could not be kept", self.key.subscription_id)
        else:
            self.checkpoint = cursor

    async def _park(self, messages: Sequence[Message], reason: str) -> None:
        for message in messages:
            try:
                await self._tools.appender.append(
                    self.key.parked_stream, [_parking_link(message.delivered, reason)], ANY
                )
            except (EventStoreError, NotWritten):
                _log.exception("%s: an event could not be parked, trying it again", self.key.subscription_id)
                self.dispatcher.retrying.append(message)
            else:
                self.dispatcher.parked(message)

    async def _truncate_parked(self, revision: int) -> None:
        event = NewEvent(id=uuid4(), type=METADATA_TYPE, data=orjson.dumps({"$tb": revision}))
        await self._tools.appender.append(metadata_stream(self.key.parked_stream), [event], ANY)


def _parking_link(delivered: Delivered, reason: str) -> NewEvent:
    event = delivered.event or delivered.original
    metadata = {"added": time.time_ns() // 1_000_000, "reason": reason}
    return NewEvent(
        id=uuid4(),
        type=LINK_TYPE,
        data=f"{event.revision}@{event.stream}".encode(),
        metadata=orjson.dumps(metadata),
    )
