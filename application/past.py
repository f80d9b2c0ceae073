"""How things stood: any market at any time, or right after any of its events (exercise 2)."""

import json
from collections.abc import AsyncIterator, Sequence

from application.events import DomainEvent, Recorded
from application.ports.codec import EventCodec
from application.ports.event_store import RecordedEvent, StreamReader
from application.ports.snapshots import Snapshots
from application.snapshots.history import StreamHistory
from application.snapshots.market_form import MARKET_FORM
from application.snapshots.standing import Standing
from application.streams import market_stream
from domain.identifiers import Ticker
from domain.market.aggregate import MARKET
from domain.market.commands import MarketCommand
from domain.market.events import MarketEvent, TradeExecuted
from domain.market.state import MarketState
from domain.quantities import Ticks

TRADE = "TradeExecuted"

LOOKED_BACK = 1_000
"""How many events are looked through for the last trade before a snapshot is asked."""

FIRST_GLANCE = 16
"""How many events are looked through first; the next stretch is eight times as long, and so on."""


class Past:
    """Answers from the log. A time means what had been decided by then, the moment itself included."""

    def __init__(self, *, reader: StreamReader, codec: EventCodec, snapshots: Snapshots) -> None:
        self._reader = reader
        self._codec = codec
        self._snapshots = snapshots

    async def get_price_at(self, market_id: Ticker, timestamp: int) -> Ticks | None:
        """Return what yes last traded at by a time in microseconds since the Unix epoch, that one included.

        ``None`` before the first trade.
        """
        revision = await self.revision_at(market_id, timestamp)
        trade = await self.latest(market_id, (TRADE,), until=revision, within=LOOKED_BACK)
        if trade is not None:
            assert isinstance(trade.event, TradeExecuted)
            return trade.event.price_ticks
        if revision < LOOKED_BACK:
            return None
        return (await self._history(market_id).at_revision(revision)).state.last_price

    async def market_at(self, ticker: Ticker, at_us: int) -> Standing[MarketState] | None:
        """Return a market as it stood at a time, ``None`` if it was not listed yet."""
        standing = await self._history(ticker).at_time(at_us)
        return standing if standing.state.created else None

    async def market_after(self, ticker: Ticker, revision: int) -> Standing[MarketState] | None:
        """Return a market as its event at ``revision`` left it, ``None`` if there is no such event."""
        standing = await self._history(ticker).at_revision(revision)
        return standing if standing.state.created and standing.tip.revision == revision else None

    async def revision_at(self, ticker: Ticker, at_us: int) -> int:
        """Return the revision of a market's last event at or before a time, -1 if there is none.

        Found by halving: about twenty events are read out of a million. Should a machine's clock have been
        set back between two events, it is the last before one of the later ones.
        """
        stream = market_stream(ticker)
        low = -1
        high = await self.last_revision(ticker)
        while low < high:
            middle = (low + high + 1) // 2
            event = await self.event(stream, middle)
            if event is not None and event.cause.at_us <= at_us:
                low = middle
            else:
                high = middle - 1
        return low

    async def naming(
        self, ticker: Ticker, name: str, *, first: int, last: int
    ) -> AsyncIterator[Recorded[DomainEvent]]:
        """Yield a market's events from ``first`` to ``last`` that name an order or an account."""
        named = json.dumps(name, ensure_ascii=False).encode()
        if first <= last:
            pages = self._reader.read_stream(
                market_stream(ticker), from_revision=first, limit=last - first + 1
            )
            async for page in pages:
                for stored in page:
                    if named in stored.data:
                        yield self._codec.decode(stored)

    async def event(self, stream: str, revision: int) -> Recorded[DomainEvent] | None:
        """Return one event of a stream, ``None`` if there is none at that revision."""
        async for page in self._reader.read_stream(stream, from_revision=revision, limit=1):
            for stored in page:
                return self._codec.decode(stored)
        return None

    async def latest(
        self, ticker: Ticker, types: Sequence[str], *, until: int, within: int
    ) -> Recorded[DomainEvent] | None:
        """Return a market's last event of some types up to a revision, looking so many events back."""
        oldest, glance = max(-1, until - within), FIRST_GLANCE
        while until > oldest:
            pages = self._reader.read_stream(
                market_stream(ticker), from_revision=until, backwards=True, limit=min(glance, until - oldest)
            )
            async for page in pages:
                for stored in page:
                    if stored.type in types:
                        return self._codec.decode(stored)
            until, glance = until - glance, glance * 8
        return None

    async def last_revision(self, ticker: Ticker) -> int:
        """Return the revision of a market's last event, -1 if there is none."""
        stream = market_stream(ticker)
        async for page in self._reader.read_stream(stream, from_revision=-1, backwards=True, limit=1):
            for stored in page:
                return stored.revision
        return -1

    async def stored(
        self, ticker: Ticker, *, first: int, last: int
    ) -> AsyncIterator[tuple[Sequence[RecordedEvent], EventCodec]]:
        """Yield a market's events from ``first`` to ``last`` as they are stored, and what reads them."""
        if first <= last:
            pages = self._reader.read_stream(
                market_stream(ticker), from_revision=first, limit=last - first + 1
            )
            async for page in pages:
                yield page, self._codec

    def _history(self, ticker: Ticker) -> StreamHistory[MarketState, MarketCommand, MarketEvent]:
        return StreamHistory(
            market_stream(ticker),
            MARKET,
            MARKET_FORM,
            reader=self._reader,
            codec=self._codec,
            snapshots=self._snapshots,
        )
