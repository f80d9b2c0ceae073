"""Follows the log in memory only, in a process whose rows another process writes."""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import aclosing

from application.events import DomainEvent, Recorded
from application.health import Health
from application.log.whole_streams import followed
from application.ports.codec import EventCodec, UnreadableEvent
from application.ports.event_store import Position
from application.streams import EXCHANGE_EVENTS, GROUP, MARKET
from domain.ledger import events as le
from projections.running.log import Log
from projections.running.progress import Progress
from projections.running.runner import Listener

log = logging.getLogger(__name__)


OF_LEDGERS: frozenset[type[DomainEvent]] = frozenset(
    {
        le.FillBooked,
        le.OrderGroupCreated,
        le.OrderGroupLimitChanged,
        le.OrderGroupTriggered,
        le.OrderGroupReset,
        le.OrderGroupDeleted,
    }
)
"""What of ledgers is looked at in memory: which trades are booked, and what becomes of order groups."""


class Follower:
    """Hands listeners what happens in markets and order groups, and the bookings of trades.

    ``progress`` says how far it has come.
    """

    part = "books and prices"

    def __init__(
        self,
        *,
        source: Log,
        codec: EventCodec,
        listeners: Sequence[Listener],
        progress: Progress,
        health: Health,
    ) -> None:
        self._source = source
        self._codec = codec
        self._listeners = listeners
        self._progress = progress
        self._health = health
        self._wanted = frozenset(map(codec.stored_type, OF_LEDGERS))

    async def run(self, after: Position) -> None:
        """Follow the log from a position on, until cancelled."""
        self._progress.reach(after, 0)
        pages = followed(
            self._source, after=after, matching=EXCHANGE_EVENTS, health=self._health, part=self.part
        )
        async with aclosing(pages):
            async for page in pages:
                events: list[Recorded[DomainEvent]] = []
                for stored in page.events:
                    if stored.stream.startswith((MARKET, GROUP)) or stored.type in self._wanted:
                        try:
                            events.append(self._codec.decode(stored))
                        except UnreadableEvent:
                            log.exception("left out of the board")
                for listener in self._listeners:
                    listener.take(events)
                # Rows never go further than the last event, whatever else is in the log.
                reached = (self._progress.position, *(stored.position for stored in page.events))
                self._progress.reach(max(reached), events[-1].cause.at_us if events else 0)
                await asyncio.sleep(0)


class SlowestOf:
    """Answers :class:`projections.reading.queries.Freshness` for readers who need both of two.

    It has come as far as the one that has come less far.
    """

    def __init__(self, one: Progress, other: Progress) -> None:
        self._one = one
        self._other = other

    @property
    def position(self) -> Position:
        """The position up to which every event is visible in both."""
        return min(self._one.position, self._other.position)

    @property
    def at_us(self) -> int:
        """When the last visible event was decided."""
        slower = self._one if self._one.position <= self._other.position else self._other
        return slower.at_us

    async def await_position(self, position: Position, timeout_s: float) -> bool:
        """Wait until everything up to ``position`` is visible in both."""
        begin = time.monotonic()
        if not await self._one.await_position(position, timeout_s):
            return False
        left_s = timeout_s - (time.monotonic() - begin)
        return await self._other.await_position(position, left_s)
