"""What one account sees of itself while it listens: open orders and positions, in memory.

It is set up from the rows of the read model and goes on from there. What the rows hold already is passed
over: they say up to where in the log they go.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from application.events import Recorded
from application.ports.event_store import START
from application.streams import MARKET
from domain.identifiers import AccountId
from domain.market import events as e
from projections import orders, portfolio
from projections.orders import OrderRow
from projections.portfolio import PositionRow
from projections.reading.queries import AccountStanding
from projections.reading.views import OrderStatus, OrderView, PositionView


@dataclass(frozen=True, slots=True)
class Filled:
    """An account's side of a trade; ``net`` is its position after that, where it is known."""

    trade: Recorded[e.TradeExecuted]
    leg: e.Leg
    client_order_id: str
    net: int | None


Change = OrderRow | PositionRow | Filled
"""What an event changed, as it stands after that; it counts until the next event is taken in."""


class Desk:
    """Keeps up one account. Until it is opened, what happens is only remembered."""

    def __init__(self, account_id: AccountId) -> None:
        self.account_id = account_id
        self.orders: dict[str, OrderRow] = {}
        self.positions: dict[str, PositionRow] = {}
        self._orders_at = self._positions_at = START
        self._waiting: list[Recorded[Any]] | None = []

    @property
    def ready(self) -> bool:
        """Whether it is open."""
        return self._waiting is None

    def open(self, standing: AccountStanding) -> None:
        """Set it up, and take in what has happened since."""
        self.orders = {view.order_id: _order_row(view) for view in standing.open_orders}
        self.positions = {view.ticker: _position_row(view) for view in standing.positions}
        self._orders_at, self._positions_at = standing.orders_at, standing.positions_at
        waiting, self._waiting = self._waiting or [], None
        for recorded in waiting:
            self.take(recorded)

    def knows(self, order_id: str) -> bool:
        """Return whether an order is this account's and open, as far as is known."""
        return order_id in self.orders or not self.ready

    def take(self, recorded: Recorded[Any]) -> list[Change]:
        """Take in an event that concerns the account; return what it changed."""
        if self._waiting is not None:
            self._waiting.append(recorded)
            return []
        changes: list[Change] = []
        if isinstance(recorded.event, e.TradeExecuted):
            trade = recorded.event
            for leg in (trade.maker, trade.taker):
                if leg.account_id == self.account_id:
                    changes += self._filled(recorded, leg)
            return changes
        if recorded.position > self._orders_at and (order := self._order(recorded)) is not None:
            changes.append(order)
        if recorded.position > self._positions_at and (position := self._position(recorded)) is not None:
            changes.append(position)
        return changes

    # --------------------------------------------------------------------------------------- orders

    def _order(self, recorded: Recorded[Any]) -> OrderRow | None:
        event = recorded.event
        if isinstance(event, e.OrderPlaced):
            row = self.orders[event.order_id] = orders.placed(recorded)
            return row
        row_of = self.orders.get(getattr(event, "order_id", ""))
        if row_of is None or not _change(row_of, recorded):
            return None
        return self._touched(row_of, recorded)

    def _touched(self, row: OrderRow, recorded: Recorded[Any]) -> OrderRow:
        row.updated_at_us, row.revision = recorded.cause.at_us, recorded.revision
        row.position = recorded.position
        if row.status != OrderStatus.RESTING.value:
            del self.orders[row.order_id]
        return row

    # ---------------------------------------------------------------------------- fills and positions

    def _filled(self, recorded: Recorded[e.TradeExecuted], leg: e.Leg) -> Iterator[Change]:
        trade, ticker = recorded.event, recorded.stream.removeprefix(MARKET)
        order = self.orders.get(leg.order_id)
        position: PositionRow | None = None
        if recorded.position > self._positions_at:
            position = self._held(ticker)
            portfolio.fill(position, trade, leg)
            position.updated_at_us = recorded.cause.at_us
        yield Filled(
            trade=recorded,
            leg=leg,
            client_order_id=order.client_order_id if order else "",
            net=None if position is None else position.yes - position.no,
        )
        if order is not None and recorded.position > self._orders_at:
            orders.fill(order, trade, leg)
            yield self._touched(order, recorded)
        if position is not None:
            yield position

    def _held(self, ticker: str) -> PositionRow:
        row = self.positions.get(ticker)
        if row is None:
            row = self.positions[ticker] = portfolio.nothing(self.account_id, ticker)
        return row

    def _position(self, recorded: Recorded[Any]) -> PositionRow | None:
        event = recorded.event
        match event:
            case e.PairsRedeemed():
                row = self._held(recorded.stream.removeprefix(MARKET))
                portfolio.redeem(row, event)
            case e.PositionSettled():
                row = self._held(recorded.stream.removeprefix(MARKET))
                portfolio.settle(row, event)
            case e.PositionUnwound():
                row = self._held(recorded.stream.removeprefix(MARKET))
                portfolio.unwind(row)
            case _:
                return None
        row.updated_at_us = recorded.cause.at_us
        return row


def _change(row: OrderRow, recorded: Recorded[Any]) -> bool:
    """Change an order; return whether the event does."""
    event = recorded.event
    match event:
        case e.OrderCanceled():
            orders.cancel(row, event)
        case e.OrderDecreased():
            orders.decrease(row, event)
        case e.OrderAmended():
            orders.amend(row, event)
            row.client_order_id = event.client_order_id
        case e.OrderRenamed():
            row.client_order_id = event.client_order_id
        case e.StopTriggered():
            row.triggered_at_us = recorded.cause.at_us
        case _:
            return False
    return True


def _order_row(view: OrderView) -> OrderRow:
    names = set(OrderRow.__slots__) - {"placed_position"}
    plain = {name: _plain(getattr(view, name)) for name in names}
    return OrderRow(placed_position=view.position, **plain)


def _position_row(view: PositionView) -> PositionRow:
    return PositionRow(**{name: _plain(getattr(view, name)) for name in PositionRow.__slots__})


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
