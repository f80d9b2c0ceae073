"""What readers see: plain facts in the domain's integers, without a word about how they are stored.

Units: ``*_ticks`` $0.0001; quantities hundredths of a contract; money millionths of a dollar; ``*_us``
microseconds since the Unix epoch, UTC. ``revision`` is the revision of the market's stream (gapless), and
``position`` where the event behind a fact stands in the whole log.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from application.ports.event_store import Position
from domain.fees import FeeSchedule
from domain.group.aggregate import GroupStatus
from domain.identifiers import AccountId, GroupId, OrderId, Ticker, TradeId
from domain.identity.aggregate import Scope
from domain.market.vocabulary import (
    Action,
    Condition,
    EndReason,
    FillKind,
    MarketStatus,
    OrderType,
    Result,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from domain.quantities import PAYOUT_TICKS, Money, Quantity, Ticks, complement

# ------------------------------------------------------------------------------------------ markets


OPEN_ENDED_US = 4_102_444_800_000_000
"""2100-01-01T00:00:00Z: when trading ends that has no end. Clients of the public interface need a date, and
one that they can bring into any time zone and count in any unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketView:
    """A market: what it is, where it stands, and how it trades.

    ``open_interest`` is the number of pairs outstanding, ``liquidity`` the money bid on the book.
    ``previous_*`` is how things stood 24 hours ago; ``settlement_ticks`` what a yes share pays, once known.
    ``close_at_us`` is when trading is due to end, ``closed_at_us`` when it did; one of them, or a day far
    away, is ``close_time_us``: what readers are told and ask for.
    """

    ticker: Ticker
    group_id: GroupId | None
    series: str
    title: str
    rules: str
    rules_version: int
    category: str
    status: MarketStatus
    status_reason: str
    result: Result | None
    settlement_ticks: Ticks | None
    condition: Condition
    parent: Ticker | None
    required: Result | None
    tick_size_ticks: Ticks
    price_min_ticks: Ticks
    price_max_ticks: Ticks
    quantity_min: Quantity
    quantity_step: Quantity
    position_limit: Quantity | None
    fees: FeeSchedule
    yes_bid_ticks: Ticks | None
    no_bid_ticks: Ticks | None
    yes_bid_size: Quantity
    no_bid_size: Quantity
    liquidity: Money
    last_price_ticks: Ticks | None
    volume: Quantity
    volume_24h: Quantity
    open_interest: Quantity
    trades: int
    previous_price_ticks: Ticks | None
    previous_yes_bid_ticks: Ticks | None
    previous_no_bid_ticks: Ticks | None
    created_at_us: int
    opened_at_us: int | None
    close_at_us: int | None
    closed_at_us: int | None
    determined_at_us: int | None
    settled_at_us: int | None
    updated_at_us: int
    revision: int

    @property
    def close_time_us(self) -> int:
        """When trading ended or is due to end; :data:`OPEN_ENDED_US` if it is not due to."""
        if self.closed_at_us is not None:
            return self.closed_at_us
        return OPEN_ENDED_US if self.close_at_us is None else self.close_at_us

    @property
    def last_step_at_us(self) -> int:
        """When the market last opened, closed, got a result or was settled; else when it was listed."""
        steps = (self.opened_at_us, self.closed_at_us, self.determined_at_us, self.settled_at_us)
        return max((self.created_at_us, *(at_us for at_us in steps if at_us is not None)))


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """A group of mutually exclusive markets (the public interface: an *event*)."""

    group_id: GroupId
    title: str
    category: str
    series: str
    members: tuple[Ticker, ...]
    status: GroupStatus
    winner: Ticker | None
    created_at_us: int
    updated_at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesView:
    """What groups of the same series have in common; ``title`` and ``category`` are the first group's.

    The fees are the highest that any of its markets has; ``flat_ticks`` is what a contract costs as a taker.
    """

    series: str
    title: str
    category: str
    groups: int
    quadratic_bps: int
    flat_ticks: int
    makers_pay: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BookView:
    """Bids for yes and bids for no, as (price in the terms of that side, quantity), best first."""

    ticker: Ticker
    yes: tuple[tuple[Ticks, Quantity], ...]
    no: tuple[tuple[Ticks, Quantity], ...]
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePosition:
    """How much stands before a resting order: at better prices, and earlier at its own."""

    order_id: OrderId
    ticker: Ticker
    ahead: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeView:
    """Two orders that met. ``price_ticks`` is in yes terms; ``taker_side`` what the taker bid for.

    Selling yes is bidding for no.
    """

    trade_id: TradeId
    ticker: Ticker
    price_ticks: Ticks
    quantity: Quantity
    taker_side: Side
    kind: FillKind
    rules_version: int
    at_us: int
    revision: int
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Ohlc:
    """How a price moved through a period."""

    open_ticks: Ticks
    high_ticks: Ticks
    low_ticks: Ticks
    close_ticks: Ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleView:
    """A market through one period, which ends just before ``end_at_us``.

    ``price`` and ``mean_ticks`` are of the trades in the period, ``None`` if there were none;
    ``previous_ticks`` is the last trade before it. ``yes_bid`` and ``yes_ask`` are the best prices on the
    book: 0 where nothing was bid, 10,000 where nothing was asked.
    """

    ticker: Ticker
    period_minutes: int
    end_at_us: int
    price: Ohlc | None
    mean_ticks: Ticks | None
    previous_ticks: Ticks | None
    yes_bid: Ohlc
    yes_ask: Ohlc
    volume: Quantity
    open_interest: Quantity


