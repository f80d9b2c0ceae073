"""Orders: what was asked for, what became of it, and why."""

from dataclasses import dataclass
from typing import Any, ClassVar

from application.events import Recorded
from application.streams import MARKET
from domain.market.events import (
    Leg,
    OrderAmended,
    OrderCanceled,
    OrderDecreased,
    OrderPlaced,
    OrderRenamed,
    StopTriggered,
    TradeExecuted,
)
from domain.market.vocabulary import EndReason, Side
from domain.quantities import PAYOUT_TICKS
from projections.reading.views import OrderStatus
from projections.running.projection import Projection
from projections.running.rows import Rows
from projections.running.table import Table


@dataclass(slots=True)
class OrderRow:
    """An order; ``placed_position`` orders them by when they were placed."""

    order_id: str
    account_id: str
    placed_position: int
    client_order_id: str
    ticker: str
    side: str
    action: str
    order_type: str
    price_ticks: int
    time_in_force: str
    status: str
    end_reason: str | None
    initial: int
    filled: int
    remaining: int
    canceled: int
    lapsed: int
    voided: int
    maker_fill_cost: int
    taker_fill_cost: int
    maker_fees: int
    taker_fees: int
    reserved: int
    expires_at_us: int | None
    stop_price_ticks: int | None
    triggered_at_us: int | None
    post_only: bool
    reduce_only: bool
    self_trade_prevention: str
    order_group_id: str | None
    cancel_on_pause: bool
    created_at_us: int
    updated_at_us: int
    revision: int
    position: int


@dataclass(slots=True)
class RenameRow:
    """What an order's client id was until ``position``, where an amendment gave it another."""

    order_id: str
    position: int
    client_order_id: str


ORDERS = Table("orders", OrderRow, key=("order_id",))
RENAMES = Table("order_renames", RenameRow, key=("order_id", "position"))

_RESTING, _CANCELED, _EXECUTED = (status.value for status in OrderStatus)

_VOIDED = frozenset({EndReason.MARKET_VOIDED, EndReason.CALLED_OFF})
_CALLED_BACK = frozenset({EndReason.REQUESTED, EndReason.MARKET_PAUSED})


class OrdersProjection(Projection):
    """Keeps every order with sizes that always add up, and what it was called before."""

    name: ClassVar[str] = "orders"
    version: ClassVar[int] = 2
    halts: ClassVar[bool] = True

    def __init__(self) -> None:
        self._orders = Rows(ORDERS)
        self._renames = Rows(RENAMES, kept=100)
        super().__init__(
            parts=(self._orders, self._renames),
            handlers={
                OrderPlaced: self._placed,
                TradeExecuted: self._traded,
                OrderCanceled: self._canceled,
                OrderDecreased: self._decreased,
                OrderAmended: self._amended,
                OrderRenamed: self._renamed,
                StopTriggered: self._triggered,
            },
            wants={
                OrderPlaced: lambda r: self._orders.expect_new(r.event.order_id),
                TradeExecuted: self._want_both,
                OrderCanceled: self._want_one,
                OrderDecreased: self._want_one,
                OrderAmended: self._want_one,
                OrderRenamed: self._want_one,
                StopTriggered: self._want_one,
            },
        )

    def _want_one(self, recorded: Recorded[Any]) -> None:
        self._orders.want(recorded.event.order_id)

    def _want_both(self, recorded: Recorded[TradeExecuted]) -> None:
        self._orders.want(recorded.event.maker.order_id)
        self._orders.want(recorded.event.taker.order_id)

    def _placed(self, recorded: Recorded[OrderPlaced]) -> None:
        self._orders.put(placed(recorded))

    def _changed(self, recorded: Recorded[Any], order_id: str) -> OrderRow:
        row = self._orders.get(order_id)
        assert row is not None, f"order {order_id} was never placed"
        row.updated_at_us = recorded.cause.at_us
        row.revision = recorded.revision
        row.position = recorded.position
        self._orders.put(row)
        return row

    def _traded(self, recorded: Recorded[TradeExecuted]) -> None:
        for leg in (recorded.event.maker, recorded.event.taker):
            fill(self._changed(recorded, leg.order_id), recorded.event, leg)

    def _canceled(self, recorded: Recorded[OrderCanceled]) -> None:
        cancel(self._changed(recorded, recorded.event.order_id), recorded.event)

    def _decreased(self, recorded: Recorded[OrderDecreased]) -> None:
        decrease(self._changed(recorded, recorded.event.order_id), recorded.event)

    def _amended(self, recorded: Recorded[OrderAmended]) -> None:
        row = self._changed(recorded, recorded.event.order_id)
        amend(row, recorded.event)
        self._name(row, recorded)

    def _renamed(self, recorded: Recorded[OrderRenamed]) -> None:
        self._name(self._changed(recorded, recorded.event.order_id), recorded)

    def _name(self, row: OrderRow, recorded: Recorded[OrderAmended | OrderRenamed]) -> None:
        name = recorded.event.client_order_id
        if name != row.client_order_id:
            self._renames.put(RenameRow(row.order_id, recorded.position, row.client_order_id))
            row.client_order_id = name

    def _triggered(self, recorded: Recorded[StopTriggered]) -> None:
        row = self._changed(recorded, recorded.event.order_id)
        row.triggered_at_us = recorded.cause.at_us


