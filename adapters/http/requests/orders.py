"""What traders send about orders, and what it means to the exchange."""

from enum import StrEnum
from typing import Literal, Self, TypeVar

from pydantic import Field, SkipValidation, model_validator

from adapters.http.answers.problems import Code, Problem
from adapters.http.callers.authentication import Caller
from adapters.http.requests.exact import Contracts, Dollars, PriceDollars, Seconds, Whole
from adapters.http.requests.fields import (
    PARTS,
    ClientOrderId,
    NameField,
    OrderIdField,
    RequestBody,
    TickerField,
    Word,
)
from application.requests import OrderRequest
from domain.identifiers import OrderId
from domain.market.vocabulary import Action, OrderType, SelfTradePrevention, Side, TimeInForce
from domain.quantities import CENT, CONTRACT, Money, Quantity, Ticks, complement

T = TypeVar("T")

BATCH_MAX = 200
"""The most orders of a batch, placed or cancelled."""

_TICKS_PER_CENT = 100
_US_PER_S = 1_000_000
_US_PER_MS = 1_000


class Priced(RequestBody):
    """A price: in cents or in dollars, of yes or of no. Said more than once, it must be the same."""

    yes_price: Whole | None = None
    no_price: Whole | None = None
    yes_price_dollars: PriceDollars | None = None
    no_price_dollars: PriceDollars | None = None


class Counted(RequestBody):
    """A number of contracts: whole, or with two places. Said twice, it must be the same."""

    count: Whole | None = None
    count_fp: Contracts | None = None


class OrderBody(Priced, Counted):
    """An order."""

    passed_over = PARTS | {"sell_position_capped"}

    ticker: TickerField
    side: Word[Side]
    action: Word[Action]
    client_order_id: ClientOrderId = ""
    type: Word[OrderType] = OrderType.LIMIT
    stop_price: Whole | None = Field(default=None, description="In cents, in terms of the order's side.")
    stop_price_dollars: PriceDollars | None = None
    time_in_force: Word[TimeInForce | None] = None
    expiration_ts: Seconds | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    sell_position_floor: Literal[0] | None = Field(default=None, description="Use reduce_only.")
    self_trade_prevention_type: Word[SelfTradePrevention | None] = None
    order_group_id: NameField | None = None
    cancel_order_on_pause: bool | None = None
    buy_max_cost: Whole | None = Field(default=None, description="In cents; the order fills whole or not.")
    market_version: Whole | None = Field(
        default=None, description="Refuse the order if the market has moved on from this version."
    )
    max_latency_ms: Whole | None = Field(
        default=None, description="Refuse the order if it reaches the book later than this after signing."
    )


class OrdersBody(RequestBody):
    """A batch of orders, each checked and answered by itself."""

    passed_over = PARTS

    orders: list[SkipValidation[OrderBody]] = Field(min_length=1, max_length=BATCH_MAX)


class OrderToCancel(RequestBody):
    """An order to cancel."""

    passed_over = PARTS | {"market_ticker"}

    order_id: OrderIdField


class OrderIdsBody(RequestBody):
    """The orders to cancel, in the one way or the other."""

    passed_over = PARTS

    ids: list[OrderIdField] | None = Field(default=None, min_length=1, max_length=BATCH_MAX, fail_fast=True)
    orders: list[OrderToCancel] | None = Field(
        default=None, min_length=1, max_length=BATCH_MAX, fail_fast=True
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.ids is None) == (self.orders is None):
            raise ValueError("say either ids or orders")
        return self

    @property
    def order_ids(self) -> list[OrderId]:
        """The orders, whichever way they were said."""
        return self.ids if self.ids is not None else [order.order_id for order in self.orders or ()]


class AmendBody(Priced, Counted):
    """A change of price, count or both. ``count`` is the whole size, filled contracts included."""

    passed_over = PARTS

    ticker: TickerField | None = None
    side: Word[Side | None] = None
    action: Word[Action | None] = None
    client_order_id: ClientOrderId = ""
    updated_client_order_id: ClientOrderId = ""


class BookSide(StrEnum):
    """The sides of the one book, in yes terms."""

    BID = "bid"
    ASK = "ask"


class EventOrderBody(RequestBody):
    """An order on the one book: a bid for yes, or an ask."""

    passed_over = PARTS

    ticker: TickerField
    side: Word[BookSide]
    count: Contracts
    price: PriceDollars = Field(description="In dollars, in yes terms.")
    client_order_id: ClientOrderId = ""
    time_in_force: Word[TimeInForce | None] = None
    expiration_time: Seconds | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    self_trade_prevention_type: Word[SelfTradePrevention | None] = None
    order_group_id: NameField | None = None
    cancel_order_on_pause: bool | None = None
    buy_max_cost_dollars: Dollars | None = Field(
        default=None, description="Of a bid; the order fills whole or not."
    )
    market_version: Whole | None = None
    max_latency_ms: Whole | None = None


class EventOrdersBody(RequestBody):
    """A batch of such orders, each checked and answered by itself."""

    passed_over = PARTS

    orders: list[SkipValidation[EventOrderBody]] = Field(min_length=1, max_length=BATCH_MAX)


class EventAmendBody(RequestBody):
    """A change of price, count or both. ``count`` is the whole size, filled contracts included."""

    passed_over = PARTS

    ticker: TickerField | None = None
    side: Word[BookSide | None] = None
    price: PriceDollars | None = Field(default=None, description="In dollars, in yes terms.")
    count: Contracts | None = None
    client_order_id: ClientOrderId = ""
    updated_client_order_id: ClientOrderId = ""


