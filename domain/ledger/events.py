"""What can have happened to money.

Each entry that books a market event names its market and revision, so that a cent can be followed back
and no event is booked twice.

Money is in millionths of a dollar; ``*_delta`` fields are what an entry adds (below zero: takes away).
"""

from domain.fields import (
    Allowance,
    AmendmentId,
    Amount,
    CashDelta,
    ClosedAt,
    Contracts,
    GroupLimit,
    GroupRound,
    GroupVersion,
    LockedDelta,
    MarketRevision,
    OrderGroupId,
    Price,
    Reference,
    Refund,
    RequestDigest,
    ReservedDelta,
    Traded,
    Transferred,
)
from domain.identifiers import AccountId, OrderId, Ticker, TradeId
from domain.market.vocabulary import Action, Side
from domain.messages import Message
from domain.quantities import Quantity


class FundsDeposited(Message, frozen=True, kw_only=True):
    """Money came in from outside."""

    account_id: AccountId
    amount: Transferred
    reference: Reference


class FundsWithdrawn(Message, frozen=True, kw_only=True):
    """Money went out."""

    account_id: AccountId
    amount: Transferred
    reference: Reference


class FundsReserved(Message, frozen=True, kw_only=True):
    """Money was set aside for an order about to be placed: the order's saga begins.

    ``request_digest`` is a hash of what was asked, so that the same request can be told from another.
    """

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    amount: Amount
    request_digest: RequestDigest
    order_group_id: OrderGroupId | None


class ReservationIncreased(Message, frozen=True, kw_only=True):
    """More money was set aside for an open order that is about to be amended: the amendment's saga begins.

    The amount is nothing where the amendment needs no more but takes a further client id.
    """

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    amount: Amount
    amendment_id: AmendmentId


class IncreaseReleased(Message, frozen=True, kw_only=True):
    """Money set aside for an amendment became cash again: the market did not take the amendment."""

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    amount: Amount
    amendment_id: AmendmentId


class ClientIdTaken(Message, frozen=True, kw_only=True):
    """A client id of the account was taken for an order whose own id was not made from it.

    ``key`` is the order id that would have been made from the client id. ``amendment_id`` is the amendment
    that gives the order this client id, ``None`` if the order was placed under it.
    """

    key: OrderId
    account_id: AccountId
    order_id: OrderId
    ticker: Ticker
    request_digest: RequestDigest
    amendment_id: AmendmentId | None


class ClientIdFreed(Message, frozen=True, kw_only=True):
    """A client id may be used again: the amendment it was taken for was not made."""

    key: OrderId
    account_id: AccountId


class OrderConfirmed(Message, frozen=True, kw_only=True):
    """The market accepted the order: its saga ended well. ``released`` was reserved without need.

    ``for_sale`` is how much of a sale is open; nothing for a purchase.
    """

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    released: Amount
    market_revision: MarketRevision
    for_sale: Contracts = Quantity(0)


class ReservationReleased(Message, frozen=True, kw_only=True):
    """Money set aside for an order became cash again.

    ``market_revision`` is the market event behind it, or ``None`` if the market never took the order.
    ``for_sale`` is how much of a sale is still open, for which no money is set aside.
    """

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    amount: Amount
    market_revision: MarketRevision | None
    for_sale: Contracts = Quantity(0)


class ReservationAmended(Message, frozen=True, kw_only=True):
    """An order was amended: ``reserved`` stays set aside, of which ``extra`` had been added for it.

    ``for_sale`` is how much of a sale is open; nothing for a purchase.
    """

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    reserved: Amount
    extra: Amount
    released: Amount
    market_revision: MarketRevision
    amendment_id: AmendmentId
    for_sale: Contracts = Quantity(0)


class FillBooked(Message, frozen=True, kw_only=True):
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
    price_ticks: Price
    quantity: Traded
    value: Amount
    fee: Amount
    cash_delta: CashDelta
    reserved_delta: ReservedDelta
    locked_delta: LockedDelta
    order_group_id: OrderGroupId | None
    market_revision: MarketRevision


