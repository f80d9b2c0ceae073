"""A market that is obviously correct and slow: sorted lists, exact fractions, everything in yes terms.

Written from the design, not from the product's code. It says what a command does as plain tuples.
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from fractions import Fraction
from hashlib import sha256
from math import ceil

from domain.fees import FeeRate, FeeSchedule
from domain.market import commands as c
from domain.market.vocabulary import Action, EndReason, FillKind, OrderType, SelfTradePrevention, Side
from domain.market.vocabulary import TimeInForce as Tif
from domain.rejections import Reason

DOLLAR = 1_000_000


@dataclass
class NaiveOrder:
    asked: c.PlaceOrder
    name: str
    price: int
    remaining: int
    reserved: int
    time_in_force: Tif
    arrived: int
    waits: bool = False
    filled: int = 0
    exact_fee: Fraction = Fraction(0)
    charged: int = 0

    @property
    def id(self) -> str:
        return self.asked.order_id

    @property
    def account(self) -> str:
        return self.asked.account_id

    @property
    def buys(self) -> bool:
        return self.asked.action is Action.BUY

    @property
    def gains_from_yes(self) -> bool:
        """Whether it stands on the side of those who buy yes: it buys yes or sells no."""
        return self.buys == (self.asked.side is Side.YES)

    @property
    def reduces_yes(self) -> bool:
        """Whether filling it leaves fewer yes against no."""
        return not self.gains_from_yes

    @property
    def waits_for_rise(self) -> bool:
        """Whether it is the yes price's rise that brings it to life, as a stop."""
        return self.gains_from_yes

    @property
    def distance(self) -> int:
        """The stop price, such that what is reached first is least."""
        stop = self.asked.stop_price_ticks or 0
        yes_stop = stop if self.asked.side is Side.YES else 10_000 - stop
        return yes_stop if self.waits_for_rise else -yes_stop

    @property
    def yes_price(self) -> int:
        return self.price if self.asked.side is Side.YES else 10_000 - self.price


@dataclass
class Holding:
    yes: int = 0
    no: int = 0
    paid: int = 0
    fees: int = 0


@dataclass
class Group:
    """What a market was told last of an order group, and what has filled of it since its round began."""

    round: int = 0
    version: int = -1
    closed_at: int = 0
    allowance: int = 0
    filled: int = 0

    @property
    def room(self) -> int:
        return max(0, self.allowance - self.filled)


class Refused(Exception):
    def __init__(self, reason: Reason) -> None:
        self.reason = reason


def demand(condition: object, reason: Reason) -> None:
    if not condition:
        raise Refused(reason)


def exact_fee(rate: FeeRate, yes_price: int, quantity: int) -> Fraction:
    """Dollars per contract, times contracts, in millionths of a dollar."""
    p = Fraction(yes_price, 10_000)
    per_contract = Fraction(rate.quadratic_bps, 10_000) * p * (1 - p) + Fraction(rate.flat_ticks, 10_000)
    return per_contract * Fraction(quantity, 100) * DOLLAR


