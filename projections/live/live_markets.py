"""Questions about markets, answered from memory where it knows and from the read model where not."""

from collections.abc import Sequence

from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from projections.live.market_board import MarketBoard
from projections.reading.queries import (
    ALL_GROUPS,
    ALL_MARKETS,
    ALL_TRADES,
    ALWAYS,
    DEFAULT_LIMIT,
    BookQueries,
    GroupFilter,
    MarketFilter,
    MarketQueries,
    Page,
    Period,
    TradeFilter,
    moment,
)
from projections.reading.views import (
    BookView,
    CandleView,
    GroupView,
    MarketView,
    QueuePosition,
    SeriesView,
    TradeView,
)


class LiveMarkets:
    """Answers :class:`projections.reading.queries.MarketQueries`."""

    def __init__(self, board: MarketBoard, stored: MarketQueries) -> None:
        self._board = board
        self._stored = stored

    async def market(self, ticker: Ticker) -> MarketView | None:
        """Return a market, as it stands."""
        return self._board.market(ticker) or await self._stored.market(ticker)

    async def trades(
        self, matching: TradeFilter = ALL_TRADES, *, limit: int = DEFAULT_LIMIT, cursor: str = ""
    ) -> Page[TradeView]:
        """Return trades, newest first; the latest of a market come from memory."""
        if matching.ticker is not None and matching.at == ALWAYS and not cursor and limit > 0:
            latest = self._board.latest_trades(matching.ticker, limit + 1)
            if latest is not None:
                last = latest[limit - 1] if len(latest) > limit else None
                return Page(items=latest[:limit], cursor=moment(last.at_us, last.position) if last else "")
        return await self._stored.trades(matching, limit=limit, cursor=cursor)

    async def markets(
        self, matching: MarketFilter = ALL_MARKETS, *, limit: int = DEFAULT_LIMIT, cursor: str = ""
    ) -> Page[MarketView]:
        """Return markets, in the order they were listed."""
        return await self._stored.markets(matching, limit=limit, cursor=cursor)

    async def search(self, text: str, *, limit: int = DEFAULT_LIMIT) -> Sequence[MarketView]:
        """Return the markets whose words hold all of ``text``."""
        return await self._stored.search(text, limit=limit)

    async def most_traded(self, *, limit: int) -> Sequence[MarketView]:
        """Return the markets with the most volume in the last 24 hours."""
        return await self._stored.most_traded(limit=limit)

    async def group(self, group_id: GroupId) -> GroupView | None:
        """Return a group."""
        return await self._stored.group(group_id)

    async def groups(
        self, matching: GroupFilter = ALL_GROUPS, *, limit: int = DEFAULT_LIMIT, cursor: str = ""
    ) -> Page[GroupView]:
        """Return groups, in the order they were listed."""
        return await self._stored.groups(matching, limit=limit, cursor=cursor)

    async def series(self, series: str) -> SeriesView | None:
        """Return a series."""
        return await self._stored.series(series)

    async def series_list(self, *, category: str = "") -> Sequence[SeriesView]:
        """Return all series, or those of a category."""
        return await self._stored.series_list(category=category)

    async def candles(
        self, ticker: Ticker, *, period_minutes: int, ends: Period = ALWAYS
    ) -> Sequence[CandleView]:
        """Return a market's candlesticks."""
        return await self._stored.candles(ticker, period_minutes=period_minutes, ends=ends)


class LiveBooks:
    """Answers :class:`projections.reading.queries.BookQueries`."""

    def __init__(self, board: MarketBoard, stored: BookQueries) -> None:
        self._board = board
        self._stored = stored

    async def book(self, ticker: Ticker, *, depth: int | None = None) -> BookView | None:
        """Return the best levels of a market's book, as it stands."""
        view = await self._board.book(ticker, depth=depth)
        return view or await self._stored.book(ticker, depth=depth)

    async def queue_position(self, account_id: AccountId, order_id: OrderId) -> QueuePosition | None:
        """Return how much stands before an account's order."""
        return await self._board.queue_position(account_id, order_id)

    async def queue_positions(
        self,
        account_id: AccountId,
        *,
        tickers: tuple[Ticker, ...] = (),
        group_ids: tuple[GroupId, ...] = (),
    ) -> Sequence[QueuePosition]:
        """Return how much stands before each of an account's resting orders."""
        return await self._board.queue_positions(account_id, tickers=tickers, group_ids=group_ids)
