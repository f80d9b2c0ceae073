"""What the newer order routes answer: how an order stands, in few words."""

from typing import NotRequired

from typing_extensions import TypedDict

from adapters.http.answers.batches import ItemError
from adapters.http.answers.display import contracts, money_dollars, price_dollars
from application.requests import OrderState
from domain.market.vocabulary import Side
from domain.quantities import PAYOUT_TICKS, Ticks
from projections.reading.views import OrderView

_US_PER_MS = 1_000


class PlacedAck(TypedDict):
    """An order that was placed, or changed: what has filled of it, and what is left.

    Prices are in yes terms; the average fee is that of a contract. Both are missing while nothing has filled.
    """

    order_id: str
    client_order_id: str
    fill_count: str
    remaining_count: str
    average_fill_price: NotRequired[str]
    average_fee_paid: NotRequired[str]
    ts_ms: int


class ReducedAck(TypedDict):
    """An order that was cancelled: how much of it was taken off."""

    order_id: str
    client_order_id: str
    reduced_by: str
    ts_ms: int


class BatchPlacedAck(TypedDict):
    """The answer to one order of a batch: how it stands, or why not."""

    order_id: NotRequired[str]
    client_order_id: str | None
    fill_count: NotRequired[str]
    remaining_count: NotRequired[str]
    average_fill_price: NotRequired[str]
    average_fee_paid: NotRequired[str]
    ts_ms: NotRequired[int]
    error: NotRequired[ItemError]


class BatchPlacedAnswer(TypedDict):
    """The answers to a batch of orders, in their order."""

    orders: list[BatchPlacedAck]


class BatchReducedAck(TypedDict):
    """The answer to one cancel of a batch."""

    order_id: str
    client_order_id: NotRequired[str]
    reduced_by: str
    ts_ms: NotRequired[int]
    error: NotRequired[ItemError]


class BatchReducedAnswer(TypedDict):
    """The answers to a batch of cancels, in their order."""

    orders: list[BatchReducedAck]


def state_ack(state: OrderState, *, at_us: int) -> PlacedAck:
    """Return what is said of an order as its command left it."""
    ack = PlacedAck(
        order_id=state.order_id,
        client_order_id=state.client_order_id,
        fill_count=contracts(state.filled),
        remaining_count=contracts(state.remaining),
        ts_ms=at_us // _US_PER_MS,
    )
    return _with_averages(ack, state.side, state.filled, state.fill_value, state.fees)


def view_ack(view: OrderView) -> PlacedAck:
    """Return what is said of an order as readers see it."""
    ack = PlacedAck(
        order_id=view.order_id,
        client_order_id=view.client_order_id,
        fill_count=contracts(view.filled),
        remaining_count=contracts(view.remaining),
        ts_ms=view.updated_at_us // _US_PER_MS,
    )
    cost = view.taker_fill_cost + view.maker_fill_cost
    return _with_averages(ack, view.side, view.filled, cost, view.taker_fees + view.maker_fees)


def reduced_ack(view: OrderView, reduced: int) -> ReducedAck:
    """Return what is said of an order that was cancelled."""
    return ReducedAck(
        order_id=view.order_id,
        client_order_id=view.client_order_id,
        reduced_by=contracts(reduced),
        ts_ms=view.updated_at_us // _US_PER_MS,
    )


def _with_averages(ack: PlacedAck, side: Side, filled: int, cost: int, fees: int) -> PlacedAck:
    if filled:
        ticks = (2 * cost + filled) // (2 * filled)
        ack["average_fill_price"] = price_dollars(Ticks(ticks if side is Side.YES else PAYOUT_TICKS - ticks))
        ack["average_fee_paid"] = money_dollars(fees * 100 // filled)
    return ack