def placed(recorded: Recorded[OrderPlaced]) -> OrderRow:
    """Return an order as it was placed."""
    event, at_us = recorded.event, recorded.cause.at_us
    quantity = event.terms.quantity
    return OrderRow(
        order_id=event.order_id,
        account_id=event.account_id,
        placed_position=recorded.position,
        client_order_id=event.client_order_id,
        ticker=recorded.stream.removeprefix(MARKET),
        side=event.side.value,
        action=event.action.value,
        order_type=event.order_type.value,
        price_ticks=event.terms.price_ticks,
        time_in_force=event.time_in_force.value,
        status=_RESTING,
        end_reason=None,
        initial=quantity,
        filled=0,
        remaining=quantity,
        canceled=0,
        lapsed=0,
        voided=0,
        maker_fill_cost=0,
        taker_fill_cost=0,
        maker_fees=0,
        taker_fees=0,
        reserved=event.reserved,
        expires_at_us=event.expires_at_us,
        stop_price_ticks=event.stop_price_ticks,
        triggered_at_us=None,
        post_only=event.post_only,
        reduce_only=event.reduce_only,
        self_trade_prevention=event.self_trade_prevention.value,
        order_group_id=event.order_group_id,
        cancel_on_pause=event.cancel_on_pause,
        created_at_us=at_us,
        updated_at_us=at_us,
        revision=recorded.revision,
        position=recorded.position,
    )


def fill(row: OrderRow, trade: TradeExecuted, leg: Leg) -> None:
    """Note what a trade filled of an order."""
    price = trade.price_ticks if leg.side is Side.YES else PAYOUT_TICKS - trade.price_ticks
    row.filled += trade.quantity
    row.remaining -= trade.quantity
    row.reserved = leg.reserved
    if not row.remaining:
        row.status = _EXECUTED
    if leg is trade.maker:
        row.maker_fill_cost += price * trade.quantity
        row.maker_fees += leg.fee
    else:
        row.taker_fill_cost += price * trade.quantity
        row.taker_fees += leg.fee


def cancel(row: OrderRow, event: OrderCanceled) -> None:
    """Note that what was left of an order was taken off."""
    row.remaining -= event.quantity
    if event.reason in _CALLED_BACK:
        row.canceled += event.quantity
    elif event.reason in _VOIDED:
        row.voided += event.quantity
    else:
        row.lapsed += event.quantity
    row.reserved = 0
    row.status = _CANCELED
    row.end_reason = event.reason.value


def decrease(row: OrderRow, event: OrderDecreased) -> None:
    """Note that an order got smaller."""
    row.remaining -= event.quantity
    row.canceled += event.quantity
    row.reserved = event.reserved


def amend(row: OrderRow, event: OrderAmended) -> None:
    """Note that an order got another price or quantity; its name is another matter."""
    gained = event.remaining - row.remaining
    if gained > 0:
        row.initial += gained
    else:
        row.canceled -= gained
    row.remaining = event.remaining
    row.price_ticks = event.price_ticks
    row.reserved = event.reserved
