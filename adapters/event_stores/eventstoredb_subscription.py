"""A catch-up subscription that mends itself."""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from adapters.event_stores.append_rules import store_closed
from adapters.event_stores.eventstoredb_client import Client, ClientError, ClientRecord, responses
from adapters.event_stores.eventstoredb_errors import elsewhere, refusal, said
from adapters.event_stores.eventstoredb_leader import Leader
from adapters.event_stores.eventstoredb_records import recorded, server_filter
from adapters.event_stores.filtering import admits
from application.ports.event_store import (
    START,
    EventStoreError,
    Filter,
    Page,
    Position,
    RecordedEvent,
    StoreUnavailable,
)

PAGE_EVENTS = 500
MAX_WAITING_EVENTS = 2 * PAGE_EVENTS
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
CHECK_TIMEOUT_S = 5.0
WINDOW_EVENTS = 200
GATHERED_S = 0.001
"""Events come one by one: they are put together as long as there are more each time this has passed."""

LONGEST_GATHERED_S = 0.01
"""How long events are put together at the most."""

CHECKPOINT_WINDOWS = 5
IMPOSSIBLE = 2**63
"""No position is as great: positions are signed numbers of 64 bits in the server."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Feed:
    """What has come over one connection and was not taken yet."""

    records: deque[ClientRecord] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Subscription:
    """Follows the log after a position. When the connection breaks, it resumes after the last event given."""

    def __init__(
        self, client: Client, leader: Leader, *, after: Position, matching: Filter, closed: asyncio.Event
    ) -> None:
        self._client = client
        self._leader = leader
        self._matching = matching
        self._closed = closed
        self._position = after
        self._last_event: tuple[Position, UUID] | None = None
        self._feed: _Feed | None = None
        self._live = False
        self._end = after
        self._pause_s = FIRST_PAUSE_S

    async def next_page(self) -> Page:
        """Wait for events, or for the end of the log to be reached, and return what there is.

        Raises :class:`EventStoreError` when the log is not the one that was followed before.
        """
        while True:
            if self._feed is None:
                self._feed = self._connect()
            feed = self._feed
            if not feed.records:
                assert feed.task is not None
                if feed.task.done():
                    await self._recover(feed.task)
                    continue
                feed.arrived.clear()
                await feed.arrived.wait()
                continue
            await _gather(feed)
            page = self._take_page(feed)
            if page is not None:
                self._pause_s = FIRST_PAUSE_S
                return page

    async def stop(self) -> None:
        """Hang up."""
        if self._feed is not None and self._feed.task is not None:
            self._feed.task.cancel()
            await asyncio.wait([self._feed.task])

    def _connect(self) -> _Feed:
        feed = _Feed()
        feed.task = asyncio.create_task(self._receive(feed))
        feed.task.add_done_callback(lambda task: _note_end(feed, task))
        return feed

    async def _receive(self, feed: _Feed) -> None:
        proof = await self._leader.reached()
        try:
            await self._follow(feed)
        except ClientError as error:
            # Told at once, and not when the next page is asked for: nothing else notices as soon.
            if elsewhere(error):
                self._leader.lost(error, proof)
            raise

    async def _follow(self, feed: _Feed) -> None:
        if self._last_event is not None:
            await self._check_same_log(*self._last_event)
        opening = self._client.subscribe_to_all(
            commit_position=self._position if self._position > START else None,
            include_checkpoints=True,
            include_caught_up=True,
            window_size=WINDOW_EVENTS,
            checkpoint_interval_multiplier=CHECKPOINT_WINDOWS,
            **server_filter(self._matching),
        )
        async with responses(opening) as records:
            async for record in records:
                if record.is_checkpoint and not await self._possible(record):
                    continue
                feed.records.append(record)
                feed.arrived.set()
                while len(feed.records) >= MAX_WAITING_EVENTS:
                    feed.taken.clear()
                    await feed.taken.wait()

    async def _possible(self, checkpoint: ClientRecord) -> bool:
        """Return whether a checkpoint is within the log: some servers send others, and nothing after them."""
        position = checkpoint.commit_position or START
        if position > self._end and position < IMPOSSIBLE:
            self._end = Position(await self._client.head(timeout_s=CHECK_TIMEOUT_S, system=True))
        if position <= self._end:
            return True
        _log.error(
            "EventStoreDB sent a checkpoint beyond the end of the log (%d); it is passed over", position
        )
        return False

    async def _check_same_log(self, position: Position, event_id: UUID) -> None:
        opening = self._client.read_all(
            commit_position=position, limit=1, filter_exclude=(), timeout=CHECK_TIMEOUT_S
        )
        async with responses(opening) as records:
            found = [(record.commit_position, record.id) async for record in records]
        if found != [(position, event_id)]:
            raise EventStoreError(
                f"the log does not hold event {event_id} at position {position} any more: it was replaced "
                "or restored; rebuild what was derived from it"
            )

    async def _recover(self, ended: asyncio.Task[None]) -> None:
        self._feed = None
        self._live = False
        if self._closed.is_set():
            raise store_closed()
        error = ended.exception() if not ended.cancelled() else None
        if isinstance(error, ClientError):
            if not elsewhere(error):
                raise refusal(error, right="read ($r) $all") from error
        elif error is not None and not isinstance(error, StoreUnavailable):
            raise error
        log = _log.warning if self._pause_s == FIRST_PAUSE_S else _log.debug
        log("the subscription broke off (%s) and is taken up again", said(error) if error else "ended")
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pause_s):
                await self._closed.wait()
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    def _take_page(self, feed: _Feed) -> Page | None:
        events: list[RecordedEvent] = []
        before, was_live = self._position, self._live
        while feed.records and len(events) < PAGE_EVENTS:
            self._take(feed.records.popleft(), events)
        feed.taken.set()
        caught_up = self._live and not feed.records
        if not events and self._position == before and not (caught_up and not was_live):
            return None
        return Page(events=events, position=self._position, caught_up=caught_up)

    def _take(self, record: ClientRecord, events: list[RecordedEvent]) -> None:
        if record.is_caught_up:
            self._live = True
        elif record.is_checkpoint:
            # A hint about how far the filter has looked; never a step back.
            self._position = max(self._position, Position(record.commit_position or START))
        else:
            event = recorded(record)
            if event.position <= self._position:
                return
            self._position = event.position
            self._last_event = (event.position, event.id)
            if admits(self._matching, event.stream, event.type):
                events.append(event)


async def _gather(feed: _Feed) -> None:
    """Wait for what is about to come: a page costs those who take it about as much as some ten events."""
    for _ in range(round(LONGEST_GATHERED_S / GATHERED_S)):
        had = len(feed.records)
        if had >= PAGE_EVENTS:
            return
        await asyncio.sleep(GATHERED_S)
        if len(feed.records) == had:
            return


def _note_end(feed: _Feed, task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()  # looked at here, because nobody may take another page
    feed.arrived.set()
