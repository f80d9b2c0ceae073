"""Markets as they stand, in memory: books, best prices, the latest trades.

This is what everybody looks at all the time, it is small (open orders, one day of minutes, the latest
trades), and only memory answers fast enough; so it does not live in SQL alone. It is set up from the rows of
the read model and goes on from there, so starting does not take longer as the log grows.
"""

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from application.events import DomainEvent, Recorded
from application.ports.clock import Clock
from application.ports.event_store import START, Position
from application.streams import MARKET
from application.turns import in_turns
from domain.group.events import GroupCreated
from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from domain.market.events import MarketCreated, TradeExecuted
from domain.market.vocabulary import MarketStatus
from projections.folds.candles import CandleRow
from projections.folds.market_book import BOOK_EVENTS, BookOrderRow, MarketBook, TopRow
from projections.folds.market_facts import CHANGES, MarketRow, change, group_of, listed, ticker_of
from projections.live.last_day import LastDay
from projections.reading.market_view import market_view
from projections.reading.views import BookView, MarketView, QueuePosition, TradeView
from projections.trades import trade_row, trade_view

log = logging.getLogger(__name__)

RECENT_TRADES = 200
"""How many of a market's latest trades are kept."""

DEPTHS_KEPT = 8
"""At how many depths a book is kept as it is told: whoever asks for every depth there is fills no memory."""


@dataclass(slots=True)
class BoardRows:
    """The rows a board is set up from: of one moment, in the order of their keys.

    ``series`` is by group; ``minutes`` are the one-minute candlesticks of the last day, and for each market
    the last one before it.
    """

    markets: Sequence[MarketRow] = ()
    series: dict[str, str] = field(default_factory=dict)
    tops: Sequence[TopRow] = ()
    orders: Sequence[BookOrderRow] = ()
    minutes: Sequence[CandleRow] = ()


class LiveMarket:
    """One market's row, book, last day and latest trades, and the views made of them."""

    __slots__ = ("book", "books", "day", "facts", "trades")

    def __init__(self, facts: MarketRow, book: MarketBook, day: LastDay) -> None:
        self.facts = facts
        self.book = book
        self.day = day
        self.trades: deque[TradeView] = deque(maxlen=RECENT_TRADES)
        self.books: dict[int | None, BookView] = {}

    @property
    def revision(self) -> int:
        """The revision of the last event that changed what is known here."""
        return max(self.facts.revision, self.book.top.revision)

    @property
    def over(self) -> bool:
        """Whether nothing can happen in it any more."""
        ended = self.facts.status == MarketStatus.FINALIZED.value
        return ended and not self.book.orders and not self.book.top.open_interest


class Onlooker(Protocol):
    """Sees each event right after the board has taken it in."""

    @property
    def messages(self) -> int:
        """How much it has told."""
        ...

    def happened(self, recorded: Recorded[DomainEvent], market: LiveMarket | None) -> None:
        """Look at an event and the market it is about as it left it, if it is one on the board."""
        ...

    def lost(self, ticker: str) -> None:
        """Take note that the board does not follow a market any more."""
        ...