class EventDecreaseBody(RequestBody):
    """How much smaller an order is to be, or what is to be left of it."""

    passed_over = PARTS | {"market_ticker"}

    reduce_by: Contracts | None = None
    reduce_to: Contracts | None = None


class DecreaseBody(RequestBody):
    """How much smaller an order is to be, or what is to be left of it."""

    passed_over = PARTS

    reduce_by: Whole | None = None
    reduce_to: Whole | None = None
    reduce_by_fp: Contracts | None = None
    reduce_to_fp: Contracts | None = None


class OrderGroupBody(RequestBody):
    """How many contracts may fill before a group's orders are taken off."""

    passed_over = PARTS

    contracts_limit: Whole | None = None
    contracts_limit_fp: Contracts | None = None


class NothingBody(RequestBody):
    """No content, or an empty object."""


def order_request(body: OrderBody, caller: Caller) -> OrderRequest:
    """Return what an order asks of the exchange."""
    return OrderRequest(
        account_id=caller.account_id,
        ticker=body.ticker,
        side=body.side,
        action=body.action,
        quantity=required(quantity(body.count, body.count_fp, "count"), "count"),
        price_ticks=price_of(body, body.side),
        client_order_id=body.client_order_id,
        order_type=body.type,
        time_in_force=time_in_force(body.time_in_force, body.expiration_ts),
        expires_at_us=None if body.expiration_ts is None else body.expiration_ts * _US_PER_S,
        stop_price_ticks=agreed("stop_price", (cents(body.stop_price), body.stop_price_dollars)),
        post_only=bool(body.post_only),
        reduce_only=bool(body.reduce_only) or body.sell_position_floor is not None,
        self_trade_prevention=body.self_trade_prevention_type or SelfTradePrevention.TAKER_AT_CROSS,
        order_group_id=body.order_group_id,
        cancel_on_pause=bool(body.cancel_order_on_pause),
        buy_max_cost=None if body.buy_max_cost is None else Money(body.buy_max_cost * CENT),
        market_revision=body.market_version,
        deadline_us=_deadline(body, caller),
    )


def event_order_request(body: EventOrderBody, caller: Caller) -> OrderRequest:
    """Return what an order on the one book asks of the exchange."""
    return OrderRequest(
        account_id=caller.account_id,
        ticker=body.ticker,
        side=Side.YES,
        action=Action.BUY if body.side is BookSide.BID else Action.SELL,
        quantity=body.count,
        price_ticks=body.price,
        client_order_id=body.client_order_id,
        time_in_force=time_in_force(body.time_in_force, body.expiration_time),
        expires_at_us=None if body.expiration_time is None else body.expiration_time * _US_PER_S,
        post_only=bool(body.post_only),
        reduce_only=bool(body.reduce_only),
        self_trade_prevention=body.self_trade_prevention_type or SelfTradePrevention.TAKER_AT_CROSS,
        order_group_id=body.order_group_id,
        cancel_on_pause=bool(body.cancel_order_on_pause),
        buy_max_cost=body.buy_max_cost_dollars,
        market_revision=body.market_version,
        deadline_us=_deadline(body, caller),
        closes_first=True,
    )


def time_in_force(said: TimeInForce | None, expires_s: int | None) -> TimeInForce:
    """Return how long an order may wait: one that expires waits until then."""
    stated = said or TimeInForce.GOOD_TILL_CANCELED
    if expires_s is not None and stated is TimeInForce.GOOD_TILL_CANCELED:
        return TimeInForce.GOOD_TILL_DATE
    return stated


def _deadline(body: OrderBody | EventOrderBody, caller: Caller) -> int:
    if body.max_latency_ms is None:
        return caller.deadline_us
    return min(caller.deadline_us, caller.signed_at_us + body.max_latency_ms * _US_PER_MS)


def price_of(body: Priced, side: Side) -> Ticks | None:
    """Return the price in terms of ``side``, ``None`` if none was said."""
    yes = (cents(body.yes_price), body.yes_price_dollars)
    no = (cents(body.no_price), body.no_price_dollars)
    own, other = (yes, no) if side is Side.YES else (no, yes)
    return agreed("yes_price", (*own, *(None if ticks is None else complement(ticks) for ticks in other)))


def quantity(whole: int | None, fixed: Quantity | None, name: str) -> Quantity | None:
    """Return a number of contracts said in either way, ``None`` if in neither."""
    return agreed(name, (None if whole is None else Quantity(whole * CONTRACT), fixed))


def agreed(name: str, said: tuple[T | None, ...]) -> T | None:
    """Return the one value among those said, ``None`` if none was. Raises :class:`Problem` if they differ."""
    values = {value for value in said if value is not None}
    if len(values) > 1:
        raise Problem(
            Code.INVALID_FIELD, "the body contradicts itself", details=f"{name}: said twice and differently"
        )
    return values.pop() if values else None


def required(value: T | None, name: str) -> T:
    """Return a value that must have been said in one way or another."""
    if value is None:
        raise Problem(Code.MISSING_FIELD, "the body is not acceptable", details=f"{name}: is missing")
    return value


def cents(price: int | None) -> Ticks | None:
    """Return a price said in cents, if one was."""
    return None if price is None else Ticks(price * _TICKS_PER_CENT)


def orders_in(body: OrdersBody | EventOrdersBody | OrderIdsBody) -> int:
    """Return how many orders a batch is about: what it counts for where limits are concerned."""
    if isinstance(body, OrderIdsBody):
        return len(body.ids or body.orders or ())
    return len(body.orders)