# ------------------------------------------------------------------------------------------- orders


class OrderStatus(StrEnum):
    """Where an order stands. The values are stored and public."""

    RESTING = "resting"
    CANCELED = "canceled"
    EXECUTED = "executed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order. ``filled + remaining + canceled + lapsed + voided == initial``, always.

    ``canceled`` was taken off by its owner, ``lapsed`` by a rule the order lived under, ``voided`` because
    the market ended without a result. ``end_reason`` is why an order ended that did not fill whole.
    ``price_ticks`` is in the terms of ``side``; the fill costs leave fees out.
    """

    order_id: OrderId
    account_id: AccountId
    client_order_id: str
    ticker: Ticker
    side: Side
    action: Action
    order_type: OrderType
    price_ticks: Ticks
    time_in_force: TimeInForce
    status: OrderStatus
    end_reason: EndReason | None
    initial: Quantity
    filled: Quantity
    remaining: Quantity
    canceled: Quantity
    lapsed: Quantity
    voided: Quantity
    maker_fill_cost: Money
    taker_fill_cost: Money
    maker_fees: Money
    taker_fees: Money
    reserved: Money
    expires_at_us: int | None
    stop_price_ticks: Ticks | None
    triggered_at_us: int | None
    post_only: bool
    reduce_only: bool
    self_trade_prevention: SelfTradePrevention
    order_group_id: str | None
    cancel_on_pause: bool
    created_at_us: int
    updated_at_us: int
    revision: int
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderGroupView:
    """A group of orders that is taken off once ``limit`` has filled."""

    order_group_id: str
    account_id: AccountId
    limit: Quantity
    filled: Quantity
    triggered: bool
    created_at_us: int
    updated_at_us: int


# ---------------------------------------------------------------------------------------- portfolio


@dataclass(frozen=True, slots=True, kw_only=True)
class FillView:
    """One account's side of a trade. ``price_ticks`` is in yes terms.

    ``redeemed`` is how many pairs were redeemed once this trade had completed the last of them.
    """

    trade_id: TradeId
    order_id: OrderId
    client_order_id: str
    account_id: AccountId
    ticker: Ticker
    side: Side
    action: Action
    price_ticks: Ticks
    quantity: Quantity
    fee: Money
    is_taker: bool
    kind: FillKind
    rules_version: int
    at_us: int
    position: Position
    redeemed: Quantity

    @property
    def value(self) -> Money:
        """Price of the side traded times quantity, fees left out."""
        price = self.price_ticks if self.side is Side.YES else complement(self.price_ticks)
        return Money(price * self.quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionView:
    """What an account holds in a market and how it did there, by average cost.

    ``yes_cost`` and ``no_cost`` are what the shares still held cost, fees left out; ``realized_pnl`` is
    what sales and payments brought beyond cost, fees left out. ``mark_ticks`` is what a yes share is taken
    to be worth: what it pays once that is known, the last price before. ``resting`` is what the account's
    orders on the book are still for.
    """

    account_id: AccountId
    ticker: Ticker
    group_id: GroupId | None
    yes: Quantity
    no: Quantity
    yes_cost: Money
    no_cost: Money
    realized_pnl: Money
    fees: Money
    total_traded: Money
    shares_traded: Quantity
    resting: Quantity
    mark_ticks: Ticks | None
    updated_at_us: int

    @property
    def net(self) -> int:
        """Yes shares less no shares, in hundredths of a contract."""
        return self.yes - self.no

    @property
    def exposure(self) -> Money:
        """What the shares still held cost."""
        return Money(self.yes_cost + self.no_cost)

    @property
    def value(self) -> Money:
        """What the shares still held are worth at the mark; what they cost while there is none."""
        if self.mark_ticks is None:
            return self.exposure
        return Money(self.yes * self.mark_ticks + self.no * (PAYOUT_TICKS - self.mark_ticks))

    @property
    def unrealized_pnl(self) -> Money:
        """What the shares still held are worth beyond what they cost."""
        return Money(self.value - self.exposure)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPositionView:
    """An account's positions in all markets of a group together; ``first`` is the first of them by ticker."""

    account_id: AccountId
    group_id: GroupId
    total_traded: Money
    shares_traded: Quantity
    exposure: Money
    realized_pnl: Money
    fees: Money
    first: Ticker


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceView:
    """An account's money. ``portfolio_value`` is what its shares are worth at their marks."""

    account_id: AccountId
    cash: Money
    reserved: Money
    locked: Money
    portfolio_value: Money
    updated_at_us: int

    @property
    def total(self) -> Money:
        """All money of the account, shares left out."""
        return Money(self.cash + self.reserved + self.locked)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionView:
    """Pairs of an account that were redeemed for $1 each; ``trade_id`` completed the last of them."""

    ticker: Ticker
    quantity: Quantity
    trade_id: TradeId | None
    at_us: int
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementView:
    """How an account's position ended.

    ``payout`` is what the shares paid; where trades were unwound it is what the account got back (below
    zero: gave back), fees included. ``yes_ticks`` is what a yes share paid.
    """

    account_id: AccountId
    ticker: Ticker
    group_id: GroupId | None
    result: Result
    unwound: bool
    yes: Quantity
    no: Quantity
    yes_cost: Money
    no_cost: Money
    payout: Money
    fees: Money
    fees_returned: bool
    yes_ticks: Ticks
    at_us: int
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntryView:
    """Why a cent moved: the ledger's entry, the market event it books, and the command behind it.

    ``kind`` is the ledger event's name in words, for example ``fill_booked``.
    """

    position: Position
    account_id: AccountId
    kind: str
    cash_delta: Money
    reserved_delta: Money
    locked_delta: Money
    order_id: OrderId | None
    ticker: Ticker | None
    trade_id: TradeId | None
    reference: str
    market_revision: int | None
    ledger: str
    ledger_revision: int
    command_id: UUID
    correlation_id: UUID
    at_us: int


# ------------------------------------------------------------------------------------ keys, standings


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """An API key. ``strict`` keys must also sign the query and the body."""

    key_id: str
    account_id: AccountId
    name: str
    public_key_pem: str
    scopes: tuple[Scope, ...]
    strict: bool
    created_at_us: int
    revoked_at_us: int | None


class LeaderboardPeriod(StrEnum):
    """Over which time profits are added up, in UTC; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardEntry:
    """A trader's standing. Equal profits share a rank, and the ranks after them are left out."""

    rank: int
    account_id: AccountId
    profit: Money
