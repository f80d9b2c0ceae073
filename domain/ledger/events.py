"""What can have happened to money.

Each entry that books a market event names its market and revision, so that a cent can be followed back
and no event is booked twice.

Money is in millionths of a dollar; ``*_delta`` fields are what an entry adds (below zero: takes away).
"""

from dataclasses import dataclass

from domain.construction import quickly_made
from domain.identifiers import AccountId, OrderId, Ticker, TradeId
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity, Ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class FundsDeposited:
    """Money came in from outside."""

    account_id: AccountId
    amount: Money
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FundsWithdrawn:
    """Money went out."""

    account_id: AccountId
    amount: Money
    reference: str


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class FundsReserved:
    """Money was set aside for an order about to be placed: the order's saga begins.

    ``request_digest`` is a hash of what was asked, so that the same request can be told from another.
    """

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    amount: Money
    request_digest: str
    order_group_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationIncreased:
    """More money was set aside for an open order that is about to be amended."""

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class IncreaseReleased:
    """Money set aside for an amendment became cash again: the market did not take the amendment."""

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    amount: Money


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderConfirmed:
    """The market accepted the order: its saga ended well. ``released`` was reserved without need."""

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    released: Money
    market_revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationReleased:
    """Money set aside for an order became cash again.

    ``market_revision`` is the market event behind it, or ``None`` if the market never took the order.
    """

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    amount: Money
    market_revision: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationAmended:
    """An order was amended: ``reserved`` stays set aside, of which ``extra`` had been added for it."""

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    reserved: Money
    extra: Money
    released: Money
    market_revision: int


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class FillBooked:
    """One account's side of a trade.

    ``value`` is price times quantity; a buy pays it, a sell receives it. ``price_ticks`` is the price of
    ``side``.
    """

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    trade_id: TradeId
    side: Side
    action: Action
    price_ticks: Ticks
    quantity: Quantity
    value: Money
    fee: Money
    cash_delta: Money
    reserved_delta: Money
    locked_delta: Money
    order_group_id: str | None
    market_revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutBooked:
    """A holder was paid. ``fees_delta`` is above zero when the holder's fees were given back.

    ``locked_delta`` is below zero when a market with an open condition was voided: what the holder had
    locked there became cash.
    """

    account_id: AccountId
    ticker: Ticker
    payout: Money
    fees: Money
    fees_delta: Money
    locked_delta: Money
    market_revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwindBooked:
    """A called-off market was undone for one account: ``refund`` less what it had locked."""

    account_id: AccountId
    ticker: Ticker
    refund: Money
    fees: Money
    cash_delta: Money
    locked_delta: Money
    market_revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProceedsUnlocked:
    """A condition was met: what every account of this ledger had locked in the market became cash."""

    ticker: Ticker
    market_revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeesWithdrawn:
    """The house took out fees that it had earned."""

    amount: Money
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderGroupCreated:
    """An account asked for its orders of a group to be taken off after ``limit`` contracts filled."""

    order_group_id: str
    account_id: AccountId
    limit: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderGroupLimitChanged:
    """A group got another limit."""

    order_group_id: str
    account_id: AccountId
    limit: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderGroupTriggered:
    """A group's limit was reached, or its owner pulled it: its orders go, and no new ones are taken."""

    order_group_id: str
    account_id: AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderGroupReset:
    """A group counts from zero again and takes orders."""

    order_group_id: str
    account_id: AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderGroupDeleted:
    """A group and its orders are gone."""

    order_group_id: str
    account_id: AccountId


BookingEvent = (
    OrderConfirmed
    | ReservationReleased
    | ReservationAmended
    | FillBooked
    | PayoutBooked
    | UnwindBooked
    | ProceedsUnlocked
)

OrderGroupEvent = (
    OrderGroupCreated | OrderGroupLimitChanged | OrderGroupTriggered | OrderGroupReset | OrderGroupDeleted
)

LedgerEvent = (
    FundsDeposited
    | FundsWithdrawn
    | FundsReserved
    | ReservationIncreased
    | IncreaseReleased
    | BookingEvent
    | FeesWithdrawn
    | OrderGroupEvent
)
