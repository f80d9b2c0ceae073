"""Replays: what happened in a market from any past point on, then what happens.

The log is read a page at a time, as fast as the consumer takes it. What happens meanwhile waits in the log,
not in memory: only when nothing is left to be read is a subscription told what happens, from the next event
on.

Who was away for a moment only misses what many others have missed too, for example when the exchange was
restarted. How the market stood then is found out once for all of them: that is what is dear.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Protocol

from adapters.http.feed.channels import Channel, FeedCode, Refused
from adapters.http.feed.hub import Hub
from adapters.http.feed.messages import Message, snapshot
from adapters.http.feed.subscription import Subscription
from adapters.http.feed.tale import Retelling, Tale
from application.past import Past
from application.ports.codec import EventCodec
from application.ports.event_store import START, Filter, LogReader, Position, RecordedEvent, StreamReader
from application.streams import market_stream
from domain.identifiers import Ticker
from projections.folds.market_book import MarketBook
from projections.folds.past_book import book_of

PAGE = 1_000
"""How many events are read at a time."""

AT_ONCE = 100
"""After how many events others have their turn, and the consumer has to have room for more."""

NEAR = 2_000
"""Whoever has missed fewer events than these shares with others what is told of them."""

SHARED_ORDERS = 200_000
"""How many open orders there may be in all markets of which that is kept: some 300 bytes each."""

SHARED_MARKETS = 64


class FeedLog(StreamReader, LogReader, Protocol):
    """A log that streams can be read from, and that has an end."""


class Room(Protocol):
    """Says when a consumer has taken enough for more to be read."""

    async def wait(self) -> None:
        """Wait until there is room."""
        ...


class History:
    """Reads the log for those who come back."""

    def __init__(self, reader: FeedLog, codec: EventCodec, past: Past, hub: Hub, *, at_once: int) -> None:
        self._reader = reader
        self._codec = codec
        self._past = past
        self._hub = hub
        self._turn = asyncio.Semaphore(at_once)
        self._shared: dict[str, Retelling] = {}
        self._sharing = asyncio.Lock()
        self.replays = 0
        self.messages = 0

    async def check(self, ticker: str, revision: int) -> None:
        """Raise :class:`Refused` for a revision that not even the next event of the market will have."""
        last, _ = await self._last(ticker)
        if revision > last + 1:
            raise Refused(
                FeedCode.REVISION_IN_THE_FUTURE,
                f"the last revision of {ticker} is {last}: from_revision is at most {last + 1}",
            )

    async def _last(self, ticker: str) -> tuple[int, Position]:
        """Return the revision of a market's latest event, and where in the log it stands."""
        stream = market_stream(Ticker(ticker))
        async for page in self._reader.read_stream(stream, from_revision=-1, backwards=True, limit=1):
            return page[0].revision, page[0].position
        return -1, START

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
            topic, tale = self._hub.topic(ticker), None
            if with_snapshot:
                tale = await self._tale(subscriptions, ticker, revision)
                self._tell_before(subscriptions, tale, revision - 1)
            while not all(each.ended for each in subscriptions):
                last, position = await self._last(ticker)
                if revision > last:
                    if topic.revision is None or topic.revision < revision:
                        for subscription in subscriptions:
                            # What this process has yet to hear of is what they have heard already.
                            subscription.after = max(subscription.after, position)
                            subscription.live = True
                        return
                    continue
                if tale is None and last - revision < NEAR:
                    revision = await self._tell_near(subscriptions, ticker, revision, last, room)
                    continue
                if tale is None:
                    tale = await self._tale(subscriptions, ticker, revision)
                revision = await self._tell_far(subscriptions, tale, revision, room)

    async def check_position(self, position: Position) -> None:
        """Raise :class:`Refused` for a position that lies after the end of the log."""
        head = await self._reader.head()
        if position > head:
            raise Refused(
                FeedCode.REVISION_IN_THE_FUTURE,
                f"the log ends at {head}: from_position is at most that",
            )

    async def replay_after(
        self, subscriptions: Sequence[Subscription], tickers: Sequence[str], position: Position, room: Room
    ) -> None:
        """Tell subscriptions of some markets what came after a position of the log, in the log's order.

        They have joined the hub before, and are not live; they are once nothing is left to be read.
        """
        streams = {market_stream(Ticker(ticker)): ticker for ticker in tickers}
        tales: dict[str, Tale] = {}
        for subscription in subscriptions:
            subscription.after = position
        async with self._turn:
            self.replays += 1
            while not all(each.ended for each in subscriptions):
                head = await self._reader.head()
                async for page in self._reader.read_all(
                    after=position, matching=Filter(stream_prefixes=tuple(streams))
                ):
                    for number, stored in enumerate(page.events, 1):
                        if stored.stream in streams:
                            tale = tales.get(stored.stream)
                            if tale is None:
                                tale = await self._tale(
                                    subscriptions, streams[stored.stream], stored.revision
                                )
                                tales[stored.stream] = tale
                            self._tell(subscriptions, tale, (stored,))
                        if number % AT_ONCE == 0:
                            await asyncio.sleep(0)
                            await room.wait()
                    await room.wait()
                    position = max(position, page.position)
                    if all(each.ended for each in subscriptions):
                        return
                position = max(position, head)
                if self._hub.position <= position:
                    for subscription in subscriptions:
                        subscription.after = max(subscription.after, position)
                        subscription.live = True
                    return

    # ----------------------------------------------------------------------------- told to one by itself

    async def _tell_far(
        self, subscriptions: Sequence[Subscription], tale: Tale, revision: int, room: Room
    ) -> int:
        """Tell of all that the log has from a revision on; return the next."""
        async for events in self._events(tale.ticker, revision):
            self._tell(subscriptions, tale, events)
            revision = events[-1].revision + 1
            await asyncio.sleep(0)
            await room.wait()
            if all(each.ended for each in subscriptions):
                break
        return revision

    def _tell(
        self, subscriptions: Sequence[Subscription], tale: Tale, events: Iterable[RecordedEvent]
    ) -> None:
        """Tell of some events. A market goes through here whole: what is bound once is not looked up."""
        decode, take, told = self._codec.decode, tale.take, tale.told
        entries: list[tuple[Subscription, Message]] = []
        for stored in events:
            recorded = decode(stored)
            take(recorded)
            for each in subscriptions:
                entries += [(each, message) for message in told(each.channel, recorded)]
        for subscription in subscriptions:
            subscription.after = recorded.position
        subscriptions[0].outbox.put_all(entries)
        self.messages += len(entries)

    def _tell_before(self, subscriptions: Sequence[Subscription], tale: Tale, revision: int) -> None:
        for subscription in subscriptions:
            if subscription.channel is Channel.BOOK:
                subscription.tell(snapshot(tale.ticker, tale.book, revision, subscription.after))

    async def _tale(self, subscriptions: Sequence[Subscription], ticker: str, revision: int) -> Tale:
        """Return a market as it stood before an event."""
        channels = {each.channel for each in subscriptions}
        if channels.isdisjoint((Channel.BOOK, Channel.TICKER)):
            return Tale(ticker, MarketBook.empty(ticker))
        return await self._stood(ticker, revision)

    async def _stood(self, ticker: str, revision: int) -> Tale:
        if revision == 0:
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

    # ------------------------------------------------------------------------------ told to many together

    async def _tell_near(
        self, subscriptions: Sequence[Subscription], ticker: str, revision: int, last: int, room: Room
    ) -> int:
        """Tell of what is shared from a revision on; return the next."""
        retelling = await self._retelling(ticker, revision, last)
        while stretch := retelling.stretch(revision, AT_ONCE):
            for position, messages in stretch:
                for subscription in subscriptions:
                    subscription.after = position
                    for message in messages[subscription.channel]:
                        subscription.tell(message)
                        self.messages += 1
            revision += len(stretch)
            await asyncio.sleep(0)
            await room.wait()
            if all(each.ended for each in subscriptions):
                break
        return revision

    async def _retelling(self, ticker: str, revision: int, last: int) -> Retelling:
        """Return what is shared of a market, from a revision or an earlier one to the last."""
        async with self._sharing:
            shared = self._shared.pop(ticker, None)  # whatever goes wrong, it is found out anew then
            if shared is None or revision < shared.first or last - shared.upcoming >= NEAR:
                first = max(0, last + 1 - NEAR)
                shared = Retelling(await self._stood(ticker, first), first, kept=NEAR)
            if shared.upcoming <= last:
                async for events in self._events(ticker, shared.upcoming):
                    for stored in events:
                        shared.add(self._codec.decode(stored))
                    await asyncio.sleep(0)
            self._shared[ticker] = shared
            self._forget()
            return shared

    def _forget(self) -> None:
        """Keep of few markets what is shared: those that were asked for last."""
        orders = sum(len(each.tale.book.orders) for each in self._shared.values())
        while self._shared and (orders > SHARED_ORDERS or len(self._shared) > SHARED_MARKETS):
            oldest = next(iter(self._shared))
            orders -= len(self._shared.pop(oldest).tale.book.orders)
