"""The order book: two ladders of bids, one per outcome, each in the terms of its own side.

Selling yes at p is bidding for no at 1 - p, so both ladders look the same, and orders cross when a yes
bid and a no bid add up to a dollar or more. Prices are bounded ticks: the levels in use are the bits of
one integer, and the best price is its highest bit.
"""

from collections.abc import Iterator

from domain.fees import FeeSchedule
from domain.market.events import OrderPlaced
from domain.market.vocabulary import BUY, NO, SELL, YES, Action, Side
from domain.quantities import Quantity, Ticks


class Order:
    """An open order. It stands on the ladder of ``book_side`` at ``book_ticks`` while ``resting`` > 0."""

    __slots__ = (
        "account_id",
        "action",
        "ahead",
        "behind",
        "book_side",
        "book_ticks",
        "cancel_on_pause",
        "client_order_id",
        "expires_at_us",
        "fee_accrued",
        "fee_charged",
        "filled",
        "level",
        "order_group_id",
        "order_id",
        "order_type",
        "post_only",
        "price_ticks",
        "reduce_only",
        "remaining",
        "reserved",
        "resting",
        "self_trade_prevention",
        "side",
        "stop_ticks",
        "time_in_force",
    )

    def __init__(self, placed: OrderPlaced) -> None:
        self.order_id = placed.order_id
        self.account_id = placed.account_id
        self.client_order_id = placed.client_order_id
        self.side = placed.side
        self.action = placed.action
        self.order_type = placed.order_type
        self.remaining: int = placed.terms.quantity
        self.resting = 0
        self.filled = 0
        self.reserved: int = placed.reserved
        self.time_in_force = placed.time_in_force
        self.expires_at_us = placed.expires_at_us
        self.stop_ticks = placed.stop_price_ticks
        self.post_only = placed.post_only
        self.reduce_only = placed.reduce_only
        self.self_trade_prevention = placed.self_trade_prevention
        self.order_group_id = placed.order_group_id
        self.cancel_on_pause = placed.cancel_on_pause
        self.fee_accrued = 0
        self.fee_charged = 0
        self.level: Level | None = None
        self.ahead: Order | None = None
        self.behind: Order | None = None
        self.reprice(placed.terms.price_ticks)

    def reprice(self, price_ticks: Ticks) -> None:
        """Set the limit; only while the order is off the book."""
        self.price_ticks = price_ticks
        self.book_side, self.book_ticks = book_place(self.side, self.action, price_ticks)

    @property
    def reduces_yes(self) -> bool:
        """Whether filling it makes its account hold fewer yes against no: it sells yes or buys no."""
        return (self.side is YES) is (self.action is SELL)


def book_place(side: Side, action: Action, price_ticks: Ticks) -> tuple[Side, Ticks]:
    """Return the ladder and the price at which an order bids."""
    if action is BUY:
        return side, price_ticks
    return (NO if side is YES else YES), Ticks(10_000 - price_ticks)


def required_reservation(
    fees: FeeSchedule,
    action: Action,
    price_ticks: int,
    quantity: int,
    fee_accrued: int = 0,
    fee_charged: int = 0,
) -> int:
    """Return the money an order needs held: price times quantity plus the worst-case fee; sells none."""
    if action is SELL or not quantity:
        return 0
    value = price_ticks * quantity
    if fees.free:
        return value
    worst = fee_accrued + fees.worst(Ticks(price_ticks), Quantity(quantity))
    return value + fees.rounded(worst) - fee_charged


class Level:
    """The orders at one price, first come first: a linked list through the orders themselves."""

    __slots__ = ("first", "last", "ticks", "total")

    def __init__(self, ticks: int) -> None:
        self.ticks = ticks
        self.total = 0
        self.first: Order | None = None
        self.last: Order | None = None

    def __iter__(self) -> Iterator[Order]:
        order = self.first
        while order is not None:
            yield order
            order = order.behind


class Ladder:
    """The bids for one outcome. Bit p of ``mask`` is set while there are orders at p ticks."""

    __slots__ = ("levels", "mask")

    def __init__(self) -> None:
        self.levels: dict[int, Level] = {}
        self.mask = 0

    @property
    def best_ticks(self) -> Ticks | None:
        """The highest bid, or ``None`` while there is none."""
        return Ticks(self.mask.bit_length() - 1) if self.mask else None

    def down_from_best(self, floor_ticks: int = 0) -> Iterator[Level]:
        """Yield the levels from the best down to ``floor_ticks``."""
        mask = self.mask >> floor_ticks
        while mask:
            top = mask.bit_length() - 1
            yield self.levels[top + floor_ticks]
            mask ^= 1 << top

    @property
    def worst_ticks(self) -> Ticks | None:
        """The lowest bid, or ``None`` while there is none."""
        return Ticks((self.mask & -self.mask).bit_length() - 1) if self.mask else None

    def available(self, floor_ticks: int) -> int:
        """Return the quantity bid at ``floor_ticks`` or higher."""
        return sum(level.total for level in self.down_from_best(floor_ticks))

    def join(self, order: Order, quantity: int) -> None:
        """Put an order at the back of the queue at its price."""
        ticks = order.book_ticks
        level = self.levels.get(ticks)
        if level is None:
            level = self.levels[ticks] = Level(ticks)
            self.mask |= 1 << ticks
        order.level = level
        order.resting = quantity
        order.ahead, order.behind = level.last, None
        if level.last is None:
            level.first = order
        else:
            level.last.behind = order
        level.last = order
        level.total += quantity

    def reduce(self, order: Order, quantity: int) -> None:
        """Take ``quantity`` off a resting order, and the order off the ladder when nothing is left."""
        level = order.level
        assert level is not None
        level.total -= quantity
        order.resting -= quantity
        if not order.resting:
            self._leave(order, level)

    def _leave(self, order: Order, level: Level) -> None:
        ahead, behind = order.ahead, order.behind
        if ahead is None:
            level.first = behind
        else:
            ahead.behind = behind
        if behind is None:
            level.last = ahead
        else:
            behind.ahead = ahead
        order.level = order.ahead = order.behind = None
        if level.first is None:
            del self.levels[level.ticks]
            self.mask ^= 1 << level.ticks


class Book:
    """Both ladders of a market."""

    __slots__ = ("no", "yes")

    def __init__(self) -> None:
        self.yes = Ladder()
        self.no = Ladder()

    def ladder(self, side: Side) -> Ladder:
        """Return the bids for ``side``."""
        return self.yes if side is YES else self.no

    def against(self, side: Side) -> Ladder:
        """Return the bids that an order bidding for ``side`` trades with."""
        return self.no if side is YES else self.yes

    def crosses(self, side: Side, ticks: int) -> bool:
        """Return whether a bid for ``side`` at ``ticks`` would trade at once."""
        return bool(self.against(side).mask >> (10_000 - ticks))

    def depth(self, side: Side, levels: int | None = None) -> list[tuple[Ticks, Quantity]]:
        """Return price and quantity of the best ``levels`` bids for ``side``, best first."""
        ladder = [(Ticks(level.ticks), Quantity(level.total)) for level in self.ladder(side).down_from_best()]
        return ladder if levels is None else ladder[:levels]

    def queue_ahead(self, order: Order) -> Quantity:
        """Return how much stands before a resting order: at better prices, and earlier at its own."""
        ladder = self.ladder(order.book_side)
        better = ladder.available(order.book_ticks + 1)
        earlier = 0
        before = order.ahead
        while before is not None:
            earlier += before.resting
            before = before.ahead
        return Quantity(better + earlier)
