"""What can be asked of a market. Ids and times are brought along, never made up inside."""

from domain.fees import FREE, FeeSchedule
from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from domain.limits import DEFAULT_LIMITS, AccountLimits
from domain.market.events import CrossedOrder
from domain.market.vocabulary import (
    Action,
    OrderType,
    Result,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from domain.messages import Message
from domain.quantities import Money, Quantity, Ticks

CENT_TICKS = Ticks(100)


class LinkCondition(Message, frozen=True, kw_only=True):
    """Make this market conditional.

    ``ancestors`` are the parent and all it is conditional on, ``groups`` the groups that those are in.
    """

    parent: Ticker
    required: Result
    ancestors: tuple[Ticker, ...]
    groups: tuple[GroupId, ...] = ()


class CreateMarket(Message, frozen=True, kw_only=True):
    """List a market, with its condition if it has one: whole or not at all.

    Yes prices are multiples of the tick size from ``price_min_ticks`` to ``price_max_ticks``. With
    ``opens`` trading begins at once, or as soon as the group has taken the market in.
    """

    ticker: Ticker
    title: str
    rules: str = ""
    category: str = ""
    group_id: GroupId | None = None
    tick_size_ticks: Ticks = CENT_TICKS
    price_min_ticks: Ticks = Ticks(1)
    price_max_ticks: Ticks = Ticks(9_999)
    quantity_min: Quantity = Quantity(1)
    quantity_step: Quantity = Quantity(1)
    position_limit: Quantity | None = None
    fees: FeeSchedule = FREE
    close_at_us: int | None = None
    condition: LinkCondition | None = None
    opens: bool = False
    now_us: int = 0


class AttachConditional(Message, frozen=True, kw_only=True):
    """Note that ``child`` is conditional on this market."""

    child: Ticker


class DecideCondition(Message, frozen=True, kw_only=True):
    """Say how the parent ended."""

    parent: Ticker
    parent_result: Result


class ActivateMarket(Message, frozen=True, kw_only=True):
    """Let trading begin. ``member_of`` is the group that has taken the market in."""

    member_of: GroupId | None = None
    now_us: int = 0


class PauseMarket(Message, frozen=True, kw_only=True):
    """Stop trading for a while."""

    reason: str = ""


class ResumeMarket(Message, frozen=True, kw_only=True):
    """Let trading go on."""


class CloseMarket(Message, frozen=True, kw_only=True):
    """End trading. ``by_group`` is the group that asks for it, if it is not an operator."""

    by_group: GroupId | None = None


class DetermineMarket(Message, frozen=True, kw_only=True):
    """State the result. ``by_group`` is the group that resolves.

    ``market_revision``, here and below, is the version of the market that whoever decides has seen.
    """

    result: Result
    evidence: str = ""
    by_group: GroupId | None = None
    market_revision: int | None = None


class DisputeMarket(Message, frozen=True, kw_only=True):
    """Contest the result."""

    reason: str = ""
    by_group: GroupId | None = None


class FinalizeMarket(Message, frozen=True, kw_only=True):
    """Let the result stand and pay the holders."""

    by_group: GroupId | None = None
    market_revision: int | None = None


class VoidMarket(Message, frozen=True, kw_only=True):
    """End the market without a result. Shares pay half a dollar unless a price is stated."""

    yes_price_ticks: Ticks = Ticks(5_000)
    reason: str = ""
    by_group: GroupId | None = None
    market_revision: int | None = None


class ResolveMarket(Message, frozen=True, kw_only=True):
    """Close, determine and finalize the market in one go, from wherever it stands."""

    result: Result
    evidence: str = ""
    market_revision: int | None = None


class AmendRules(Message, frozen=True, kw_only=True):
    """Replace the rules text."""

    rules: str


class ChangeTickSize(Message, frozen=True, kw_only=True):
    """Replace the price grid."""

    tick_size_ticks: Ticks


class BoundOrderGroup(Message, frozen=True, kw_only=True):
    """Say how much of an order group may fill in this market; see :class:`~events.OrderGroupBounded`."""

    order_group_id: str
    account_id: AccountId
    round: int
    version: int
    closed_at: int
    allowance: Quantity


class PlaceOrder(Message, frozen=True, kw_only=True):
    """Accept an order and match it.

    ``price_ticks`` is left out for market orders, and for stops that become market orders.
    ``reserved`` is the money the ledger holds for it, and ``allotment`` what the ledger lets the order's
    group fill here. ``market_revision`` and ``deadline_us`` let the
    order lapse if the market has moved on or time has run out.
    """

    order_id: OrderId
    account_id: AccountId
    side: Side
    action: Action
    quantity: Quantity
    price_ticks: Ticks | None = None
    client_order_id: str = ""
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GOOD_TILL_CANCELED
    expires_at_us: int | None = None
    stop_price_ticks: Ticks | None = None
    post_only: bool = False
    reduce_only: bool = False
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.TAKER_AT_CROSS
    order_group_id: str | None = None
    cancel_on_pause: bool = False
    buy_max_cost: Money | None = None
    reserved: Money = Money(0)
    market_revision: int | None = None
    deadline_us: int | None = None
    now_us: int = 0
    allotment: BoundOrderGroup | None = None
    limits: AccountLimits = DEFAULT_LIMITS


class AmendOrder(Message, frozen=True, kw_only=True):
    """Change price or quantity; the order goes to the back of the queue unless it only gets smaller.

    What is left out stays as it is. ``total`` counts what has filled already: an order is amended to just
    that by taking off the rest. ``extra`` is the money the ledger has set aside for this on top of what the
    order holds.
    """

    order_id: OrderId
    account_id: AccountId
    amendment_id: str
    price_ticks: Ticks | None = None
    total: Quantity | None = None
    client_order_id: str = ""
    extra: Money = Money(0)


class DecreaseOrder(Message, frozen=True, kw_only=True):
    """Make an order smaller without losing its place: ``by`` so much, or ``to`` what is to be left."""

    order_id: OrderId
    account_id: AccountId
    by: Quantity | None = None
    to: Quantity | None = None


class CancelOrder(Message, frozen=True, kw_only=True):
    """Take an order off."""

    order_id: OrderId
    account_id: AccountId


class CancelOrders(Message, frozen=True, kw_only=True):
    """Take off all orders of an account, a batch at a time, until none is left."""

    account_id: AccountId


class AbandonPlacement(Message, frozen=True, kw_only=True):
    """See to it that an interrupted order is either known to be placed or never will be."""

    order_id: OrderId
    account_id: AccountId


class AbandonAmendment(Message, frozen=True, kw_only=True):
    """See to it that an interrupted amendment either has been made or never will be."""

    order_id: OrderId
    account_id: AccountId
    amendment_id: str


# What a market asks of itself, when its time has come.


class ExpireOrder(Message, frozen=True, kw_only=True):
    """Take off an order whose time is over."""

    order_id: OrderId


class TriggerStop(Message, frozen=True, kw_only=True):
    """Bring a stop order to life."""

    order_id: OrderId


class ContinueMatching(Message, frozen=True, kw_only=True):
    """Let the order that is being matched meet the next others."""


class ClearOrderGroup(Message, frozen=True, kw_only=True):
    """Take off the next orders of a group of which no more may fill here."""

    order_group_id: str


class RedeemPairs(Message, frozen=True, kw_only=True):
    """Redeem the pairs that accounts hold. The market asks it of itself."""


class CrossOrders(Message, frozen=True, kw_only=True):
    """Cross two orders with each other, at a price that the book is not better than for either.

    ``price_ticks`` is in yes terms; ``*_reserved`` is the money that is set aside for each.
    """

    quote_id: str
    price_ticks: Ticks
    quantity: Quantity
    maker: CrossedOrder
    taker: CrossedOrder
    maker_reserved: Money
    taker_reserved: Money
    now_us: int
    limits: AccountLimits = DEFAULT_LIMITS


class TrimOffers(Message, frozen=True, kw_only=True):
    """Offer no more than is left after pairs were redeemed. The market asks it of itself."""

    account_id: AccountId


class TrimReduceOnly(Message, frozen=True, kw_only=True):
    """Make the next orders that only reduce an account's position no larger than what they can reduce."""

    account_id: AccountId


class ClearBook(Message, frozen=True, kw_only=True):
    """Take off the next orders that have no place in a market that is paused, or trades no longer."""


class SettlePositions(Message, frozen=True, kw_only=True):
    """Pay or unwind the next holders of a market that has ended."""


LifecycleCommand = (
    CreateMarket
    | LinkCondition
    | AttachConditional
    | DecideCondition
    | ActivateMarket
    | PauseMarket
    | ResumeMarket
    | CloseMarket
    | DetermineMarket
    | DisputeMarket
    | FinalizeMarket
    | ResolveMarket
    | VoidMarket
    | AmendRules
    | ChangeTickSize
    | ClearBook
    | SettlePositions
)

OrderCommand = (
    PlaceOrder
    | AmendOrder
    | DecreaseOrder
    | CancelOrder
    | CancelOrders
    | AbandonPlacement
    | BoundOrderGroup
    | AbandonAmendment
    | ExpireOrder
    | TriggerStop
    | ContinueMatching
    | ClearOrderGroup
    | TrimReduceOnly
    | RedeemPairs
    | TrimOffers
    | CrossOrders
)

MarketCommand = LifecycleCommand | OrderCommand
