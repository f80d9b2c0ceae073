"""Orders as they are told."""

from typing_extensions import TypedDict

from adapters.http.answers.display import (
    EXCHANGE_INDEX,
    book_side,
    contracts,
    money_cents,
    money_dollars,
    other_side,
    outcome_side,
    price_cents,
    price_dollars,
    timestamp,
    timestamp_or_none,
    whole_contracts,
)
from application.requests import OrderRequest, OrderState
from domain.market.vocabulary import OrderType, Side
from domain.quantities import Money, Quantity, Ticks, complement
from projections.reading.views import OrderStatus, OrderView


class OrderNumbers(TypedDict):
    """What is said of an order in both generations of fields."""

    yes_price: int
    no_price: int
    yes_price_dollars: str
    no_price_dollars: str
    initial_count: int
    initial_count_fp: str
    fill_count: int
    fill_count_fp: str
    remaining_count: int
    remaining_count_fp: str
    canceled_count_fp: str
    lapsed_count_fp: str
    voided_count_fp: str
    taker_fees: int
    taker_fees_dollars: str
    maker_fees: int
    maker_fees_dollars: str
    taker_fill_cost: int
    taker_fill_cost_dollars: str
    maker_fill_cost: int
    maker_fill_cost_dollars: str


class Order(OrderNumbers):
    """An order: filled, remaining, canceled, lapsed and voided add up to the initial count."""

    order_id: str
    user_id: str
    client_order_id: str
    ticker: str
    side: str
    action: str
    outcome_side: str
    book_side: str
    exchange_index: int
    type: str
    order_type: str
    status: str
    end_reason: str | None
    time_in_force: str
    queue_position: int
    stop_price_dollars: str | None
    expiration_time: str | None
    created_time: str
    last_update_time: str
    self_trade_prevention_type: str
    order_group_id: str | None
    post_only: bool
    reduce_only: bool
    cancel_order_on_pause: bool


class OrderAnswer(TypedDict):
    """One order."""

    order: Order


class OrdersAnswer(TypedDict):
    """A page of orders, newest first."""

    orders: list[Order]
    cursor: str


class CancelAnswer(TypedDict):
    """An order that was cancelled, and how much of it was taken off."""

    order: Order
    reduced_by: int
    reduced_by_fp: str


class CanceledAllAnswer(TypedDict):
    """How many orders were cancelled."""

    canceled: int


class AmendAnswer(TypedDict):
    """An order before and after."""

    old_order: Order
    order: Order


def order_answer(view: OrderView) -> Order:
    """Return an order as it is told."""
    return Order(
        **_numbers(
            view.side,
            view.price_ticks,
            initial=view.initial,
            filled=view.filled,
            remaining=view.remaining,
            canceled=view.canceled,
            lapsed=view.lapsed,
            voided=view.voided,
            taker_cost=view.taker_fill_cost,
            maker_cost=view.maker_fill_cost,
            taker_fees=view.taker_fees,
            maker_fees=view.maker_fees,
        ),
        order_id=view.order_id,
        user_id=view.account_id,
        client_order_id=view.client_order_id,
        ticker=view.ticker,
        side=view.side.value,
        action=view.action.value,
        outcome_side=outcome_side(view.side, view.action),
        book_side=book_side(view.side, view.action),
        exchange_index=EXCHANGE_INDEX,
        type=_known_type(view.order_type),
        order_type=view.order_type.value,
        status=view.status.value,
        end_reason=view.end_reason.value if view.end_reason else None,
        time_in_force=view.time_in_force.value,
        queue_position=0,
        stop_price_dollars=_price(view.stop_price_ticks),
        expiration_time=timestamp_or_none(view.expires_at_us),
        created_time=timestamp(view.created_at_us),
        last_update_time=timestamp(view.updated_at_us),
        self_trade_prevention_type=view.self_trade_prevention.value,
        order_group_id=view.order_group_id,
        post_only=view.post_only,
        reduce_only=view.reduce_only,
        cancel_order_on_pause=view.cancel_on_pause,
    )


def placed_answer(request: OrderRequest, state: OrderState, *, at_us: int) -> Order:
    """Return an order that was placed just now as it is told: all its fills were as taker."""
    at = timestamp(at_us)
    stop = request.stop_price_ticks
    if stop is not None and state.side is not request.side:
        stop = complement(stop)
    return Order(
        **_numbers(
            state.side,
            state.price_ticks,
            initial=state.initial,
            filled=state.filled,
            remaining=state.remaining,
            canceled=Quantity(0),
            lapsed=state.canceled,
            voided=Quantity(0),
            taker_cost=state.fill_value,
            maker_cost=Money(0),
            taker_fees=state.fees,
            maker_fees=Money(0),
        ),
        order_id=state.order_id,
        user_id=state.account_id,
        client_order_id=state.client_order_id,
        ticker=state.ticker,
        side=state.side.value,
        action=state.action.value,
        outcome_side=outcome_side(state.side, state.action),
        book_side=book_side(state.side, state.action),
        exchange_index=EXCHANGE_INDEX,
        type=_known_type(state.order_type),
        order_type=state.order_type.value,
        status=_status(state).value,
        end_reason=state.end_reason.value if state.end_reason else None,
        time_in_force=state.time_in_force.value,
        queue_position=0,
        stop_price_dollars=_price(stop),
        expiration_time=timestamp_or_none(request.expires_at_us),
        created_time=at,
        last_update_time=at,
        self_trade_prevention_type=request.self_trade_prevention.value,
        order_group_id=request.order_group_id,
        post_only=request.post_only,
        reduce_only=request.reduce_only,
        cancel_order_on_pause=request.cancel_on_pause,
    )


def _numbers(
    side: Side,
    price: Ticks,
    *,
    initial: Quantity,
    filled: Quantity,
    remaining: Quantity,
    canceled: Quantity,
    lapsed: Quantity,
    voided: Quantity,
    taker_cost: Money,
    maker_cost: Money,
    taker_fees: Money,
    maker_fees: Money,
) -> OrderNumbers:
    yes, no = (price, other_side(price)) if side is Side.YES else (other_side(price), price)
    return OrderNumbers(
        yes_price=price_cents(yes),
        no_price=price_cents(no),
        yes_price_dollars=price_dollars(yes),
        no_price_dollars=price_dollars(no),
        initial_count=whole_contracts(initial),
        initial_count_fp=contracts(initial),
        fill_count=whole_contracts(filled),
        fill_count_fp=contracts(filled),
        remaining_count=whole_contracts(remaining),
        remaining_count_fp=contracts(remaining),
        canceled_count_fp=contracts(canceled),
        lapsed_count_fp=contracts(lapsed),
        voided_count_fp=contracts(voided),
        taker_fees=money_cents(taker_fees),
        taker_fees_dollars=money_dollars(taker_fees),
        maker_fees=money_cents(maker_fees),
        maker_fees_dollars=money_dollars(maker_fees),
        taker_fill_cost=money_cents(taker_cost),
        taker_fill_cost_dollars=money_dollars(taker_cost),
        maker_fill_cost=money_cents(maker_cost),
        maker_fill_cost_dollars=money_dollars(maker_cost),
    )


def _known_type(order_type: OrderType) -> str:
    """Return the type in the words the official clients know: a stop order has a limit as well."""
    return "market" if order_type is OrderType.MARKET else "limit"


def _status(state: OrderState) -> OrderStatus:
    if state.remaining:
        return OrderStatus.RESTING
    return OrderStatus.EXECUTED if state.filled == state.initial else OrderStatus.CANCELED


def _price(ticks: Ticks | None) -> str | None:
    return None if ticks is None else price_dollars(ticks)
