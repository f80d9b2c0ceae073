"""Tells of every order that is in the log: from there, at least once, and beside everything else.

What is told is derived from the log, so a crash loses nothing: it is noted up to where the receivers have
taken everything, and what comes after that is given to them (again). Orders do not wait for it, and nothing
that fails here changes them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from application.events import DomainEvent, Recorded
from application.health import Health, Trouble, kept_running
from application.log.landmarks import Landmark, landmark_of, stands
from application.log.whole_streams import EventsMissing, FollowedLog
from application.notices.notice import Notice
from application.notices.webhooks import Webhooks
from application.ports.codec import EventCodec
from application.ports.event_store import START, Filter, Position, RecordedEvent
from application.ports.notices import Outbox, Receiver
from application.streams import market_stream
from domain.market.events import OrderPlaced
from domain.webhooks.aggregate import (
    NoticeRetried,
    NoticeUndelivered,
    WebhookRemoved,
    WebhookSet,
    WebhookSuspended,
)

log = logging.getLogger(__name__)

PART = "notices"
CHECKPOINT = "notices"
NOTE_EVERY_S = 2.0

_WANTED: tuple[type[DomainEvent], ...] = (
    OrderPlaced,
    WebhookSet,
    WebhookRemoved,
    WebhookSuspended,
    NoticeUndelivered,
    NoticeRetried,
)


class Telling:
    """Follows the log and hands each order to the receivers, one after the other."""

    def __init__(
        self,
        log: FollowedLog,
        codec: EventCodec,
        webhooks: Webhooks,
        outbox: Outbox,
        receivers: Sequence[Receiver],
        health: Health,
    ) -> None:
        self._log = log
        self._codec = codec
        self._matching = Filter(types=tuple(map(codec.stored_type, _WANTED)))
        self._webhooks = webhooks
        self._outbox = outbox
        self._receivers = receivers
        self._health = health
        self._noted_at = 0.0
        self._landmark: Landmark | None = None
        self._reached = START
        self._moved = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    @property
    def position(self) -> Position:
        """Where the last order that was taken by all stands in the log."""
        return START if self._landmark is None else self._landmark.position

    def start(self) -> None:
        """Begin where it was left off, and go on until closed."""
        self._task = asyncio.create_task(
            kept_running(self._follow, health=self._health, part=PART, code=Trouble.NOTICES_FAILED),
            name="notices",
        )

    async def begin_at(self, landmark: Landmark) -> None:
        """Begin at an event of the log, unless it is known where it was left off; to be called first."""
        if await self._outbox.load(CHECKPOINT) is None:
            await self._outbox.save(CHECKPOINT, landmark)

    async def catch_up(self) -> None:
        """Wait until the receivers have taken all that is in the log now."""
        position = START
        async for page in self._log.read_all(backwards=True, limit=1, matching=self._matching):
            position = page.position
        async with self._moved:
            await self._moved.wait_for(lambda: self._reached >= position)

    async def close(self) -> None:
        """Stop, noting how far everything was taken."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._landmark is not None:
            await self._outbox.save(CHECKPOINT, self._landmark)

    async def _follow(self) -> None:
        landmark = await self._known()
        for receiver in self._receivers:
            await receiver.resume()
        self._landmark = landmark
        begin = await self._from()
        await self._reach(begin)
        async with aclosing(self._log.subscribe(after=begin, matching=self._matching)) as pages:
            async for page in pages:
                if page.events:
                    await self._take(page.events)

    async def _known(self) -> Landmark | None:
        """Return up to where everything was taken, if that was in this log."""
        landmark = self._landmark or await self._outbox.load(CHECKPOINT)
        if landmark is None or await stands(self._log, landmark):
            return landmark
        log.warning("%s is not in the log any more: what waited to be told was of another one", landmark)
        await self._outbox.clear()
        return None

    async def _from(self) -> Position:
        """Return where to begin. Webhooks know since when they are told; without any, at the end."""
        if self._landmark is not None:
            return self._landmark.position
        return START if await self._webhooks.exist() else await self._log.head()

    async def _take(self, events: Sequence[RecordedEvent]) -> None:
        notices = [notice async for notice in self._notices(events)]
        for receiver in self._receivers:
            await receiver.take(notices)
        self._landmark = landmark_of(events[-1])
        await self._reach(self._landmark.position)
        now = asyncio.get_running_loop().time()
        if now - self._noted_at >= NOTE_EVERY_S:
            self._noted_at = now
            await self._outbox.save(CHECKPOINT, self._landmark)

    async def _reach(self, position: Position) -> None:
        async with self._moved:
            self._reached = position
            self._moved.notify_all()

    async def _notices(self, events: Sequence[RecordedEvent]) -> AsyncIterator[Notice]:
        for stored in events:
            recorded = self._codec.decode(stored)
            event = recorded.event
            if isinstance(event, OrderPlaced):
                if self._webhooks.told_here(event.account_id):
                    yield Notice(order=recorded)  # type: ignore[arg-type]
                continue
            # It may have been decided by another process.
            await self._webhooks.know(recorded)
            if isinstance(event, NoticeRetried) and self._webhooks.told_here(event.account_id):
                yield Notice(order=await self._order_of(event), webhook=event.name)

    async def _order_of(self, event: NoticeRetried) -> Recorded[OrderPlaced]:
        """Return the order that an earlier notice was about."""
        pages = self._log.read_stream(market_stream(event.ticker), from_revision=event.revision, limit=1)
        async for page in pages:
            order = self._codec.decode(page[0])
            if isinstance(order.event, OrderPlaced):
                return order  # type: ignore[return-value]  # that is what was just looked at
        raise EventsMissing(f"{event.ticker} has no order at revision {event.revision}, which {event} names")
