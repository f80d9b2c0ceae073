"""The state of a market, as its events left it."""

import hashlib
import heapq
from collections.abc import Collection, Iterator

from domain.fees import FREE, FeeSchedule
from domain.identifiers import AccountId, GroupId, OrderId, Ticker, TradeId
from domain.market.book import Book, Order
from domain.market.stops import Stops
from domain.market.vocabulary import BUY, YES, Action, Condition, MarketStatus, Result, Side
from domain.quantities import Quantity, Ticks

_PENDING = Condition.PENDING


class Position:
    """What one account holds, offers and bids for, and what it has paid.

    ``paid`` is money put in less money taken out, fees included; ``fees`` is the part that was fees.
    """

    __slots__ = (
        "bid_no",
        "bid_yes",
        "fees",
        "no",
        "offered_no",
        "offered_yes",
        "open_orders",
        "paid",
        "reducing_no",
        "reducing_yes",
        "stops",
        "yes",
    )

    def __init__(self) -> None:
        self.yes = 0
        self.no = 0
        self.offered_yes = 0
        self.offered_no = 0
        self.bid_yes = 0
        self.bid_no = 0
        self.paid = 0
        self.fees = 0
        self.open_orders = 0
        self.stops = 0
        self.reducing_yes = 0
        """How much more yes than no is held that orders which only reduce are to give up."""
        self.reducing_no = 0

    def held(self, side: Side) -> int:
        """Return the shares held of ``side``."""
        return self.yes if side is YES else self.no

    def free(self, side: Side) -> int:
        """Return the shares of ``side`` held and not offered."""
        return self.yes - self.offered_yes if side is YES else self.no - self.offered_no

    def bid(self, side: Side) -> int:
        """Return the shares of ``side`` that open orders would buy."""
        return self.bid_yes if side is YES else self.bid_no

    def reducible(self, *, yes: bool) -> int:
        """Return how much more is held of yes than of no, or of no than of yes: what can be reduced."""
        return max(0, self.yes - self.no if yes else self.no - self.yes)

    def reduce(self, quantity: int, *, yes: bool) -> None:
        """Count ``quantity`` more (or fewer, below zero) as to be given up by orders that only reduce."""
        if yes:
            self.reducing_yes += quantity
        else:
            self.reducing_no += quantity

    @property
    def over_reducing(self) -> bool:
        """Whether orders that only reduce could do more than that."""
        net = self.yes - self.no
        return self.reducing_yes > max(0, net) or self.reducing_no > max(0, -net)

    @property
    def pairs(self) -> int:
        """How many shares of both outcomes are held."""
        return min(self.yes, self.no)

    @property
    def over_offering(self) -> bool:
        """Whether more is offered than is held."""
        return self.offered_yes > self.yes or self.offered_no > self.no

    def expose(self, side: Side, action: Action, quantity: int) -> None:
        """Count ``quantity`` more (or fewer, below zero) as bid for or offered."""
        if action is BUY:
            if side is YES:
                self.bid_yes += quantity
            else:
                self.bid_no += quantity
        elif side is YES:
            self.offered_yes += quantity
        else:
            self.offered_no += quantity

    def buy(self, side: Side, quantity: int) -> None:
        """Receive shares that were bid for."""
        if side is YES:
            self.bid_yes -= quantity
            self.yes += quantity
        else:
            self.bid_no -= quantity
            self.no += quantity

    def sell(self, side: Side, quantity: int) -> None:
        """Hand over shares that were offered."""
        if side is YES:
            self.offered_yes -= quantity
            self.yes -= quantity
        else:
            self.offered_no -= quantity
            self.no -= quantity

    @property
    def settled(self) -> bool:
        """Whether nothing is left that would have to be paid or undone."""
        return not (self.yes or self.no or self.paid or self.fees or self.open_orders)


UNBOUNDED = 2**62
"""What may fill of a group whose limit the market was never told: its orders are older than such limits."""