class MarketBoard:
    """Answers :class:`projections.reading.queries.BookQueries`, and what is asked most about a market.

    A market that is over leaves the board; the read model still knows it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._markets: dict[str, LiveMarket] = {}
        self._series: dict[str, str] = {}
        self._resting: dict[str, dict[str, str]] = {}
        self._seen = START
        self.onlooker: Onlooker | None = None

    def restore(self, rows: BoardRows) -> None:
        """Set everything up as it stood when the rows were read."""
        self._markets.clear()
        self._resting.clear()
        self._series = dict(rows.series)
        orders, minutes = _by_ticker(rows.orders), _by_ticker(rows.minutes)
        tops = {top.ticker: top for top in rows.tops}
        for facts in rows.markets:
            ticker = facts.ticker
            top = tops.get(ticker)
            book = MarketBook(top, orders.get(ticker, ())) if top else MarketBook.empty(ticker)
            market = LiveMarket(facts, book, LastDay(minutes.get(ticker, ())))
            if not market.over:
                self._markets[ticker] = market
        for row in rows.orders:
            self._index(row)

    # -------------------------------------------------------------------------------------- following

    def take(self, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Take in events; those already taken in are passed over."""
        onlooker = self.onlooker
        for recorded in events:
            kind = type(recorded.event)
            if kind in CHANGES or kind in BOOK_EVENTS:
                market = self._changed(recorded)
            elif isinstance(recorded.event, MarketCreated):
                market = self._listed(recorded)
            else:
                in_market = recorded.stream.startswith(MARKET)
                market = self.on_board(ticker_of(recorded.stream)) if in_market else None
                if isinstance(recorded.event, GroupCreated):
                    self._series[group_of(recorded.stream)] = recorded.event.series
            if onlooker is not None and recorded.position > self._seen:
                onlooker.happened(recorded, market)
            self._seen = max(self._seen, recorded.position)

    @property
    def position(self) -> Position:
        """Up to where in the log events were taken in."""
        return self._seen

    def on_board(self, ticker: str) -> LiveMarket | None:
        """Return a market as it stands, ``None`` if it is not on the board."""
        return self._markets.get(ticker)

    def _listed(self, recorded: Recorded[Any]) -> LiveMarket:
        ticker = ticker_of(recorded.stream)
        market = self._markets.get(ticker)
        if market is None:
            market = self._markets[ticker] = LiveMarket(listed(recorded), MarketBook.empty(ticker), LastDay())
        return market

    def _changed(self, recorded: Recorded[Any]) -> LiveMarket | None:
        """Change a market; return it as the event left it, though it may leave the board with that."""
        ticker = ticker_of(recorded.stream)
        market = self._markets.get(ticker)
        if market is None:
            return None
        try:
            if recorded.revision > market.facts.revision and type(recorded.event) in CHANGES:
                change(market.facts, recorded)
            if recorded.revision > market.book.top.revision and type(recorded.event) in BOOK_EVENTS:
                self._moved(market, recorded)
        except Exception:
            # Wrong prices are worse than slow ones: from here on the read model answers for this market.
            log.exception("market %s leaves the board at revision %d", ticker, recorded.revision)
            del self._markets[ticker]
            if self.onlooker is not None:
                self.onlooker.lost(ticker)
            return None
        if market.over:
            del self._markets[ticker]
        return market

    def _moved(self, market: LiveMarket, recorded: Recorded[Any]) -> None:
        event, book = recorded.event, market.book
        touched = book.apply(event, revision=recorded.revision, sequence=recorded.position)
        if touched is not None:
            self._reindex(book, touched)
        traded = 0
        if isinstance(event, TradeExecuted):
            traded = event.quantity
            market.trades.append(trade_view(trade_row(recorded)))
        market.day.note(book.top, traded, recorded.cause.at_us)
        market.books.clear()

    def _reindex(self, book: MarketBook, row: BookOrderRow) -> None:
        if row.order_id in book.orders:
            self._index(row)
            return
        mine = self._resting.get(row.account_id)
        if mine is None:
            return
        mine.pop(row.order_id, None)
        if not mine:
            del self._resting[row.account_id]

    def _index(self, row: BookOrderRow) -> None:
        self._resting.setdefault(row.account_id, {})[row.order_id] = row.ticker

    # -------------------------------------------------------------------------------------- answering

    def market(self, ticker: Ticker) -> MarketView | None:
        """Return a market, ``None`` if it is not on the board."""
        market = self._markets.get(ticker)
        if market is None:
            return None
        facts = market.facts
        series = self._series.get(facts.group_id or "", "")
        return market_view(facts, market.book.top, series, market.day.view(self._clock.now_us()))

    def latest_trades(self, ticker: Ticker, limit: int) -> Sequence[TradeView] | None:
        """Return a market's latest trades, newest first; ``None`` if not enough of them are at hand."""
        market = self._markets.get(ticker)
        if market is None:
            return None
        kept = len(market.trades)
        if kept < limit and kept < market.facts.trades:
            return None
        return [market.trades[-place] for place in range(1, min(limit, kept) + 1)]

    async def book(self, ticker: Ticker, *, depth: int | None = None) -> BookView | None:
        """Return the best ``depth`` levels of both sides; ``None`` if the market is not on the board."""
        market = self._markets.get(ticker)
        if market is None:
            return None
        view = market.books.get(depth)
        if view is None:
            book = market.book
            view = market.books[depth] = BookView(
                ticker=ticker,
                yes=book.depth(book.yes, depth),
                no=book.depth(book.no, depth),
                revision=book.top.revision,
            )
            if len(market.books) > DEPTHS_KEPT:
                del market.books[next(iter(market.books))]
        return view

    async def queue_position(self, account_id: AccountId, order_id: OrderId) -> QueuePosition | None:
        """Return how much stands before an account's order, ``None`` if it does not rest."""
        ticker = self._resting.get(account_id, {}).get(order_id)
        return None if ticker is None else self._queue_position(order_id, ticker)

    async def queue_positions(
        self,
        account_id: AccountId,
        *,
        tickers: tuple[Ticker, ...] = (),
        group_ids: tuple[GroupId, ...] = (),
    ) -> Sequence[QueuePosition]:
        """Return how much stands before each of an account's resting orders, by market and age."""
        found: list[QueuePosition] = []
        for ticker, order_ids in sorted((await self._of_account(account_id, tickers, group_ids)).items()):
            market = self._markets.get(ticker)
            walk = market.book.walk_queues(order_ids) if market else ()
            ahead = {met[0]: met[1] async for met in in_turns(walk) if met is not None}
            found += [
                QueuePosition(order_id=OrderId(order_id), ticker=Ticker(ticker), ahead=ahead[order_id])
                async for order_id in in_turns(order_ids)
                if order_id in ahead
            ]
        return found

    async def _of_account(
        self, account_id: AccountId, tickers: Sequence[str], group_ids: Sequence[str]
    ) -> dict[str, list[str]]:
        """Return an account's resting orders in each market, by age."""
        mine, wanted = list(self._resting.get(account_id, {}).items()), frozenset(tickers)
        aged: dict[str, list[tuple[int, str]]] = {}
        async for order_id, ticker in in_turns(mine):
            market = self._markets.get(ticker)
            row = market.book.orders.get(order_id) if market else None
            if market is None or row is None or (wanted and ticker not in wanted):
                continue
            if not group_ids or market.facts.group_id in group_ids:
                aged.setdefault(ticker, []).append((row.sequence, order_id))
        return {ticker: [order_id for _, order_id in sorted(orders)] for ticker, orders in aged.items()}

    def _queue_position(self, order_id: str, ticker: str) -> QueuePosition | None:
        market = self._markets.get(ticker)
        ahead = market.book.queue_ahead(order_id) if market else None
        if ahead is None:
            return None
        return QueuePosition(order_id=OrderId(order_id), ticker=Ticker(ticker), ahead=ahead)


def _by_ticker(rows: Iterable[Any]) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row.ticker, []).append(row)
    return grouped
