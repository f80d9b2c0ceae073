"""What can have happened in a market.

Every amount of money a fill moves is stated here by the market; the ledger only books it.

Units: ``*_ticks`` $0.0001; quantities hundredths of a contract; money millionths of a dollar; ``*_us``
microseconds since the Unix epoch, UTC.
"""

from domain.fees import FeeSchedule
from domain.fields import (
    Allowance,
    AmendmentId,
    Amount,
    CancelOnPause,
    Category,
    ClientOrderId,
    ClosedAt,
    CloseTime,
    Contracts,
    Evidence,
    ExpiryTime,
    Explanation,
    FeeAccrued,
    FeesReturned,
    GroupRound,
    GroupVersion,
    OrderGroupId,
    OrderSize,
    OrderStep,
    PostOnly,
    Price,
    QuoteId,
    ReduceOnly,
    Refund,
    RulesText,
    RulesVersion,
    SmallestOrder,
    TickSize,
    Title,
    Traded,
    VoidPrice,
)
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
from domain.messages import Message

# ---------------------------------------------------------------------------------------- the market


class MarketCreated(Message, frozen=True, kw_only=True):
    """A market was listed. It trades once it is activated."""

    ticker: Ticker
    title: Title
    rules: RulesText
    category: Category
    group_id: GroupId | None
    tick_size_ticks: TickSize
    price_min_ticks: Price
    price_max_ticks: Price
    quantity_min: SmallestOrder
    quantity_step: OrderStep
    position_limit: Contracts | None
    fees: FeeSchedule
    close_at_us: CloseTime | None


class OpeningRequested(Message, frozen=True, kw_only=True):
    """The market is to open as soon as its group has taken it in."""

    group_id: GroupId


class ConditionLinked(Message, frozen=True, kw_only=True):
    """The market was made conditional: it only counts if ``parent`` ends with ``required``."""

    parent: Ticker
    required: Result


class ConditionalAttached(Message, frozen=True, kw_only=True):
    """Another market was made conditional on this one."""

    child: Ticker


class ConditionMet(Message, frozen=True, kw_only=True):
    """The parent ended as required: locked proceeds are freed and the market resolves by itself."""

    parent: Ticker


class MarketCalledOff(Message, frozen=True, kw_only=True):
    """The parent ended otherwise: every trade is unwound at cost and fees are returned."""

    parent: Ticker
    parent_result: Result


class MarketActivated(Message, frozen=True, kw_only=True):
    """Trading began."""


class MarketPaused(Message, frozen=True, kw_only=True):
    """Trading stopped for a while; orders may be cancelled."""

    reason: Explanation


class MarketResumed(Message, frozen=True, kw_only=True):
    """Trading went on after a pause."""


class MarketClosed(Message, frozen=True, kw_only=True):
    """Trading ended; what rests on the book is cancelled."""


class MarketDetermined(Message, frozen=True, kw_only=True):
    """The result was found and may still be disputed."""

    result: Result
    evidence: Evidence


class MarketDisputed(Message, frozen=True, kw_only=True):
    """The result was contested; nothing is paid until it is determined again."""

    reason: Explanation


class MarketFinalized(Message, frozen=True, kw_only=True):
    """The result stands and holders are paid."""

    result: Result


class MarketVoided(Message, frozen=True, kw_only=True):
    """The market ended without a result: a yes share pays ``yes_price_ticks``, a no share the rest."""

    yes_price_ticks: VoidPrice
    reason: Explanation


class RulesAmended(Message, frozen=True, kw_only=True):
    """The rules text changed; fills from here on were made under ``version``."""

    rules: RulesText
    version: RulesVersion


class TickSizeChanged(Message, frozen=True, kw_only=True):
    """The price grid changed; orders already resting stay where they are."""

    tick_size_ticks: TickSize


# ---------------------------------------------------------------------------------------- the orders


class Terms(Message, frozen=True, kw_only=True):
    """What is traded at which limit, in the terms of the order's own side."""

    price_ticks: Price
    quantity: OrderSize


class OrderPlaced(Message, frozen=True, kw_only=True):
    """An order was accepted. ``rests`` of it joins the book once the fills that follow are done.

    ``reserved`` is the money held for it: price times quantity plus the worst-case fee for a buy.
    """

    order_id: OrderId
    account_id: AccountId
    client_order_id: ClientOrderId
    side: Side
    action: Action
    order_type: OrderType
    terms: Terms
    time_in_force: TimeInForce
    expires_at_us: ExpiryTime | None
    stop_price_ticks: Price | None
    post_only: PostOnly
    reduce_only: ReduceOnly
    self_trade_prevention: SelfTradePrevention
    order_group_id: OrderGroupId | None
    cancel_on_pause: CancelOnPause
    rests: Contracts
    reserved: Amount


class StopTriggered(Message, frozen=True, kw_only=True):
    """The last price reached a stop order's stop price; it became a live order."""

    order_id: OrderId
    last_price_ticks: Price
    rests: Contracts


class MatchingContinued(Message, frozen=True, kw_only=True):
    """An order that meets more others than one step takes went on matching, before anything else trades.

    ``rests`` of it joins the book at ``price_ticks`` once the fills that follow are done; while it has still
    more to meet nothing does.
    """

    order_id: OrderId
    account_id: AccountId
    side: Side
    action: Action
    price_ticks: Price
    rests: Contracts


