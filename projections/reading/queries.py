"""What readers may ask. One small protocol per need; a store answers all of them.

Lists come in pages: hand ``cursor`` back to get the next one; an empty cursor ends the list. Lists of what
happened (orders, fills, trades, settlements, entries) are newest first.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from application.ports.event_store import Position
from domain.identifiers import AccountId, GroupId, OrderId, Ticker, TradeId
from domain.market.vocabulary import MarketStatus
from projections.reading.views import (
    BalanceView,
    BookView,
    CandleView,
    FillView,
    GroupPositionView,
    GroupView,
    KeyView,
    LeaderboardEntry,
    LeaderboardPeriod,
    LedgerEntryView,
    MarketView,
    OrderGroupView,
    OrderStatus,
    OrderView,
    PositionView,
    QueuePosition,
    RedemptionView,
    SeriesView,
    SettlementView,
    TradeView,
)

T_co = TypeVar("T_co", covariant=True)

MAX_LIMIT = 1_000
"""The largest page any query gives."""

DEFAULT_LIMIT = 100

MAX_CANDLES = 10_000
"""The most candlesticks one query gives."""


class InvalidQuery(ValueError):
    """A question that has no answer: an unknown cursor, a limit beyond the cap, an impossible period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T_co]):
    """Some of the items, and the cursor for those that follow; empty at the end."""

    items: Sequence[T_co]
    cursor: str = ""


T = TypeVar("T")


async def everything(page_at: Callable[[str], Awaitable[Page[T]]]) -> Sequence[T]:
    """Return the items of all pages, one page after the other; others have their turn in between."""
    page = await page_at("")
    items = list(page.items)
    while page.cursor:
        await asyncio.sleep(0)
        page = await page_at(page.cursor)
        items.extend(page.items)
    return items


def moment(at_us: int, position: int) -> str:
    """Return the cursor of what follows an item in a list that is newest first."""
    return f"{at_us}-{position}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From ``since_us`` on, and up to ``until_us``; both included where given."""

    since_us: int | None = None
    until_us: int | None = None


ALWAYS = Period()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketFilter:
    """Which markets; whatever is empty admits all. ``statuses`` are alternatives."""

    tickers: tuple[Ticker, ...] = ()
    group_ids: tuple[GroupId, ...] = ()
    series: str = ""
    statuses: tuple[MarketStatus, ...] = ()
    created: Period = ALWAYS
    closes: Period = ALWAYS
    settled: Period = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFilter:
    """Which groups. ``statuses`` are of their markets: at least one market has one of them."""

    series: str = ""
    statuses: tuple[MarketStatus, ...] = ()
    closes: Period = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeFilter:
    """Which trades."""

    ticker: Ticker | None = None
    at: Period = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Which orders of an account. ``created`` is when they were placed."""

    tickers: tuple[Ticker, ...] = ()
    group_ids: tuple[GroupId, ...] = ()
    status: OrderStatus | None = None
    order_group_id: str | None = None
    created: Period = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class FillFilter:
    """Which fills of an account."""

    ticker: Ticker | None = None
    order_id: OrderId | None = None
    at: Period = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionFilter:
    """Which positions of an account: by market, and those with shares, or that have traded, only."""

    ticker: Ticker | None = None
    group_ids: tuple[GroupId, ...] = ()
    holding: bool = False
    traded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementFilter:
    """Which settlements of an account."""

    ticker: Ticker | None = None
    group_ids: tuple[GroupId, ...] = ()
    at: Period = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionFilter:
    """Which redemptions of an account."""

    ticker: Ticker | None = None
    at: Period = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFilter:
    """Which ledger entries of an account."""

    order_id: OrderId | None = None
    ticker: Ticker | None = None
    trade_id: TradeId | None = None
    at: Period = ALWAYS


ALL_MARKETS = MarketFilter()
ALL_GROUPS = GroupFilter()
ALL_TRADES = TradeFilter()
ALL_ORDERS = OrderFilter()
ALL_FILLS = FillFilter()
ALL_POSITIONS = PositionFilter()
ALL_SETTLEMENTS = SettlementFilter()
ALL_REDEMPTIONS = RedemptionFilter()
ALL_ENTRIES = LedgerFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioView:
    """What an account owns and waits for. Where there is more than a page, the page's cursor says so."""

    balance: BalanceView
    positions: Page[PositionView]
    open_orders: Page[OrderView]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStanding:
    """All of an account's positions and open orders, and up to where in the log each of the two goes."""

    positions: Sequence[PositionView]
    positions_at: Position
    open_orders: Sequence[OrderView]
    orders_at: Position