@dataclass
class NaiveMarket:
    fees: FeeSchedule
    tick: int = 100
    lowest: int = 1
    highest: int = 9_999
    smallest: int = 1
    step: int = 1
    most: int | None = None
    conditional: bool = False
    status: str = "active"
    orders: list[NaiveOrder] = field(default_factory=list)
    holdings: dict[str, Holding] = field(default_factory=dict)
    outstanding: int = 0
    trades: int = 0
    volume: int = 0
    last: int | None = None
    arrivals: int = 0
    revision: int = 0
    happened: list[tuple[object, ...]] = field(default_factory=list)
    worst_cache: dict[tuple[int, int], Fraction] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    paired: list[str] = field(default_factory=list)

    # ------------------------------------------------------------------------------------- commands

    def execute(self, command: c.MarketCommand, now: int) -> tuple[list[tuple[object, ...]], Reason | None]:
        self.happened = []
        self.react(now)
        by_itself = len(self.happened)
        self.revision += by_itself
        try:
            match command:
                case c.PlaceOrder():
                    self.place(command)
                case c.AmendOrder():
                    self.amend(command)
                case c.DecreaseOrder():
                    self.decrease(command)
                case c.CancelOrder():
                    self.take_off(self.owned(command), EndReason.REQUESTED)
                case c.CancelOrders():
                    for order in list(self.orders):
                        if order.account == command.account_id:
                            self.take_off(order, EndReason.REQUESTED)
                case c.BoundOrderGroup():
                    self.be_told(command)
                case c.PauseMarket():
                    demand(self.status == "active", Reason.TRANSITION_NOT_ALLOWED)
                    self.status = "inactive"
                    self.happened.append(("paused",))
                    for order in list(self.orders):
                        if order.asked.cancel_on_pause:
                            self.take_off(order, EndReason.MARKET_PAUSED)
                case c.ResumeMarket():
                    demand(self.status == "inactive", Reason.TRANSITION_NOT_ALLOWED)
                    self.status = "active"
                    self.happened.append(("resumed",))
                case c.ChangeTickSize():
                    demand(10_000 % command.tick_size_ticks == 0, Reason.INVALID_PRICE)
                    if self.tick != command.tick_size_ticks:
                        self.tick = command.tick_size_ticks
                        self.happened.append(("tick", self.tick))
                case _:
                    raise AssertionError(command)
        except Refused as refused:
            return self.happened, refused.reason
        self.react(now)
        self.revision += len(self.happened) - by_itself
        return self.happened, None

    def react(self, now: int) -> None:
        self.finish()
        due = [o for o in self.orders if o.asked.expires_at_us is not None and o.asked.expires_at_us <= now]
        for order in sorted(due, key=lambda o: (o.asked.expires_at_us, o.id)):
            self.take_off(order, EndReason.EXPIRED)
        while self.status == "active" and (stop := self.due_stop()) is not None:
            self.bring_to_life(stop)
            self.finish()

    def finish(self) -> None:
        """Redeem pairs, take off orders of groups that may fill no more, make smaller what is too much."""
        self.redeem()
        for name in sorted(self.groups):
            if not self.groups[name].room:
                for order in [o for o in self.orders if o.asked.order_group_id == name]:
                    self.take_off(order, EndReason.ORDER_GROUP)
        for account in sorted({o.account for o in self.orders}):
            for order in [o for o in reversed(self.orders) if o.account == account and o.asked.reduce_only]:
                excess = self.reducing(account, yes=order.reduces_yes) - self.net(
                    account, yes=order.reduces_yes
                )
                if excess >= order.remaining:
                    self.take_off(order, EndReason.REDUCE_ONLY)
                elif excess > 0:
                    self.shrink(order, order.remaining - excess)
        for account in sorted({o.account for o in self.orders}):
            for order in [o for o in reversed(self.orders) if o.account == account and not o.buys]:
                excess = -self.free(account, order.asked.side)
                if excess >= order.remaining:
                    self.take_off(order, EndReason.PAIRS_REDEEMED)
                elif excess > 0:
                    self.shrink(order, order.remaining - excess)

    def redeem(self) -> None:
        """Pay a dollar for each pair, to accounts in the order in which they came to hold both outcomes."""
        for account in self.paired:
            holding = self.holdings[account]
            pairs = min(holding.yes, holding.no)
            holding.yes -= pairs
            holding.no -= pairs
            holding.paid -= pairs * 10_000
            self.outstanding -= pairs
            locked = max(0, -holding.paid) if self.conditional else 0
            self.happened.append(("redeemed", account, pairs, pairs * 10_000, locked))
        self.paired = []

    def be_told(self, told: c.BoundOrderGroup) -> None:
        group = self.groups.setdefault(told.order_group_id, Group())
        if told.version < group.version:
            return
        if told.version == group.version and told.allowance >= group.allowance:
            return
        missed = told.closed_at > group.closed_at and self.members(told.order_group_id)
        if told.round > group.round:
            group.round, group.filled = told.round, 0
        group.version, group.closed_at, group.allowance = told.version, told.closed_at, told.allowance
        if missed:
            group.version, group.allowance = told.closed_at, 0
        self.happened.append(("told", told.order_group_id, group.version, group.closed_at, group.allowance))

    def members(self, name: str) -> list[NaiveOrder]:
        return [order for order in self.orders if order.asked.order_group_id == name]

    def check_group(self, told: c.BoundOrderGroup | None) -> None:
        if told is None:
            return
        trial = self.trial()
        group = trial.groups.setdefault(told.order_group_id, Group())
        demand(told.version >= group.closed_at, Reason.ORDER_GROUP_TRIGGERED)
        trial.be_told(told)
        demand(trial.groups[told.order_group_id].room, Reason.ORDER_GROUP_TRIGGERED)

    def trial(self) -> "NaiveMarket":
        """Return a copy in which things can be tried out."""
        return replace(
            self,
            orders=[copy(order) for order in self.orders],
            holdings={account: copy(holding) for account, holding in self.holdings.items()},
            groups={name: copy(group) for name, group in self.groups.items()},
            paired=list(self.paired),
            happened=[],
        )

    def place(self, command: c.PlaceOrder) -> None:
        self.check_command(command)
        demand(all(command.order_id != o.id for o in self.orders), Reason.ORDER_EXISTS)
        demand(self.status == "active", Reason.MARKET_PAUSED)
        demand(command.market_revision in (None, self.revision), Reason.MARKET_VERSION_CHANGED)
        demand(command.deadline_us is None or command.now_us <= command.deadline_us, Reason.TOO_LATE)
        self.check_group(command.allotment)
        for price in (command.price_ticks, command.stop_price_ticks):
            if price is not None:
                self.check_price(price, command.side)
        self.check_step(command.quantity)
        self.check_shares(command)
        quantity = self.wanted(command)
        demand(quantity > 0, Reason.REDUCE_ONLY)
        needed = self.needed(command)
        demand(command.reserved >= needed, Reason.RESERVATION_TOO_SMALL)
        self.arrivals += 1
        order = NaiveOrder(
            asked=command,
            name=command.client_order_id,
            price=self.limit(command),
            remaining=quantity,
            reserved=needed,
            time_in_force=self.time_in_force(command),
            arrived=self.arrivals,
            waits=command.order_type is OrderType.STOP,
        )
        if command.post_only:
            demand(not self.opposite(order), Reason.POST_ONLY_WOULD_CROSS)
        if order.time_in_force is Tif.FILL_OR_KILL and not order.waits:
            left, cost = self.tried(order, command.allotment)
            demand(not left, Reason.FILL_OR_KILL)
            demand(command.buy_max_cost is None or cost <= command.buy_max_cost, Reason.MAX_COST_EXCEEDED)
        if command.allotment is not None:
            self.be_told(command.allotment)
        self.orders.append(order)
        self.happened.append(("placed", order.id, quantity, order.price, needed))
        if not order.waits:
            self.trade(order)

    def amend(self, command: c.AmendOrder) -> None:
        order = self.owned(command)
        price = order.price if command.price_ticks is None else command.price_ticks
        remaining = order.remaining if command.total is None else command.total - order.filled
        demand(0 <= remaining <= 10**11, Reason.INVALID_QUANTITY)
        demand(0 < price < 10_000, Reason.INVALID_PRICE)
        demand(not order.waits, Reason.INVALID_ORDER)
        demand(self.status == "active", Reason.MARKET_PAUSED)
        if price != order.price:
            self.check_price(price, order.asked.side)
        extra = remaining - order.remaining
        if extra > 0:
            self.check_step(remaining)
        elif extra < 0:
            demand(remaining % self.step == 0, Reason.QUANTITY_OFF_STEP)
        side, account = order.asked.side, order.account
        if not order.buys:
            demand(extra <= self.free(account, side), Reason.INSUFFICIENT_SHARES)
        elif extra > 0 and self.most is not None:
            exposed = self.held(account, side) + self.exposed(account, side, Action.BUY)
            demand(exposed + extra <= self.most, Reason.POSITION_LIMIT)
        demand(not order.asked.reduce_only or extra <= 0, Reason.REDUCE_ONLY)
        if not remaining or (price == order.price and extra <= 0):
            if command.client_order_id not in ("", order.name):
                order.name = command.client_order_id
                self.happened.append(("renamed", order.id, order.name))
            if remaining:
                self.shrink(order, remaining)
            else:
                self.take_off(order, EndReason.REQUESTED)
            return
        needed = self.required(order, price, remaining)
        demand(order.reserved + command.extra >= needed, Reason.RESERVATION_TOO_SMALL)
        before = (order.price, order.remaining, order.reserved, order.name, order.arrived)
        self.arrivals += 1
        order.price, order.remaining, order.reserved = price, remaining, needed
        order.name, order.arrived = command.client_order_id or order.name, self.arrivals
        if order.asked.post_only and self.opposite(order):
            order.price, order.remaining, order.reserved, order.name, order.arrived = before
            raise Refused(Reason.POST_ONLY_WOULD_CROSS)
        self.happened.append(("amended", order.id, remaining, price, needed))
        self.trade(order)

    def decrease(self, command: c.DecreaseOrder) -> None:
        order = self.owned(command)
        remaining = max(0, order.remaining - (command.by or 0)) if command.to is None else command.to
        demand(0 <= remaining <= order.remaining, Reason.INVALID_QUANTITY)
        demand(remaining % self.step == 0, Reason.INVALID_QUANTITY)
        if remaining:
            self.shrink(order, remaining)
        else:
            self.take_off(order, EndReason.REQUESTED)

    # ---------------------------------------------------------------------------------------- rules

    def check_command(self, command: c.PlaceOrder) -> None:
        limit, stop = command.price_ticks, command.stop_price_ticks
        demand(0 < command.quantity <= 10**11, Reason.INVALID_QUANTITY)
        for price in (limit, stop):
            demand(price is None or 0 < price < 10_000, Reason.INVALID_PRICE)
        kind, waits = command.order_type, command.time_in_force is Tif.GOOD_TILL_DATE
        at_once = command.time_in_force in (Tif.IMMEDIATE_OR_CANCEL, Tif.FILL_OR_KILL)
        capped = command.buy_max_cost is not None
        for wrong in (
            kind is OrderType.LIMIT and limit is None,
            kind is OrderType.MARKET and (limit is not None or waits),
            (kind is OrderType.STOP) != (stop is not None),
            waits != (command.expires_at_us is not None),
            waits and command.expires_at_us is not None and command.expires_at_us <= command.now_us,
            command.post_only and (at_once or capped or kind is not OrderType.LIMIT),
            capped and (command.action is Action.SELL or kind is OrderType.STOP),
            command.buy_max_cost is not None and command.buy_max_cost <= 0,
        ):
            demand(not wrong, Reason.INVALID_ORDER)

    def check_price(self, price: int, side: Side) -> None:
        demand(0 < price < 10_000, Reason.INVALID_PRICE)
        demand(price % self.tick == 0, Reason.PRICE_OFF_TICK)
        yes_price = price if side is Side.YES else 10_000 - price
        demand(self.lowest <= yes_price <= self.highest, Reason.PRICE_OUT_OF_RANGE)

    def check_step(self, quantity: int) -> None:
        demand(quantity >= self.smallest and quantity % self.step == 0, Reason.QUANTITY_OFF_STEP)

    def check_shares(self, command: c.PlaceOrder) -> None:
        if command.reduce_only:
            return
        account, side = command.account_id, command.side
        if command.action is Action.SELL:
            demand(command.quantity <= self.free(account, side), Reason.INSUFFICIENT_SHARES)
        elif self.most is not None:
            exposed = self.held(account, side) + self.exposed(account, side, Action.BUY)
            demand(exposed + command.quantity <= self.most, Reason.POSITION_LIMIT)

    def wanted(self, command: c.PlaceOrder) -> int:
        if not command.reduce_only:
            return command.quantity
        account, side = command.account_id, command.side
        sells = command.action is Action.SELL
        yes = (side is Side.YES) == sells
        net, promised = self.net(account, yes=yes), self.reducing(account, yes=yes)
        if sells:
            return max(0, min(command.quantity, net - promised, self.free(account, side)))
        return max(0, min(command.quantity, net - promised, net - self.exposed(account, side, Action.BUY)))

    def net(self, account: str, *, yes: bool) -> int:
        """How much more of yes than of no is held, or of no than of yes."""
        held = self.held(account, Side.YES) - self.held(account, Side.NO)
        return max(0, held if yes else -held)

    def reducing(self, account: str, *, yes: bool) -> int:
        """How much of that the account's orders that only reduce are to give up."""
        mine = (o for o in self.orders if o.account == account and o.asked.reduce_only)
        return sum(o.remaining for o in mine if o.reduces_yes == yes)

    def time_in_force(self, command: c.PlaceOrder) -> Tif:
        if command.buy_max_cost is not None or command.time_in_force is Tif.FILL_OR_KILL:
            return Tif.FILL_OR_KILL
        return command.time_in_force if command.price_ticks is not None else Tif.IMMEDIATE_OR_CANCEL

    def limit(self, command: c.PlaceOrder) -> int:
        if command.price_ticks is not None:
            return command.price_ticks
        grid = [p for p in range(self.tick, 10_000, self.tick) if self.lowest <= p <= self.highest]
        # What rests from a time with another grid can be traded with, too.
        gains_from_yes = (command.action is Action.BUY) == (command.side is Side.YES)
        grid += [o.yes_price for o in self.live() if o.gains_from_yes != gains_from_yes]
        if command.side is Side.NO:
            grid = [10_000 - p for p in grid]
        return max(grid) if command.action is Action.BUY else min(grid)

    def needed(self, command: c.PlaceOrder) -> int:
        """The money that must be set aside for an order."""
        if command.action is Action.SELL:
            return 0
        price, quantity = self.limit(command), self.wanted(command)
        needed = price * quantity + self.rounded(self.worst_fee(price, quantity))
        return needed if command.buy_max_cost is None else min(needed, command.buy_max_cost)

    def required(self, order: NaiveOrder, price: int, remaining: int) -> int:
        if not order.buys or not remaining:
            return 0
        worst = self.rounded(order.exact_fee + self.worst_fee(price, remaining))
        return price * remaining + worst - order.charged

    def worst_fee(self, limit: int, quantity: int) -> Fraction:
        """The highest fee at any price up to the limit, whichever way the order fills."""
        key = (limit, quantity)
        if key not in self.worst_cache:
            rates = {self.fees.maker, self.fees.taker}
            peaks = {*range(1, min(limit, 5_000) + 1, 499), min(limit, 5_000)}
            self.worst_cache[key] = max(exact_fee(r, p, quantity) for r in rates for p in peaks)
        return self.worst_cache[key]

    def rounded(self, fee: Fraction) -> int:
        return ceil(fee / self.fees.grain) * self.fees.grain

    # ------------------------------------------------------------------------------------- matching

    def opposite(self, order: NaiveOrder) -> list[NaiveOrder]:
        """Every order this one can trade with, in the order in which it meets them."""
        if order.gains_from_yes:
            found = [o for o in self.live() if not o.gains_from_yes and o.yes_price <= order.yes_price]
            return sorted(found, key=lambda o: (o.yes_price, o.arrived))
        found = [o for o in self.live() if o.gains_from_yes and o.yes_price >= order.yes_price]
        return sorted(found, key=lambda o: (-o.yes_price, o.arrived))

    def live(self) -> Iterator[NaiveOrder]:
        return (o for o in self.orders if not o.waits)

    def tried(self, order: NaiveOrder, told: c.BoundOrderGroup | None = None) -> tuple[int, int]:
        """What an order would leave unfilled, and what it would pay, fees included: by trying it out."""
        trial = self.trial()
        if told is not None:
            trial.be_told(told)
        tried = copy(order)
        # The rest of it would be taken off; what matters is how much that is.
        tried.time_in_force = Tif.GOOD_TILL_CANCELED
        trial.orders = [o for o in trial.orders if o.id != order.id] + [tried]
        paid = trial.holdings.get(order.account, Holding()).paid
        trial.trade(tried)
        return order.remaining - tried.filled, trial.holdings.get(order.account, Holding()).paid - paid

    def room(self, order: NaiveOrder) -> int:
        """How much of an order its group lets fill."""
        name = order.asked.order_group_id
        return self.groups[name].room if name is not None else 10**30

    def fills_most(self, maker: NaiveOrder) -> int:
        most = min(maker.remaining, self.room(maker))
        return min(most, self.net(maker.account, yes=maker.reduces_yes)) if maker.asked.reduce_only else most

    def trade(self, taker: NaiveOrder) -> None:
        ended = None
        for maker in self.opposite(taker):
            if not taker.remaining:
                break
            if maker.account == taker.account:
                if taker.asked.self_trade_prevention is SelfTradePrevention.TAKER_AT_CROSS:
                    ended = EndReason.SELF_TRADE
                    break
                self.take_off(maker, EndReason.SELF_TRADE)
                continue
            quantity = min(self.fills_most(maker), taker.remaining, self.room(taker))
            if quantity:
                self.fill(maker, taker, quantity)
            if not taker.remaining:
                break
            if not self.room(taker):
                ended = EndReason.ORDER_GROUP
                break
            if maker.remaining:
                self.take_off(maker, EndReason.REDUCE_ONLY if self.room(maker) else EndReason.ORDER_GROUP)
        if taker.remaining and ended is None and taker.time_in_force is Tif.IMMEDIATE_OR_CANCEL:
            ended = EndReason.IMMEDIATE
        if taker.remaining and ended is not None:
            self.take_off(taker, ended)

    def fill(self, maker: NaiveOrder, taker: NaiveOrder, quantity: int) -> None:
        yes_price = maker.yes_price
        if maker.buys != taker.buys:
            kind = FillKind.NORMAL
        else:
            kind = FillKind.MINT if taker.buys else FillKind.MERGE
            self.outstanding += quantity if taker.buys else -quantity
        self.trades += 1
        self.volume += quantity
        self.last = yes_price
        legs = [
            self.leg(maker, yes_price, quantity, self.fees.maker),
            self.leg(taker, yes_price, quantity, self.fees.taker),
        ]
        self.happened.append(("fill", maker.id, taker.id, yes_price, quantity, kind, *legs))
        self.orders = [o for o in self.orders if o.remaining]

    def leg(self, order: NaiveOrder, yes_price: int, quantity: int, rate: FeeRate) -> tuple[int, int, int]:
        price = yes_price if order.asked.side is Side.YES else 10_000 - yes_price
        value = price * quantity
        order.exact_fee += exact_fee(rate, yes_price, quantity)
        fee = self.rounded(order.exact_fee) - order.charged
        if not order.buys:
            fee = min(fee, value)
        order.charged += fee
        order.filled += quantity
        order.remaining -= quantity
        if order.asked.order_group_id is not None:
            self.groups[order.asked.order_group_id].filled += quantity
        if order.buys:
            left = order.reserved - value - fee
            order.reserved = min(left, self.required(order, order.price, order.remaining))
        holding = self.holdings.setdefault(order.account, Holding())
        sign = 1 if order.buys else -1
        if order.asked.side is Side.YES:
            holding.yes += sign * quantity
        else:
            holding.no += sign * quantity
        if not (holding.yes and holding.no):
            self.paired = [account for account in self.paired if account != order.account]
        elif order.account not in self.paired:
            self.paired.append(order.account)
        holding.paid += sign * value + fee
        holding.fees += fee
        locked = max(0, -holding.paid) if self.conditional else 0
        return fee, order.reserved, locked

    # ------------------------------------------------------------------------------- stops and ends

    def due_stop(self) -> NaiveOrder | None:
        """The stop whose price was reached first, and then the earliest; rises go before falls."""
        due = [o for o in self.orders if o.waits and self.reached(o)]
        return min(due, key=lambda o: (not o.waits_for_rise, o.distance), default=None)

    def reached(self, order: NaiveOrder) -> bool:
        stop = order.asked.stop_price_ticks
        if self.last is None or stop is None:
            return False
        price = self.last if order.asked.side is Side.YES else 10_000 - self.last
        return price >= stop if order.buys else price <= stop

    def bring_to_life(self, order: NaiveOrder) -> None:
        self.arrivals += 1
        order.waits, order.arrived = False, self.arrivals
        self.happened.append(("triggered", order.id, self.last))
        if order.time_in_force is Tif.FILL_OR_KILL and self.tried(order)[0]:
            self.take_off(order, EndReason.FILL_OR_KILL)
        else:
            self.trade(order)

    def take_off(self, order: NaiveOrder, reason: EndReason) -> None:
        self.happened.append(("off", order.id, order.remaining, reason))
        self.orders.remove(order)

    def shrink(self, order: NaiveOrder, remaining: int) -> None:
        if remaining == order.remaining:
            return
        reserved = self.required(order, order.price, remaining)
        self.happened.append(("decreased", order.id, order.remaining - remaining, reserved))
        order.remaining, order.reserved = remaining, reserved

    # ---------------------------------------------------------------------------------- what stands

    def owned(self, command: c.AmendOrder | c.DecreaseOrder | c.CancelOrder) -> NaiveOrder:
        for order in self.orders:
            if order.id == command.order_id and order.account == command.account_id:
                return order
        raise Refused(Reason.ORDER_NOT_FOUND)

    def held(self, account: str, side: Side) -> int:
        holding = self.holdings.get(account, Holding())
        return holding.yes if side is Side.YES else holding.no

    def exposed(self, account: str, side: Side, action: Action) -> int:
        mine = (o for o in self.orders if o.account == account and o.asked.side is side)
        return sum(o.remaining for o in mine if o.asked.action is action)

    def free(self, account: str, side: Side) -> int:
        return self.held(account, side) - self.exposed(account, side, Action.SELL)

    def depth(self, side: Side) -> list[tuple[int, int]]:
        """Price and quantity of the bids for a side, best first; selling the other side is a bid too."""
        levels: dict[int, int] = {}
        for order in self.live():
            if order.gains_from_yes == (side is Side.YES):
                price = order.yes_price if side is Side.YES else 10_000 - order.yes_price
                levels[price] = levels.get(price, 0) + order.remaining
        return sorted(levels.items(), reverse=True)

    def digest(self) -> str:
        return digest_of(self.facts())

    def facts(self) -> Iterator[tuple[object, ...]]:
        yield self.status, self.tick, self.outstanding, self.trades, self.volume, self.last
        for account, holding in sorted(self.holdings.items()):
            if holding != Holding():
                yield account, holding.yes, holding.no, holding.paid, holding.fees
        for o in self.orders:
            fee = int(o.exact_fee * 10**8)
            yield o.id, o.account, o.name, o.price, o.remaining, o.filled, o.reserved, fee, o.charged, o.waits
        for name, g in sorted(self.groups.items()):
            if g.allowance:
                yield name, g.round, g.version, g.closed_at, g.allowance, g.filled
        for side in Side:
            queue = [o for o in self.live() if o.gains_from_yes == (side is Side.YES)]
            best_first = -1 if side is Side.YES else 1
            yield tuple(o.id for o in sorted(queue, key=lambda o: (best_first * o.yes_price, o.arrived)))


def digest_of(facts: Iterator[tuple[object, ...]]) -> str:
    return sha256("\n".join(map(str, facts)).encode()).hexdigest()
