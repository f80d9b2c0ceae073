"""A market that is obviously correct and slow: sorted lists, exact fractions, everything in yes terms.

Written from the design, not from the product's code. It says what a command does as plain tuples.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
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
    def yes_price(self) -> int:
        return self.price if self.asked.side is Side.YES else 10_000 - self.price


@dataclass
class Holding:
    yes: int = 0
    no: int = 0
    paid: int = 0
    fees: int = 0


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
                        wanted = command.account_id in (None, order.account)
                        if wanted and command.order_group_id in (None, order.asked.order_group_id):
                            self.take_off(order, command.reason)
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
        due = [o for o in self.orders if o.asked.expires_at_us is not None and o.asked.expires_at_us <= now]
        for order in sorted(due, key=lambda o: (o.asked.expires_at_us, o.id)):
            self.take_off(order, EndReason.EXPIRED)
        while self.status == "active" and (stop := self.due_stop()) is not None:
            self.bring_to_life(stop)

    def place(self, command: c.PlaceOrder) -> None:
        self.check_command(command)
        demand(all(command.order_id != o.id for o in self.orders), Reason.ORDER_EXISTS)
        demand(self.status == "active", Reason.MARKET_PAUSED)
        demand(command.market_revision in (None, self.revision), Reason.MARKET_VERSION_CHANGED)
        demand(command.deadline_us is None or command.now_us <= command.deadline_us, Reason.TOO_LATE)
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
            demand(self.fillable(order), Reason.FILL_OR_KILL)
            if command.buy_max_cost is not None:
                demand(self.cost(order) <= command.buy_max_cost, Reason.MAX_COST_EXCEEDED)
        self.orders.append(order)
        self.happened.append(("placed", order.id, quantity, order.price, needed))
        if not order.waits:
            self.trade(order)

    def amend(self, command: c.AmendOrder) -> None:
        order = self.owned(command)
        price = order.price if command.price_ticks is None else command.price_ticks
        remaining = order.remaining if command.total is None else command.total - order.filled
        demand(not order.waits, Reason.INVALID_ORDER)
        demand(0 < remaining <= 10**11, Reason.INVALID_QUANTITY)
        demand(self.status == "active", Reason.MARKET_PAUSED)
        self.check_price(price, order.asked.side)
        self.check_step(remaining)
        extra = remaining - order.remaining
        demand(not order.asked.reduce_only or extra <= 0, Reason.REDUCE_ONLY)
        side, account = order.asked.side, order.account
        if not order.buys:
            demand(extra <= self.free(account, side), Reason.INSUFFICIENT_SHARES)
        elif extra > 0 and self.most is not None:
            exposed = self.held(account, side) + self.exposed(account, side, Action.BUY)
            demand(exposed + extra <= self.most, Reason.POSITION_LIMIT)
        if price == order.price and extra <= 0:
            self.shrink(order, remaining)
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
        if command.action is Action.SELL:
            return max(0, min(command.quantity, self.free(account, side)))
        other = Side.NO if side is Side.YES else Side.YES
        covered = self.held(account, side) + self.exposed(account, side, Action.BUY)
        return max(0, min(command.quantity, self.held(account, other) - covered))

    def time_in_force(self, command: c.PlaceOrder) -> Tif:
        if command.buy_max_cost is not None or command.time_in_force is Tif.FILL_OR_KILL:
            return Tif.FILL_OR_KILL
        return command.time_in_force if command.price_ticks is not None else Tif.IMMEDIATE_OR_CANCEL

    def limit(self, command: c.PlaceOrder) -> int:
        if command.price_ticks is not None:
            return command.price_ticks
        grid = [p for p in range(self.tick, 10_000, self.tick) if self.lowest <= p <= self.highest]
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

    def fillable(self, order: NaiveOrder) -> bool:
        left = order.remaining
        for maker in self.opposite(order):
            if left <= 0:
                break
            if maker.account == order.account:
                if order.asked.self_trade_prevention is SelfTradePrevention.TAKER_AT_CROSS:
                    return False
                continue
            left -= maker.remaining
        return left <= 0

    def cost(self, order: NaiveOrder) -> int:
        left, value, fee = order.remaining, 0, order.exact_fee
        for maker in self.opposite(order):
            if maker.account != order.account and left:
                quantity = min(left, maker.remaining)
                left -= quantity
                side_price = maker.yes_price if order.asked.side is Side.YES else 10_000 - maker.yes_price
                value += side_price * quantity
                fee += exact_fee(self.fees.taker, maker.yes_price, quantity)
        return value + self.rounded(fee)

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
            else:
                self.fill(maker, taker)
        if taker.remaining and ended is None and taker.time_in_force is Tif.IMMEDIATE_OR_CANCEL:
            ended = EndReason.IMMEDIATE
        if taker.remaining and ended is not None:
            self.take_off(taker, ended)

    def fill(self, maker: NaiveOrder, taker: NaiveOrder) -> None:
        quantity, yes_price = min(maker.remaining, taker.remaining), maker.yes_price
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
        if order.buys:
            left = order.reserved - value - fee
            order.reserved = min(left, self.required(order, order.price, order.remaining))
        holding = self.holdings.setdefault(order.account, Holding())
        sign = 1 if order.buys else -1
        if order.asked.side is Side.YES:
            holding.yes += sign * quantity
        else:
            holding.no += sign * quantity
        holding.paid += sign * value + fee
        holding.fees += fee
        locked = max(0, -holding.paid) if self.conditional else 0
        return fee, order.reserved, locked

    # ------------------------------------------------------------------------------- stops and ends

    def due_stop(self) -> NaiveOrder | None:
        return next((o for o in self.orders if o.waits and self.reached(o)), None)

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
        if order.time_in_force is Tif.FILL_OR_KILL and not self.fillable(order):
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
        for side in Side:
            queue = [o for o in self.live() if o.gains_from_yes == (side is Side.YES)]
            best_first = -1 if side is Side.YES else 1
            yield tuple(o.id for o in sorted(queue, key=lambda o: (best_first * o.yes_price, o.arrived)))


def digest_of(facts: Iterator[tuple[object, ...]]) -> str:
    return sha256("\n".join(map(str, facts)).encode()).hexdigest()