class MarketQueries(Protocol):
    """Markets, groups and what was traded: public."""

    async def market(self, ticker: Ticker) -> MarketView | None:
        """Return a market, ``None`` if there is no such market."""
        ...

    async def markets(
        self, matching: MarketFilter = ALL_MARKETS, *, limit: int = DEFAULT_LIMIT, cursor: str = ""
    ) -> Page[MarketView]:
        """Return markets, in the order they were listed."""
        ...

    async def search(self, text: str, *, limit: int = DEFAULT_LIMIT) -> Sequence[MarketView]:
        """Return the markets whose question or rules hold all words of ``text``, best first."""
        ...

    async def most_traded(self, *, limit: int) -> Sequence[MarketView]:
        """Return the markets with the most volume in the last 24 hours, most first."""
        ...

    async def group(self, group_id: GroupId) -> GroupView | None:
        """Return a group, ``None`` if there is no such group."""
        ...

    async def groups(
        self, matching: GroupFilter = ALL_GROUPS, *, limit: int = DEFAULT_LIMIT, cursor: str = ""
    ) -> Page[GroupView]:
        """Return groups, in the order they were listed."""
        ...

    async def series(self, series: str) -> SeriesView | None:
        """Return a series, ``None`` if no group belongs to it."""
        ...

    async def series_list(self, *, category: str = "") -> Sequence[SeriesView]:
        """Return all series, or those of a category, by name."""
        ...

    async def trades(
        self, matching: TradeFilter = ALL_TRADES, *, limit: int = DEFAULT_LIMIT, cursor: str = ""
    ) -> Page[TradeView]:
        """Return trades, newest first."""
        ...

    async def candles(
        self, ticker: Ticker, *, period_minutes: int, ends: Period = ALWAYS
    ) -> Sequence[CandleView]:
        """Return a market's candlesticks that end within ``ends``, oldest first; quiet periods are left out.

        At most :data:`MAX_CANDLES`; raises :class:`InvalidQuery` for a period that is not kept.
        """
        ...


class BookQueries(Protocol):
    """The order books as they stand: public."""

    async def book(self, ticker: Ticker, *, depth: int | None = None) -> BookView | None:
        """Return the best ``depth`` levels of both sides, all by default; ``None`` if no such market."""
        ...

    async def queue_position(self, account_id: AccountId, order_id: OrderId) -> QueuePosition | None:
        """Return how much stands before an account's order, ``None`` if it does not rest."""
        ...

    async def queue_positions(
        self,
        account_id: AccountId,
        *,
        tickers: tuple[Ticker, ...] = (),
        group_ids: tuple[GroupId, ...] = (),
    ) -> Sequence[QueuePosition]:
        """Return how much stands before each of an account's resting orders."""
        ...


class OrderQueries(Protocol):
    """Orders and order groups, each account's own."""

    async def order(self, account_id: AccountId, order_id: OrderId) -> OrderView | None:
        """Return an account's order, ``None`` if it has no such order."""
        ...

    async def orders(
        self,
        account_id: AccountId,
        matching: OrderFilter = ALL_ORDERS,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str = "",
    ) -> Page[OrderView]:
        """Return an account's orders, newest first."""
        ...

    async def resting_value(self, account_id: AccountId) -> int:
        """Return price times remaining quantity over all open orders of an account, in millionths."""
        ...

    async def order_group(self, account_id: AccountId, order_group_id: str) -> OrderGroupView | None:
        """Return an account's order group, ``None`` if it has no such group."""
        ...

    async def order_groups(
        self, account_id: AccountId, *, limit: int = DEFAULT_LIMIT, cursor: str = ""
    ) -> Page[OrderGroupView]:
        """Return an account's order groups, oldest first."""
        ...


