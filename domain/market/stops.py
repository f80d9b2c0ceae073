"""Stop orders that wait, kept by the price that wakes them: a trade touches only those it reaches."""

from collections.abc import Iterator

from domain.identifiers import OrderId
from domain.market.book import Order
from domain.market.vocabulary import BUY, YES
from domain.quantities import PAYOUT_TICKS


class _Side:
    """Stops by their price in yes terms. Bit p of ``mask`` is set while any wait for p ticks."""

    __slots__ = ("levels", "mask")

    def __init__(self) -> None:
        self.levels: dict[int, dict[OrderId, Order]] = {}
        self.mask = 0

    def add(self, ticks: int, order: Order) -> None:
        level = self.levels.get(ticks)
        if level is None:
            level = self.levels[ticks] = {}
            self.mask |= 1 << ticks
        level[order.order_id] = order

    def remove(self, ticks: int, order: Order) -> None:
        level = self.levels[ticks]
        del level[order.order_id]
        if not level:
            del self.levels[ticks]
            self.mask ^= 1 << ticks

    def first_at(self, ticks: int) -> Order:
        return next(iter(self.levels[ticks].values()))


class Stops:
    """All stop orders of a market: those that wait for the yes price to rise, and for it to fall."""

    __slots__ = ("_falling", "_rising", "orders")

    def __init__(self) -> None:
        self.orders: dict[OrderId, Order] = {}
        self._rising, self._falling = _Side(), _Side()

    def __len__(self) -> int:
        return len(self.orders)

    def __iter__(self) -> Iterator[OrderId]:
        return iter(self.orders)

    def __contains__(self, order_id: OrderId) -> bool:
        return order_id in self.orders

    def add(self, order: Order) -> None:
        """Let an order wait."""
        self.orders[order.order_id] = order
        side, ticks = self._place(order)
        side.add(ticks, order)

    def remove(self, order: Order) -> None:
        """Let an order wait no longer, if it does."""
        if self.orders.pop(order.order_id, None) is not None:
            side, ticks = self._place(order)
            side.remove(ticks, order)

    def due(self, last_yes_ticks: int) -> Order | None:
        """Return the next stop that a last price has reached.

        The one whose price was reached first, and of those the one that came first; what waits for a rise
        goes before what waits for a fall.
        """
        reached = self._rising.mask & ((2 << last_yes_ticks) - 1)
        if reached:
            return self._rising.first_at((reached & -reached).bit_length() - 1)
        if self._falling.mask >> last_yes_ticks:
            return self._falling.first_at(self._falling.mask.bit_length() - 1)
        return None

    def _place(self, order: Order) -> tuple[_Side, int]:
        """A buy waits for the price of its side to rise to the stop, a sell for it to fall there."""
        assert order.stop_ticks is not None
        yes = order.side is YES
        ticks = order.stop_ticks if yes else PAYOUT_TICKS - order.stop_ticks
        return (self._rising if (order.action is BUY) is yes else self._falling), ticks
