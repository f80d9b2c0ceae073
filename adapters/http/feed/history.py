"""Replays: what happened in a market from any past point on, then what happens.

The log is read a page at a time, as fast as the consumer takes it. What happens meanwhile waits in the log,
not in memory: only when nothing is left to be read is a subscription told what happens, from the next event
on.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, Protocol

from adapters.http.feed.channels import Channel, FeedCode, Refused
from adapters.http.feed.hub import Hub, single
from adapters.http.feed.messages import (
    Message,
    Quote,
    book_deltas,
    quote_of,
    snapshot,
    ticker_message,
)
from adapters.http.feed.subscription import Subscription
from application.events import Recorded
from application.past import Past
from application.ports.codec import EventCodec
from application.ports.event_store import RecordedEvent, StreamReader
from application.streams import market_stream
from domain.identifiers import Ticker
from domain.market.events import TradeExecuted
from projections.folds.market_book import BOOK_EVENTS, MarketBook
from projections.folds.past_book import book_of

PAGE = 1_000
"""How many events are read at a time."""

AT_ONCE = 100
"""After how many events others have their turn, and the consumer has to have room for more."""


class Room(Protocol):
    """Says when a consumer has taken enough for more to be read."""

    async def wait(self) -> None:
        """Wait until there is room."""
        ...


class Tale:
    """A market as it stood while its events are told."""

    def __init__(self, ticker: str, book: MarketBook, *, volume: int = 0) -> None:
        self.ticker = ticker
        self.book = book
        self._volume = volume
        self._last_trade = 0
        self._moved = False
        self._told = self._quote()

    def take(self, recorded: Recorded[Any]) -> None:
        """Take in the next event."""
        event = recorded.event
        self._moved = type(event) in BOOK_EVENTS
        if self._moved:
            self.book.apply(event, revision=recorded.revision, sequence=recorded.position)
            if isinstance(event, TradeExecuted):
                self._volume += event.quantity
                self._last_trade = event.quantity

    def told(self, channel: Channel, recorded: Recorded[Any]) -> Sequence[Message]:
        """Return what a channel tells of the event that was taken in last."""
        match channel:
            case Channel.BOOK:
                return book_deltas(recorded, self.book.moves) if self._moved else ()
            case Channel.TICKER:
                return list(self._ticker(recorded))
            case _:
                message = single(channel, recorded)
                return () if message is None else (message,)

    def _quote(self) -> Quote:
        return quote_of(self.book, volume=self._volume, last_trade=self._last_trade)

    def _ticker(self, recorded: Recorded[Any]) -> Iterator[Message]:
        quote = self._quote()
        if quote != self._told:
            self._told = quote
            yield ticker_message(
                self.ticker,
                quote,
                revision=recorded.revision,
                at_us=recorded.cause.at_us,
                position=recorded.position,
            )


class History:
    """Reads the log for those who come back."""

    def __init__(
        self, reader: StreamReader, codec: EventCodec, past: Past, hub: Hub, *, at_once: int
    ) -> None:
        self._reader = reader
        self._codec = codec
        self._past = past
        self._hub = hub
        self._turn = asyncio.Semaphore(at_once)
        self.replays = 0
        self.messages = 0

    async def check(self, ticker: str, revision: int) -> None:
        """Raise :class:`Refused` for a revision that not even the next event of the market will have."""
        stream, last = market_stream(Ticker(ticker)), -1
        async for page in self._reader.read_stream(stream, from_revision=-1, backwards=True, limit=1):
            last = page[0].revision
        if revision > last + 1:
            raise Refused(
                FeedCode.REVISION_IN_THE_FUTURE,
                f"the last revision of {ticker} is {last}: from_revision is at most {last + 1}",
            )

    async def replay(
        self,
        subscriptions: Sequence[Subscription],
        ticker: str,
        revision: int,
        room: Room,
        *,
        with_snapshot: bool,
    ) -> None:
        """Tell subscriptions of a market from an event on, and have them told what happens then.

        They have joined the hub before, and are not live.
        """
        async with self._turn:
            self.replays += 1
            tale = await self._tale(subscriptions, ticker, revision)
            if all(each.ended for each in subscriptions):
                return  # nobody would take the topic away again
            if with_snapshot:
                self._tell_before(subscriptions, tale, revision - 1)
            topic = self._hub.topic(ticker)
            while True:
                async for events in self._events(ticker, revision):
                    self._tell(subscriptions, tale, events)
                    revision = events[-1].revision + 1
                    await asyncio.sleep(0)
                    await room.wait()
                    if all(each.ended for each in subscriptions):
                        return
                if topic.revision is None or topic.revision < revision:
                    for subscription in subscriptions:
                        subscription.live = True
                    return

    def _tell(
        self, subscriptions: Sequence[Subscription], tale: Tale, events: Iterable[RecordedEvent]
    ) -> None:
        """Tell of some events. A market goes through here whole: what is bound once is not looked up."""
        decode, take, told = self._codec.decode, tale.take, tale.told
        for stored in events:
            recorded = decode(stored)
            take(recorded)
            for subscription in subscriptions:
                subscription.after = recorded.position
                for message in told(subscription.channel, recorded):
                    subscription.tell(message)
                    self.messages += 1

    def _tell_before(self, subscriptions: Sequence[Subscription], tale: Tale, revision: int) -> None:
        for subscription in subscriptions:
            if subscription.channel is Channel.BOOK:
                subscription.tell(snapshot(tale.ticker, tale.book, revision, subscription.after))

    async def _tale(self, subscriptions: Sequence[Subscription], ticker: str, revision: int) -> Tale:
        """Return a market as it stood before an event."""
        channels = {each.channel for each in subscriptions}
        if revision == 0 or channels.isdisjoint((Channel.BOOK, Channel.TICKER)):
            return Tale(ticker, MarketBook.empty(ticker))
        stood = await self._past.market_after(Ticker(ticker), revision - 1)
        assert stood is not None, f"{ticker} has no revision {revision - 1}"
        return Tale(ticker, book_of(stood.state), volume=stood.state.volume)

    async def _events(self, ticker: str, revision: int) -> AsyncIterator[Sequence[RecordedEvent]]:
        """Yield a market's events from a revision on, a few at a time, up to the present end of the log."""
        stream, found = market_stream(Ticker(ticker)), PAGE
        while found == PAGE:
            found = 0
            async for page in self._reader.read_stream(stream, from_revision=revision, limit=PAGE):
                for start in range(0, len(page), AT_ONCE):
                    yield page[start : start + AT_ONCE]
                found += len(page)
            revision += found