_GONE = 100
"""How many orders that are gone are still noted to expire, whatever else there is."""

CROSSED_ORDERS = 10_000
"""How many orders that were crossed are remembered, the latest: more than can be under way at once."""

CLOSED_GROUPS = 10_000
"""How many groups that are closed here are remembered, the latest: more than can be under way at once."""


class GroupHere:
    """An order group as far as this market knows: what may fill of it, and what has, in a round.

    An order sent before version ``closed_at`` comes too late: the group's orders were taken off since.
    """

    __slots__ = ("account_id", "allowance", "closed_at", "filled", "orders", "round", "version")

    def __init__(self, account_id: AccountId) -> None:
        self.account_id = account_id
        self.round = 0
        self.version = -1
        self.allowance = UNBOUNDED
        self.filled = 0
        self.closed_at = 0
        self.orders: dict[OrderId, Order] = {}

    @property
    def room(self) -> int:
        """How much more may fill."""
        return max(0, self.allowance - self.filled)


class MarketState:
    """Everything a market decides on."""

    def __init__(self) -> None:
        self.ticker = Ticker("")
        self.title = self.rules = self.category = ""
        self.rules_version = 0
        self.group_id: GroupId | None = None
        self.tick_size = Ticks(100)
        self.price_min = Ticks(1)
        self.price_max = Ticks(9_999)
        self.quantity_min = Quantity(1)
        self.quantity_step = Quantity(1)
        self.position_limit: Quantity | None = None
        self.fees: FeeSchedule = FREE
        self.close_at_us: int | None = None

        self.created = False
        self.status = MarketStatus.INITIALIZED
        self.result: Result | None = None
        self.void_price = Ticks(5_000)
        self.condition = Condition.NONE
        self.parent: Ticker | None = None
        self.required: Result | None = None
        self.children: set[Ticker] = set()

        self.book = Book()
        self.orders: dict[OrderId, Order] = {}
        self.orders_by_account: dict[AccountId, dict[OrderId, Order]] = {}
        self.stops = Stops()
        self.leave_on_pause: dict[OrderId, None] = {}
        self.expirations: list[tuple[int, OrderId]] = []
        self.positions: dict[AccountId, Position] = {}
        self.abandoned: set[OrderId] = set()
        self.order_groups: dict[str, GroupHere] = {}
        self.closed_groups: dict[str, int] = {}
        """Groups closed here that have no orders left, by the version in which they were closed."""
        self.crossed: dict[OrderId, TradeId] = {}
        """The latest orders that were crossed with each other, and their trade: none is crossed twice."""
        self.reducing: dict[AccountId, dict[OrderId, Order]] = {}
        """The open orders that only reduce a position."""
        self.taker: Order | None = None
        """The order that is being matched: nothing else trades before it is done."""
        self.spent_groups: set[str] = set()
        """Groups of which no more may fill, and whose orders have yet to be taken off."""
        self.paired: dict[AccountId, TradeId | None] = {}
        """Who has come to hold both outcomes, and by which trade: the pairs have yet to be redeemed."""
        self.over_offering: set[AccountId] = set()
        """Whose offers have yet to be made as small as what is left of the shares."""
        self.over_reducing: set[AccountId] = set()
        """Whose orders that only reduce have yet to be made smaller."""
        self.abandoned_amendments: dict[OrderId, set[str]] = {}
        """Per open order; an order that is gone cannot be amended anyway."""
        self.outstanding = self.trades = self.volume = 0
        self.last_price: Ticks | None = None
        self.revision = -1

    @property
    def locks_proceeds(self) -> bool:
        """Whether what a trader takes out stays locked, because it may have to be given back."""
        return self.condition is _PENDING

    @property
    def ended(self) -> bool:
        """Whether the market is over, be it paid, void or called off."""
        return self.status is MarketStatus.FINALIZED

    def position(self, account_id: AccountId) -> Position:
        """Return the account's position, making an empty one if there is none."""
        position = self.positions.get(account_id)
        if position is None:
            position = self.positions[account_id] = Position()
        return position

    def orders_of(self, account_id: AccountId) -> Collection[Order]:
        """Return the account's open orders, the earliest first."""
        return self.orders_by_account.get(account_id, {}).values()

    def add_order(self, order: Order) -> None:
        """Know of an order that is open."""
        self.orders[order.order_id] = order
        self.orders_by_account.setdefault(order.account_id, {})[order.order_id] = order

    def drop_order(self, order: Order) -> None:
        """Know no more of an order that has ended."""
        del self.orders[order.order_id]
        of_account = self.orders_by_account[order.account_id]
        del of_account[order.order_id]
        if not of_account:
            del self.orders_by_account[order.account_id]

    def expires(self, order_id: OrderId, at_us: int) -> None:
        """Note when an order expires. Those gone are forgotten once they are more than the others."""
        if len(self.expirations) > 2 * len(self.orders) + _GONE:
            self.expirations = [each for each in self.expirations if each[1] in self.orders]
            heapq.heapify(self.expirations)
        heapq.heappush(self.expirations, (at_us, order_id))

    def next_expiration(self) -> tuple[int, OrderId] | None:
        """Return the earliest time at which an open order expires, dropping entries of orders gone."""
        while self.expirations and self.expirations[0][1] not in self.orders:
            heapq.heappop(self.expirations)
        return self.expirations[0] if self.expirations else None

    def group_here(self, order_group_id: str, account_id: AccountId) -> GroupHere:
        """Return an order group, taking note of it if it was not known."""
        group = self.order_groups.get(order_group_id)
        if group is None:
            group = self.order_groups[order_group_id] = GroupHere(account_id)
        return group

    def digest(self) -> str:
        """Return a hash of all that matters: two states with the same digest behave the same."""
        return hashlib.sha256("\n".join(self._facts()).encode()).hexdigest()

    def _facts(self) -> Iterator[str]:
        yield (
            f"market {self.ticker} {self.status} {self.result} {self.condition} {self.parent} "
            f"{self.required} {sorted(self.children)} {self.tick_size} {self.rules_version} {self.fees} "
            f"{self.outstanding} {self.trades} {self.volume} {self.last_price} {sorted(self.abandoned)} "
            f"{self.price_min} {self.price_max} {self.quantity_min} {self.quantity_step} "
            f"{self.position_limit} {self.group_id} {self.close_at_us} {self.void_price}"
        )
        # Orders and holders in the order in which they came: that is how they are taken off and paid.
        for account_id, position in self.positions.items():
            values = (getattr(position, name) for name in Position.__slots__)
            yield f"position {account_id} {' '.join(map(str, values))}"
        for order in self.orders.values():
            yield f"order {_order_facts(order)}"
        for order_id, amendments in sorted(self.abandoned_amendments.items()):
            yield f"abandoned {order_id} {' '.join(sorted(amendments))}"
        for side in Side:
            for level in self.book.ladder(side).down_from_best():
                yield f"book {side} {level.ticks} {level.total} {' '.join(o.order_id for o in level)}"
        yield f"stops {' '.join(self.stops)}"
        for name, group in self.order_groups.items():
            yield (
                f"group {name} {group.account_id} {group.round} {group.version} {group.allowance} "
                f"{group.filled} {group.closed_at}"
            )
        for name, version in self.closed_groups.items():
            yield f"closed {name} {version}"
        for order_id, trade_id in self.crossed.items():
            yield f"crossed {order_id} {trade_id}"
        yield f"taker {self.taker.order_id if self.taker else None}"


_FACTS = tuple(name for name in Order.__slots__ if name not in ("level", "ahead", "behind"))


def _order_facts(order: Order) -> str:
    return " ".join(str(getattr(order, name)) for name in _FACTS)