class RedemptionBooked(Message, frozen=True, kw_only=True):
    """Pairs of an account were redeemed: ``payout`` became cash, but for what stays locked of it."""

    account_id: AccountId
    ticker: Ticker
    quantity: Traded
    payout: Amount
    cash_delta: CashDelta
    locked_delta: LockedDelta
    trade_id: TradeId | None
    market_revision: MarketRevision


class PayoutBooked(Message, frozen=True, kw_only=True):
    """A holder was paid. ``fees_delta`` is above zero when the holder's fees were given back.

    ``locked_delta`` is below zero when a market with an open condition was voided: what the holder had
    locked there became cash.
    """

    account_id: AccountId
    ticker: Ticker
    payout: Amount
    fees: Amount
    fees_delta: Amount
    locked_delta: LockedDelta
    market_revision: MarketRevision


class UnwindBooked(Message, frozen=True, kw_only=True):
    """A called-off market was undone for one account: ``refund`` less what it had locked."""

    account_id: AccountId
    ticker: Ticker
    refund: Refund
    fees: Amount
    cash_delta: CashDelta
    locked_delta: LockedDelta
    market_revision: MarketRevision


class ProceedsUnlocked(Message, frozen=True, kw_only=True):
    """A condition was met: what every account of this ledger had locked in the market became cash."""

    ticker: Ticker
    market_revision: MarketRevision


class FeesWithdrawn(Message, frozen=True, kw_only=True):
    """The house took out fees that it had earned."""

    amount: Transferred
    reference: Reference


class OrderGroupCreated(Message, frozen=True, kw_only=True):
    """An account asked for its orders of a group to be taken off after ``limit`` contracts filled."""

    order_group_id: OrderGroupId
    account_id: AccountId
    limit: GroupLimit


class OrderGroupLimitChanged(Message, frozen=True, kw_only=True):
    """A group got another limit."""

    order_group_id: OrderGroupId
    account_id: AccountId
    limit: GroupLimit


class OrderGroupTriggered(Message, frozen=True, kw_only=True):
    """A group's limit was reached, or its owner pulled it: its orders go, and no new ones are taken."""

    order_group_id: OrderGroupId
    account_id: AccountId


class OrderGroupAllotted(Message, frozen=True, kw_only=True):
    """What a market may let fill of a group in a round: the limit less what has filled in other markets.

    Stated when an order sets out for the market, and again whenever it becomes less there or the owner
    changes the group; ``version`` counts the latter. Nothing, when the group is triggered or deleted; orders
    from before version ``closed_at``, when that last happened, are taken off.
    """

    order_group_id: OrderGroupId
    account_id: AccountId
    ticker: Ticker
    round: GroupRound
    version: GroupVersion
    closed_at: ClosedAt
    allowance: Allowance


class OrderGroupReset(Message, frozen=True, kw_only=True):
    """A group counts from zero again and takes orders."""

    order_group_id: OrderGroupId
    account_id: AccountId


class OrderGroupDeleted(Message, frozen=True, kw_only=True):
    """A group and its orders are gone."""

    order_group_id: OrderGroupId
    account_id: AccountId


BookingEvent = (
    OrderConfirmed
    | ReservationReleased
    | ReservationAmended
    | FillBooked
    | RedemptionBooked
    | PayoutBooked
    | UnwindBooked
    | ProceedsUnlocked
)

OrderGroupEvent = (
    OrderGroupCreated
    | OrderGroupLimitChanged
    | OrderGroupTriggered
    | OrderGroupAllotted
    | OrderGroupReset
    | OrderGroupDeleted
)

LedgerEvent = (
    FundsDeposited
    | FundsWithdrawn
    | FundsReserved
    | ReservationIncreased
    | IncreaseReleased
    | ClientIdTaken
    | ClientIdFreed
    | BookingEvent
    | FeesWithdrawn
    | OrderGroupEvent
)
