"""What callers ask of the exchange and what they are told: the vocabulary of the use cases."""

from dataclasses import dataclass

from application.ports.event_store import Position
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market.vocabulary import (
    Action,
    EndReason,
    OrderType,
    Result,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from domain.messages import Message
from domain.quantities import Money, Quantity, Ticks
from domain.rejections import Rejected


class OrderRequest(Message, frozen=True, kw_only=True):
    """An order as a trader sends it.

    ``price_ticks`` is in the terms of ``side``. A sale of more than is held and free buys the other outcome
    at the complement, unless it is ``reduce_only``; with ``closes_first`` a purchase likewise sells what is
    held of the other outcome if that suffices. ``deadline_us`` and ``market_revision`` let the order
    lapse if it arrives late or the market has moved on.
    """

    account_id: AccountId
    ticker: Ticker
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
    market_revision: int | None = None
    deadline_us: int | None = None
    closes_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendRequest:
    """A change of an open order: another price, another quantity, a further client id.

    ``total`` is the whole quantity, what has filled already included. ``client_order_id`` is the new name.
    """

    account_id: AccountId
    order_id: OrderId
    price_ticks: Ticks | None = None
    total: Quantity | None = None
    client_order_id: str = ""


class OrderState(Message, frozen=True, kw_only=True):
    """An order as it stood when its command was decided; quantities in hundredths of a contract.

    ``end_reason`` is why what was canceled did not even rest.
    """

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    client_order_id: str
    side: Side
    action: Action
    order_type: OrderType
    time_in_force: TimeInForce
    price_ticks: Ticks
    initial: Quantity
    filled: Quantity
    remaining: Quantity
    canceled: Quantity
    fill_value: Money
    fees: Money
    end_reason: EndReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What a conditional market depends on: that ``parent`` ends as ``required``."""

    parent: Ticker
    required: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A command was carried out and is durable. A read that waits for ``position`` sees it."""

    position: Position


class OrderAccepted(Message, frozen=True, kw_only=True):
    """An order command was carried out and is durable.

    ``order`` is the order as the command left it; ``None`` if it is no longer open and the command did not
    place it: its read model has the rest. ``reduced`` is how much a cancel or decrease took off;
    ``repeated`` says that the request had been answered before. ``placed_at_us`` is when the order was placed
    by this command.
    """

    position: Position
    order_id: OrderId
    order: OrderState | None = None
    placed_at_us: int = 0
    reduced: Quantity = Quantity(0)
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AllCanceled:
    """All of an account's orders were taken off; ``orders`` is how many there were."""

    position: Position
    orders: int


OrderAnswer = OrderAccepted | Rejected
Answer = Accepted | Rejected
