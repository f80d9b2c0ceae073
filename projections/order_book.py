"""Order books and candlesticks, kept together because every change of a best price shows in both."""

from typing import Any, ClassVar

from application.events import Recorded
from domain.market.events import MarketCreated, TradeExecuted
from projections.folds.candles import CANDLES, Quote, keys_at, opened, quote_of, quoted, traded
from projections.folds.market_book import (
    BOOK_EVENTS,
    BOOK_ORDERS,
    TOPS,
    BookOrderRow,
    MarketBook,
    TopRow,
)
from projections.folds.market_facts import ticker_of
from projections.running.projection import Projection
from projections.running.rows import Rows
from projections.running.store import Transaction

KEPT_ORDERS = 100_000
"""How many open orders of markets that were busy last stay in memory."""


class Books:
    """The books of the markets that have something going on."""

    def __init__(self) -> None:
        self._books: dict[str, MarketBook] = {}
        self._wanted: set[str] = set()
        self._touched: dict[str, str] = {}
        self._moved: set[str] = set()

    def want(self, ticker: str) -> None:
        """Ask for a market's book."""
        if ticker not in self._books:
            self._wanted.add(ticker)

    def list(self, ticker: str) -> None:
        """Take in the empty book of a new market."""
        self._books[ticker] = MarketBook.empty(ticker)
        self._moved.add(ticker)

    def apply(self, recorded: Recorded[Any]) -> MarketBook:
        """Apply an event to its book and return the book."""
        ticker = ticker_of(recorded.stream)
        book = self._books[ticker]
        touched = book.apply(recorded.event, revision=recorded.revision, sequence=recorded.position)
        if touched is not None:
            self._touched[touched.order_id] = ticker
        self._moved.add(ticker)
        return book

    def at_hand(self, ticker: str) -> MarketBook:
        """Return a book that was wanted."""
        return self._books[ticker]

    async def load(self, transaction: Transaction) -> None:
        """Set the wanted books up from their open orders."""
        wanted = self._wanted - self._books.keys()
        self._wanted = set()
        if not wanted:
            return
        orders: dict[str, list[BookOrderRow]] = {}
        for row in await transaction.load_where(BOOK_ORDERS, "ticker", wanted):
            orders.setdefault(row.ticker, []).append(row)
        tops: dict[str, TopRow] = {top.ticker: top for top in await transaction.load(TOPS, wanted)}
        for ticker, top in tops.items():
            self._books[ticker] = MarketBook(top, orders.get(ticker, ()))

    async def save(self, transaction: Transaction) -> None:
        """Write the orders and tops that changed."""
        standing: list[BookOrderRow] = []
        gone: list[str] = []
        for order_id, ticker in self._touched.items():
            row = self._books[ticker].orders.get(order_id)
            if row is None:
                gone.append(order_id)
            else:
                standing.append(row)
        if standing:
            await transaction.upsert(BOOK_ORDERS, standing)
        if gone:
            await transaction.delete(BOOK_ORDERS, gone)
        if self._moved:
            await transaction.upsert(TOPS, [self._books[ticker].top for ticker in self._moved])

    def settle(self) -> None:
        """Take note of the commit, and let books go when they hold too many orders."""
        self._touched.clear()
        self._moved.clear()
        held = len(self._books) + sum(len(book.orders) for book in self._books.values())
        while held > KEPT_ORDERS and len(self._books) > 1:
            book = self._books.pop(next(iter(self._books)))
            held -= len(book.orders) + 1

    def forget(self) -> None:
        """Drop everything."""
        self._books.clear()
        self._wanted.clear()
        self._touched.clear()
        self._moved.clear()


class OrderBookProjection(Projection):
    """Keeps each open order in its queue, the best prices, and candlesticks of both."""

    name: ClassVar[str] = "order_book"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self._books = Books()
        self._candles = Rows(CANDLES)
        super().__init__(
            parts=(self._books, self._candles),
            handlers={
                MarketCreated: lambda r: self._books.list(r.event.ticker),
                **dict.fromkeys(BOOK_EVENTS, self._changed),
            },
            wants=dict.fromkeys(BOOK_EVENTS, self._want),
        )

    def _want(self, recorded: Recorded[Any]) -> None:
        ticker = ticker_of(recorded.stream)
        self._books.want(ticker)
        for key in keys_at(ticker, recorded.cause.at_us):
            self._candles.want(key)

    def _changed(self, recorded: Recorded[Any]) -> None:
        top = self._books.at_hand(ticker_of(recorded.stream)).top
        before, last_price, interest = quote_of(top), top.last_price_ticks, top.open_interest
        self._books.apply(recorded)
        after = quote_of(top)
        if after != before or top.open_interest != interest or type(recorded.event) is TradeExecuted:
            self._draw(recorded, before, after, last_price, top.open_interest)

    def _draw(
        self, recorded: Recorded[Any], before: Quote, after: Quote, last_price: int | None, interest: int
    ) -> None:
        event = recorded.event
        for key in keys_at(ticker_of(recorded.stream), recorded.cause.at_us):
            row = self._candles.get(key) or opened(key, before, last_price)
            quoted(row, after)
            if type(event) is TradeExecuted:
                traded(row, event.price_ticks, event.quantity)
            row.open_interest = interest
            self._candles.put(row)
