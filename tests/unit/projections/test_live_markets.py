"""What is asked all the time is answered from memory; what memory does not know, from the rows."""

from types import SimpleNamespace
from typing import Any

import pytest

from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from projections.live.live_markets import LiveBooks, LiveMarkets
from projections.reading.queries import GroupFilter, MarketFilter, Page, Period, TradeFilter

ANN, M = AccountId("ann"), Ticker("M")


class Answers:
    """Answers with its name, and remembers what it was asked."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.asked: list[tuple[Any, ...]] = []

    async def market(self, ticker: Ticker) -> Any:
        self.asked.append((ticker,))
        return self._name

    async def trades(self, matching: TradeFilter, *, limit: int, cursor: str) -> Any:
        self.asked.append((matching, limit, cursor))
        return self._name

    async def book(self, ticker: Ticker, *, depth: int | None) -> Any:
        self.asked.append((ticker, depth))
        return self._name


class Board:
    """Knows what it is given."""

    def __init__(self, *, market: Any = None, trades: Any = None, book: Any = None) -> None:
        self._market, self._trades, self._book = market, trades, book
        self.limits: list[int] = []

    def market(self, _ticker: Ticker) -> Any:
        return self._market

    def latest_trades(self, _ticker: Ticker, limit: int) -> Any:
        self.limits.append(limit)
        return None if self._trades is None else self._trades[:limit]

    async def book(self, _ticker: Ticker, *, depth: int | None) -> Any:
        return self._book and f"{self._book} {depth}"


def live(board: Any, stored: Any) -> tuple[LiveMarkets, LiveBooks]:
    return LiveMarkets(board, stored), LiveBooks(board, stored)


async def test_nothing_is_read_of_what_memory_knows() -> None:
    stored = Answers("rows")
    markets, books = live(Board(market="memory", book="memory"), stored)
    assert (await markets.market(M), await books.book(M, depth=3)) == ("memory", "memory 3")
    assert stored.asked == []


async def test_what_memory_does_not_know_is_read() -> None:
    stored = Answers("rows")
    markets, books = live(Board(), stored)
    assert await markets.market(M) == await books.book(M, depth=3) == "rows"
    assert await markets.trades(TradeFilter(ticker=M), limit=2) == "rows"  # type: ignore[comparison-overlap]
    assert stored.asked == [(M,), (M, 3), (TradeFilter(ticker=M), 2, "")]


@pytest.mark.parametrize(
    ("kept", "items", "cursor"), [(1, "a", ""), (2, "ab", ""), (3, "ab", "20-2"), (4, "ab", "20-2")]
)
async def test_a_page_of_trades_from_memory_goes_on_where_rows_go_on(
    kept: int, items: str, cursor: str
) -> None:
    trades = [
        SimpleNamespace(name=name, at_us=10 * number, position=number)
        for number, name in enumerate("abcd"[:kept], start=1)
    ]
    board, stored = Board(trades=trades), Answers("rows")
    markets, _ = live(board, stored)
    page: Page[Any] = await markets.trades(TradeFilter(ticker=M), limit=2)
    assert ("".join(trade.name for trade in page.items), page.cursor) == (items, cursor)
    assert (board.limits, stored.asked) == ([3], [])


@pytest.mark.parametrize(
    ("matching", "limit", "cursor"),
    [
        (TradeFilter(), 2, ""),
        (TradeFilter(ticker=M, at=Period(since_us=1)), 2, ""),
        (TradeFilter(ticker=M), 2, "20-2"),
        (TradeFilter(ticker=M), 0, ""),
        (TradeFilter(ticker=M), -1, ""),
    ],
    ids=str,
)
async def test_older_trades_those_of_all_markets_and_nonsense_are_for_the_rows(
    matching: TradeFilter, limit: int, cursor: str
) -> None:
    board, stored = Board(trades=[]), Answers("rows")
    markets, _ = live(board, stored)
    assert await markets.trades(matching, limit=limit, cursor=cursor) == "rows"  # type: ignore[comparison-overlap]
    assert (board.limits, stored.asked) == ([], [(matching, limit, cursor)])


async def test_one_trade_to_a_page_comes_from_memory_too() -> None:
    trades = [SimpleNamespace(at_us=7, position=3), SimpleNamespace(at_us=6, position=2)]
    markets, _ = live(Board(trades=trades), Answers("rows"))
    page: Page[Any] = await markets.trades(TradeFilter(ticker=M), limit=1)
    assert (page.items, page.cursor) == (trades[:1], "7-3")


class Asked:
    """Answers whatever it is asked with what that was."""

    def __getattr__(self, name: str) -> Any:
        async def answer(*args: Any, **more: Any) -> Any:
            return name, args, more

        return answer


@pytest.mark.parametrize(
    ("name", "args", "more"),
    [
        ("markets", (MarketFilter(series="s"),), {"limit": 3, "cursor": "c"}),
        ("search", ("rain",), {"limit": 3}),
        ("most_traded", (), {"limit": 3}),
        ("group", (GroupId("G"),), {}),
        ("groups", (GroupFilter(series="s"),), {"limit": 3, "cursor": "c"}),
        ("series", ("s",), {}),
        ("series_list", (), {"category": "weather"}),
        ("candles", (M,), {"period_minutes": 60, "ends": Period(since_us=1)}),
    ],
)
async def test_what_memory_never_knows_is_asked_of_the_rows_just_as_it_is(
    name: str, args: tuple[Any, ...], more: dict[str, Any]
) -> None:
    markets, _ = live(Board(), Asked())
    assert await getattr(markets, name)(*args, **more) == (name, args, more)


@pytest.mark.parametrize(
    ("name", "args", "more"),
    [
        ("queue_position", (ANN, OrderId("o")), {}),
        ("queue_positions", (ANN,), {"tickers": (M,), "group_ids": (GroupId("G"),)}),
    ],
)
async def test_who_waits_behind_whom_is_asked_of_the_board_just_as_it_is(
    name: str, args: tuple[Any, ...], more: dict[str, Any]
) -> None:
    _, books = live(Asked(), Answers("rows"))
    assert await getattr(books, name)(*args, **more) == (name, args, more)