class OrderGroupBounded(Message, frozen=True, kw_only=True):
    """The market was told how much of an order group may fill here: ``allowance`` within a ``round``.

    A round begins when the group is reset; ``version`` counts what its owner did to it. An allowance of
    nothing closes the group here: its orders are taken off. Orders that were sent before version
    ``closed_at`` come too late.
    """

    order_group_id: OrderGroupId
    account_id: AccountId
    round: GroupRound
    version: GroupVersion
    closed_at: ClosedAt
    allowance: Allowance


class OrderAmended(Message, frozen=True, kw_only=True):
    """An order got a new price or quantity and went to the back of the queue at its price.

    ``extra`` is the money that was set aside for the amendment on top of what the order held.
    """

    order_id: OrderId
    account_id: AccountId
    client_order_id: ClientOrderId
    price_ticks: Price
    remaining: Contracts
    rests: Contracts
    reserved: Amount
    extra: Amount
    amendment_id: AmendmentId


class OrderRenamed(Message, frozen=True, kw_only=True):
    """An order that kept its place in the queue got a further client id by an amendment."""

    order_id: OrderId
    account_id: AccountId
    client_order_id: ClientOrderId
    amendment_id: AmendmentId


class OrderDecreased(Message, frozen=True, kw_only=True):
    """An order got smaller and kept its place in the queue."""

    order_id: OrderId
    account_id: AccountId
    quantity: Traded
    reserved: Amount


class OrderCanceled(Message, frozen=True, kw_only=True):
    """What was left of an order, ``quantity``, was taken off."""

    order_id: OrderId
    account_id: AccountId
    quantity: Traded
    reason: EndReason


class PlacementAbandoned(Message, frozen=True, kw_only=True):
    """An order whose placing was interrupted will never be accepted; its money can be released."""

    order_id: OrderId
    account_id: AccountId


class AmendmentAbandoned(Message, frozen=True, kw_only=True):
    """An amendment that was interrupted will never be made; what was set aside for it can be released."""

    order_id: OrderId
    account_id: AccountId
    amendment_id: AmendmentId


class Leg(Message, frozen=True, kw_only=True):
    """One order's part in a trade.

    ``fee`` is charged for this fill; ``fee_accrued`` is the order's exact fee so far in units of
    :data:`domain.fees.EXACT`. ``reserved`` is what stays reserved for the order, and ``locked`` what
    stays locked of the account's proceeds from this market, after the fill.
    """

    order_id: OrderId
    account_id: AccountId
    side: Side
    action: Action
    fee: Amount
    fee_accrued: FeeAccrued
    reserved: Amount
    locked: Amount
    order_group_id: OrderGroupId | None


class CrossedOrder(Message, frozen=True, kw_only=True):
    """One account's part in what two accounts have agreed."""

    order_id: OrderId
    account_id: AccountId
    side: Side
    action: Action


class OrdersCrossed(Message, frozen=True, kw_only=True):
    """Two orders were crossed with each other, as a quote and its acceptance had it.

    Their placing and their trade follow. ``price_ticks`` is in yes terms.
    """

    quote_id: QuoteId
    trade_id: TradeId
    price_ticks: Price
    quantity: OrderSize
    maker: CrossedOrder
    taker: CrossedOrder


class TradeExecuted(Message, frozen=True, kw_only=True):
    """Two orders met at the maker's price. ``price_ticks`` is in yes terms."""

    trade_id: TradeId
    price_ticks: Price
    quantity: Traded
    kind: FillKind
    maker: Leg
    taker: Leg
    rules_version: RulesVersion


# -------------------------------------------------------------------------------------- the holders


class PairsRedeemed(Message, frozen=True, kw_only=True):
    """An account came to hold both outcomes, and each pair was redeemed for $1.

    ``trade_id`` is the trade that completed the last of them, ``None`` for what was held before pairs were
    redeemed. ``locked`` is what stays locked of the account's proceeds from this market.
    """

    account_id: AccountId
    quantity: Traded
    payout: Amount
    locked: Amount
    trade_id: TradeId | None


class PositionSettled(Message, frozen=True, kw_only=True):
    """A holder was paid after the market ended. ``fees`` is what the holder paid in this market.

    ``fees_returned`` says whether they go back to the holder (a void) or are the house's to keep.
    """

    account_id: AccountId
    yes: Contracts
    no: Contracts
    payout: Amount
    fees: Amount
    fees_returned: FeesReturned


class PositionUnwound(Message, frozen=True, kw_only=True):
    """A called-off market's trades of one account were undone.

    ``refund`` is what the account had put in, fees included; below zero it is what it had taken out,
    taken back from its locked proceeds.
    """

    account_id: AccountId
    yes: Contracts
    no: Contracts
    refund: Refund
    fees: Amount


LifecycleEvent = (
    MarketCreated
    | OpeningRequested
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
    | MatchingContinued
    | OrderGroupBounded
    | OrderAmended
    | OrderRenamed
    | OrderDecreased
    | OrderCanceled
    | PlacementAbandoned
    | AmendmentAbandoned
    | OrdersCrossed
    | TradeExecuted
)

HolderEvent = PairsRedeemed | PositionSettled | PositionUnwound

MarketEvent = LifecycleEvent | OrderEvent | HolderEvent