class PortfolioQueries(Protocol):
    """Money and holdings, each account's own."""

    async def balance(self, account_id: AccountId) -> BalanceView:
        """Return an account's money: nothing for an account that never had any."""
        ...

    async def get_portfolio(self, account_id: AccountId, *, limit: int = MAX_LIMIT) -> PortfolioView:
        """Return money, and the first page each of positions and open orders, all of the same moment."""
        ...

    async def get_positions(
        self,
        account_id: AccountId,
        matching: PositionFilter = ALL_POSITIONS,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str = "",
    ) -> Page[PositionView]:
        """Return an account's positions, by ticker."""
        ...

    async def standing(self, account_id: AccountId) -> AccountStanding:
        """Return what an account holds and waits for, all of it and of the same moment."""
        ...

    async def get_open_orders(
        self, account_id: AccountId, *, limit: int = DEFAULT_LIMIT, cursor: str = ""
    ) -> Page[OrderView]:
        """Return an account's open orders, newest first."""
        ...

    async def group_positions(
        self, account_id: AccountId, group_ids: tuple[GroupId, ...] = ()
    ) -> Sequence[GroupPositionView]:
        """Return an account's positions added up by group, by group id."""
        ...

    async def fills(
        self,
        account_id: AccountId,
        matching: FillFilter = ALL_FILLS,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str = "",
    ) -> Page[FillView]:
        """Return an account's fills, newest first."""
        ...

    async def settlements(
        self,
        account_id: AccountId,
        matching: SettlementFilter = ALL_SETTLEMENTS,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str = "",
    ) -> Page[SettlementView]:
        """Return how an account's positions ended, newest first."""
        ...

    async def redemptions(
        self,
        account_id: AccountId,
        matching: RedemptionFilter = ALL_REDEMPTIONS,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str = "",
    ) -> Page[RedemptionView]:
        """Return which of an account's pairs were redeemed, newest first."""
        ...

    async def ledger_entries(
        self,
        account_id: AccountId,
        matching: LedgerFilter = ALL_ENTRIES,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str = "",
    ) -> Page[LedgerEntryView]:
        """Return why an account's money moved, newest first."""
        ...


class KeyQueries(Protocol):
    """API keys."""

    async def key(self, key_id: str) -> KeyView | None:
        """Return a key, revoked ones too; ``None`` if there is no such key."""
        ...

    async def keys(self, account_id: AccountId) -> Sequence[KeyView]:
        """Return an account's keys that are in force, oldest first."""
        ...


class LeaderboardQueries(Protocol):
    """Who made the most: public."""

    async def get_top(
        self, n: int, period: LeaderboardPeriod = LeaderboardPeriod.ALL, *, at_us: int | None = None
    ) -> Sequence[LeaderboardEntry]:
        """Return the ``n`` traders with the most profit in the present day, week or month, or of all time.

        With ``at_us``: in the period that holds this time, as it stood then.
        """
        ...


class Freshness(Protocol):
    """How far the read models have come."""

    @property
    def position(self) -> Position:
        """The position up to which every event is visible in every read model."""
        ...

    @property
    def at_us(self) -> int:
        """When the last visible event was decided; zero before the first."""
        ...

    async def await_position(self, position: Position, timeout_s: float) -> bool:
        """Wait until everything up to ``position`` is visible; return whether it is within the time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadModels:
    """Everything readers ask, in one hand."""

    markets: MarketQueries
    books: BookQueries
    orders: OrderQueries
    portfolio: PortfolioQueries
    keys: KeyQueries
    leaderboard: LeaderboardQueries
    freshness: Freshness
