"""What can have happened in a market.

Every amount of money a fill moves is stated here by the market; the ledger only books it.

Units: ``*_ticks`` $0.0001; quantities hundredths of a contract; money millionths of a dollar; ``*_us``
microseconds since the Unix epoch, UTC.
"""

from dataclasses import dataclass

from domain.construction import quickly_made
from domain.fees import FeeSchedule
from domain.identifiers import AccountId, GroupId, OrderId, Ticker, TradeId
from domain.market.vocabulary import (
    Action,
    EndReason,
    FillKind,
    OrderType,
    Result,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from domain.quantities import Money, Quantity, Ticks

# ---------------------------------------------------------------------------------------- the market


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketCreated:
    """A market was listed. It trades once it is activated."""

    ticker: Ticker
    title: str
    rules: str
    category: str
    group_id: GroupId | None
    tick_size_ticks: Ticks
    price_min_ticks: Ticks
    price_max_ticks: Ticks
    quantity_min: Quantity
    quantity_step: Quantity
    position_limit: Quantity | None
    fees: FeeSchedule
    close_at_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionLinked:
    """The market was made conditional: it only counts if ``parent`` ends with ``required``."""

    parent: Ticker
    required: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalAttached:
    """Another market was made conditional on this one."""

    child: Ticker


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionMet:
    """The parent ended as required: locked proceeds are freed and the market resolves by itself."""

    parent: Ticker


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketCalledOff:
    """The parent ended otherwise: every trade is unwound at cost and fees are returned."""

    parent: Ticker
    parent_result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketActivated:
    """Trading began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketPaused:
    """Trading stopped for a while; orders may be cancelled."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketResumed:
    """Trading went on after a pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketClosed:
    """Trading ended; what rests on the book is cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketDetermined:
    """The result was found and may still be disputed."""

    result: Result
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketDisputed:
    """The result was contested; nothing is paid until it is determined again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketFinalized:
    """The result stands and holders are paid."""

    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketVoided:
    """The market ended without a result: a yes share pays ``yes_price_ticks``, a no share the rest."""

    yes_price_ticks: Ticks
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesAmended:
    """The rules text changed; fills from here on were made under ``version``."""

    rules: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TickSizeChanged:
    """The price grid changed; orders already resting stay where they are."""

    tick_size_ticks: Ticks


# ---------------------------------------------------------------------------------------- the orders


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is traded at which limit, in the terms of the order's own side."""

    price_ticks: Ticks
    quantity: Quantity


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced:
    """An order was accepted. ``rests`` of it joins the book once the fills that follow are done.

    ``reserved`` is the money held for it: price times quantity plus the worst-case fee for a buy.
    """

    order_id: OrderId
    account_id: AccountId
    client_order_id: str
    side: Side
    action: Action
    order_type: OrderType
    terms: Terms
    time_in_force: TimeInForce
    expires_at_us: int | None
    stop_price_ticks: Ticks | None
    post_only: bool
    reduce_only: bool
    self_trade_prevention: SelfTradePrevention
    order_group_id: str | None
    cancel_on_pause: bool
    rests: Quantity
    reserved: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTriggered:
    """The last price reached a stop order's stop price; it became a live order."""

    order_id: OrderId
    last_price_ticks: Ticks
    rests: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAmended:
    """An order got a new price or quantity and went to the back of the queue at its price.

    ``extra`` is the money that was set aside for the amendment on top of what the order held.
    """

    order_id: OrderId
    account_id: AccountId
    client_order_id: str
    price_ticks: Ticks
    remaining: Quantity
    rests: Quantity
    reserved: Money
    extra: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDecreased:
    """An order got smaller and kept its place in the queue."""

    order_id: OrderId
    account_id: AccountId
    quantity: Quantity
    reserved: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCanceled:
    """What was left of an order, ``quantity``, was taken off."""

    order_id: OrderId
    account_id: AccountId
    quantity: Quantity
    reason: EndReason


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementAbandoned:
    """An order whose placing was interrupted will never be accepted; its money can be released."""

    order_id: OrderId
    account_id: AccountId


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One order's part in a trade.

    ``fee`` is charged for this fill; ``fee_accrued`` is the order's exact fee so far in units of
    :data:`domain.fees.EXACT`. ``reserved`` is what stays reserved for the order, and ``locked`` what
    stays locked of the account's proceeds from this market, after the fill.
    """

    order_id: OrderId
    account_id: AccountId
    side: Side
    action: Action
    fee: Money
    fee_accrued: int
    reserved: Money
    locked: Money
    order_group_id: str | None


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class TradeExecuted:
    """Two orders met at the maker's price. ``price_ticks`` is in yes terms."""

    trade_id: TradeId
    price_ticks: Ticks
    quantity: Quantity
    kind: FillKind
    maker: Leg
    taker: Leg
    rules_version: int


# -------------------------------------------------------------------------------------- the holders


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionSettled:
    """A holder was paid after the market ended. ``fees`` is what the holder paid in this market.

    ``fees_returned`` says whether they go back to the holder (a void) or are the house's to keep.
    """

    account_id: AccountId
    yes: Quantity
    no: Quantity
    payout: Money
    fees: Money
    fees_returned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionUnwound:
    """A called-off market's trades of one account were undone.

    ``refund`` is what the account had put in, fees included; below zero it is what it had taken out,
    taken back from its locked proceeds.
    """

    account_id: AccountId
    yes: Quantity
    no: Quantity
    refund: Money
    fees: Money


LifecycleEvent = (
    MarketCreated
    | ConditionLinked
    | ConditionalAttached
    | ConditionMet
    | MarketCalledOff
    | MarketActivated
    | MarketPaused
    | MarketResumed
    | MarketClosed
    | MarketDetermined
    | MarketDisputed
    | MarketFinalized
    | MarketVoided
    | RulesAmended
    | TickSizeChanged
)

OrderEvent = (
    OrderPlaced
    | StopTriggered
    | OrderAmended
    | OrderDecreased
    | OrderCanceled
    | PlacementAbandoned
    | TradeExecuted
)

HolderEvent = PositionSettled | PositionUnwound

MarketEvent = LifecycleEvent | OrderEvent | HolderEvent
