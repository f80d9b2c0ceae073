"""What can be asked of a market. Ids and times are brought along, never made up inside."""

from dataclasses import dataclass

from domain.construction import quickly_made
from domain.fees import FREE, FeeSchedule
from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from domain.market.vocabulary import (
    Action,
    EndReason,
    OrderType,
    Result,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from domain.quantities import Money, Quantity, Ticks

CENT_TICKS = Ticks(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateMarket:
    """List a market.

    Yes prices are multiples of the tick size from ``price_min_ticks`` to ``price_max_ticks``.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCondition:
    """Make this market conditional. ``ancestors`` are the parent and all it is conditional on."""

    parent: Ticker
    required: Result
    ancestors: tuple[Ticker, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachConditional:
    """Note that ``child`` is conditional on this market."""

    child: Ticker


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideCondition:
    """Say how the parent ended."""

    parent: Ticker
    parent_result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivateMarket:
    """Let trading begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseMarket:
    """Stop trading for a while."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeMarket:
    """Let trading go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseMarket:
    """End trading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetermineMarket:
    """State the result. ``by_group`` is set when the market's group resolves."""

    result: Result
    evidence: str = ""
    by_group: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeMarket:
    """Contest the result."""

    reason: str = ""
    by_group: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizeMarket:
    """Let the result stand and pay the holders."""

    by_group: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidMarket:
    """End the market without a result. Shares pay half a dollar unless a price is stated."""

    yes_price_ticks: Ticks = Ticks(5_000)
    reason: str = ""
    by_group: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendRules:
    """Replace the rules text."""

    rules: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTickSize:
    """Replace the price grid."""

    tick_size_ticks: Ticks


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder:
    """Accept an order and match it.

    ``price_ticks`` is left out for market orders, and for stops that become market orders.
    ``reserved`` is the money the ledger holds for it. ``market_revision`` and ``deadline_us`` let the
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendOrder:
    """Change price or quantity; the order goes to the back of the queue unless it only gets smaller.

    What is left out stays as it is. ``total`` counts what has filled already. ``extra`` is the money the
    ledger has set aside for this on top of what the order holds.
    """

    order_id: OrderId
    account_id: AccountId
    price_ticks: Ticks | None = None
    total: Quantity | None = None
    client_order_id: str = ""
    extra: Money = Money(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecreaseOrder:
    """Make an order smaller without losing its place: ``by`` so much, or ``to`` what is to be left."""

    order_id: OrderId
    account_id: AccountId
    by: Quantity | None = None
    to: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """Take an order off."""

    order_id: OrderId
    account_id: AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrders:
    """Take off all orders that fit, a batch at a time, until none is left.

    ``account_id`` and ``order_group_id`` each narrow the choice; with neither, every order goes.
    """

    account_id: AccountId | None = None
    order_group_id: str | None = None
    reason: EndReason = EndReason.REQUESTED


@dataclass(frozen=True, slots=True, kw_only=True)
class AbandonPlacement:
    """See to it that an interrupted order is either known to be placed or never will be."""

    order_id: OrderId
    account_id: AccountId


# What a market asks of itself, when its time has come.


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireOrder:
    """Take off an order whose time is over."""

    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerStop:
    """Bring a stop order to life."""

    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearBook:
    """Take off the next orders of a market that no longer trades."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlePositions:
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
    | ExpireOrder
    | TriggerStop
)

MarketCommand = LifecycleCommand | OrderCommand
