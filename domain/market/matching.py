"""Price-time matching: walk the other ladder from its best level down, and say what would trade."""

from collections.abc import Iterator

from domain.fees import FeeRate
from domain.identifiers import AccountId, TradeId
from domain.market.book import Level, Order, book_place, required_reservation
from domain.market.commands import PlaceOrder
from domain.market.events import Leg, OrderCanceled, TradeExecuted
from domain.market.state import UNBOUNDED, MarketState
from domain.market.vocabulary import BUY, YES, Action, EndReason, FillKind, SelfTradePrevention, Side
from domain.quantities import PAYOUT_TICKS, Money, Quantity, Ticks

STEP = 500
"""How many resting orders an order meets in one step; it goes on in the next. Bounds an append's size."""


_TAKER_GIVES_WAY = SelfTradePrevention.TAKER_AT_CROSS
_NORMAL, _MINT, _MERGE = FillKind.NORMAL, FillKind.MINT, FillKind.MERGE
_NOTHING = Money(0)


class Taker:
    """An order on its way into the book."""

    __slots__ = (
        "account_id",
        "action",
        "fee_accrued",
        "fee_charged",
        "order_group_id",
        "order_id",
        "price_ticks",
        "remaining",
        "reserved",
        "self_trade_prevention",
        "side",
    )

    def __init__(
        self,
        order: PlaceOrder | Order,
        price_ticks: Ticks,
        quantity: int,
        reserved: int,
        fee_accrued: int = 0,
        fee_charged: int = 0,
    ) -> None:
        self.order_id = order.order_id
        self.account_id = order.account_id
        self.side = order.side
        self.action = order.action
        self.self_trade_prevention = order.self_trade_prevention
        self.order_group_id = order.order_group_id
        self.price_ticks = price_ticks
        self.remaining = quantity
        self.reserved = reserved
        self.fee_accrued = fee_accrued
        self.fee_charged = fee_charged


class Match:
    """What an order does to the book: the events in order, and what is left of it and why.

    It is ``unfinished`` if there may be more to meet than one step takes.
    """

    __slots__ = ("ended", "events", "paid", "rest", "trades", "unfinished", "value")

    def __init__(self, rest: int) -> None:
        self.events: list[TradeExecuted | OrderCanceled] = []
        self.trades = 0
        self.value = 0
        self.rest = rest
        self.ended: EndReason | None = None
        self.unfinished = False
        self.paid: dict[AccountId, int] = {}

    @property
    def crossed(self) -> bool:
        """Whether the order met another, be it one of its own account's."""
        return bool(self.events) or self.ended is not None

    @property
    def rests(self) -> Quantity:
        """How much of the order joins the book."""
        return Quantity(0 if self.ended or self.unfinished else self.rest)


class Bounds:
    """How far orders may fill beyond what they ask: what their groups, and what they reduce, have left.

    Follows the fills of one step on top of a state that is not changed meanwhile.
    """

    __slots__ = ("_net", "_rooms", "_state")

    def __init__(self, state: MarketState) -> None:
        self._state = state
        self._rooms: dict[str, int] = {}
        self._net: dict[AccountId, int] = {}

    def room(self, order_group_id: str | None) -> int:
        """Return how much of a group may still fill here."""
        if order_group_id is None:
            return UNBOUNDED
        room = self._rooms.get(order_group_id)
        if room is None:
            group = self._state.order_groups.get(order_group_id)
            room = self._rooms[order_group_id] = group.room if group else UNBOUNDED
        return room

    def allow(self, order_group_id: str, room: int) -> None:
        """State what may fill of a group, where the state does not know it yet."""
        self._rooms[order_group_id] = room

    def most(self, maker: Order) -> int:
        """Return how much of a resting order may fill."""
        most = min(maker.resting, self.room(maker.order_group_id))
        if not maker.reduce_only:
            return most
        position = self._state.positions[maker.account_id]
        net = position.yes - position.no + self._net.get(maker.account_id, 0)
        return max(0, min(most, net if maker.reduces_yes else -net))

    def filled(self, order: Order | Taker, quantity: int) -> None:
        """Take note of a fill."""
        if order.order_group_id is not None:
            self._rooms[order.order_group_id] = self.room(order.order_group_id) - quantity
        if order.account_id in self._state.reducing:
            gained = quantity if (order.side is YES) is (order.action is BUY) else -quantity
            self._net[order.account_id] = self._net.get(order.account_id, 0) + gained

    def why_not(self, maker: Order) -> EndReason:
        """Return why a resting order may not fill any further."""
        return EndReason.REDUCE_ONLY if self.room(maker.order_group_id) else EndReason.ORDER_GROUP


def bounds_of(state: MarketState, order_group_id: str | None) -> Bounds | None:
    """Return what bounds the fills of an order of a group, or ``None`` if nothing bounds any here."""
    return Bounds(state) if order_group_id or state.order_groups or state.reducing else None


def match(state: MarketState, taker: Taker, bounds: Bounds | None = None) -> Match:
    """Match an order against the book, one step far, without changing either the book or the market."""
    result = Match(taker.remaining)
    side, ticks = book_place(taker.side, taker.action, taker.price_ticks)
    levels = state.book.against(side).down_from_best(PAYOUT_TICKS - ticks)
    if bounds is None:
        _sweep(state, taker, levels, result, side)
    else:
        _sweep_within(state, taker, levels, result, side, bounds)
    result.rest = taker.remaining
    return result


def _sweep(state: MarketState, taker: Taker, levels: Iterator[Level], result: Match, side: Side) -> None:
    events, account_id, free = result.events, taker.account_id, state.fees.free
    for level in levels:
        yes_ticks = Ticks(PAYOUT_TICKS - level.ticks if side is YES else level.ticks)
        maker = level.first
        while maker is not None:
            if maker.account_id == account_id:
                if taker.self_trade_prevention is _TAKER_GIVES_WAY:
                    result.ended = EndReason.SELF_TRADE
                    return
                events.append(_off(maker, maker.remaining, EndReason.SELF_TRADE))
            else:
                events.append(_trade(state, maker, taker, yes_ticks, maker.resting, result, free=free))
                if not taker.remaining:
                    return
            if len(events) >= STEP:
                result.unfinished = True
                return
            maker = maker.behind


def _sweep_within(
    state: MarketState, taker: Taker, levels: Iterator[Level], result: Match, side: Side, bounds: Bounds
) -> None:
    """Do the same where order groups and what reduces a position bound how far orders may fill."""
    events, free = result.events, state.fees.free
    for level in levels:
        yes_ticks = Ticks(PAYOUT_TICKS - level.ticks if side is YES else level.ticks)
        for maker in level:
            left = maker.remaining
            if maker.account_id == taker.account_id:
                if taker.self_trade_prevention is _TAKER_GIVES_WAY:
                    result.ended = EndReason.SELF_TRADE
                    return
                events.append(_off(maker, left, EndReason.SELF_TRADE))
            else:
                most = min(bounds.most(maker), bounds.room(taker.order_group_id))
                if most:
                    trade = _trade(state, maker, taker, yes_ticks, most, result, free=free)
                    events.append(trade)
                    left -= trade.quantity
                    bounds.filled(maker, trade.quantity)
                    bounds.filled(taker, trade.quantity)
                if not taker.remaining:
                    return
                if not bounds.room(taker.order_group_id):
                    result.ended = EndReason.ORDER_GROUP
                    return
                if left:
                    events.append(_off(maker, left, bounds.why_not(maker)))
            if len(events) >= STEP:
                result.unfinished = True
                return


def reach(state: MarketState, taker: Taker, bounds: Bounds | None) -> tuple[int, int]:
    """Return how much of an order the whole book would leave, and what it would pay, fees included."""
    side, ticks = book_place(taker.side, taker.action, taker.price_ticks)
    left, value, accrued = taker.remaining, 0, taker.fee_accrued
    for level in state.book.against(side).down_from_best(PAYOUT_TICKS - ticks):
        yes_ticks = Ticks(PAYOUT_TICKS - level.ticks if side is YES else level.ticks)
        for maker in level:
            if maker.account_id == taker.account_id:
                if taker.self_trade_prevention is _TAKER_GIVES_WAY:
                    return left, value + state.fees.rounded(accrued)
                continue
            most = maker.resting
            if bounds is not None:
                most = min(bounds.most(maker), bounds.room(taker.order_group_id))
            quantity = Quantity(min(left, most))
            if bounds is not None:
                bounds.filled(maker, quantity)
                bounds.filled(taker, quantity)
            left -= quantity
            value += _value(taker.side, yes_ticks, quantity)
            accrued += state.fees.taker.exact(yes_ticks, quantity)
            if not left:
                return left, value + state.fees.rounded(accrued)
    return left, value + state.fees.rounded(accrued)


def crossed(state: MarketState, maker: Order, taker: Taker, yes_ticks: Ticks) -> TradeExecuted:
    """Return the trade of two orders with each other, at a price that they agreed on."""
    return _trade(
        state, maker, taker, yes_ticks, maker.remaining, Match(taker.remaining), free=state.fees.free
    )


def _off(order: Order, quantity: int, reason: EndReason) -> OrderCanceled:
    return OrderCanceled(
        order_id=order.order_id, account_id=order.account_id, quantity=Quantity(quantity), reason=reason
    )


def _trade(
    state: MarketState,
    maker: Order,
    taker: Taker,
    yes_ticks: Ticks,
    most: int,
    result: Match,
    *,
    free: bool,
) -> TradeExecuted:
    wanted = taker.remaining
    quantity = Quantity(min(wanted, most))
    taker.remaining = wanted - quantity
    result.trades += 1
    maker_rate, taker_rate = (None, None) if free else (state.fees.maker, state.fees.taker)
    resting_leg = _leg(state, maker, maker.remaining - quantity, yes_ticks, quantity, maker_rate, result)
    taking_leg = _leg(state, taker, taker.remaining, yes_ticks, quantity, taker_rate, result)
    if taker.action is BUY:
        result.value += _value(taker.side, yes_ticks, quantity) + taking_leg.fee
    taker.fee_accrued = taking_leg.fee_accrued
    taker.fee_charged += taking_leg.fee
    taker.reserved = taking_leg.reserved
    return TradeExecuted(
        trade_id=TradeId(f"{state.ticker}:{state.trades + result.trades}"),
        price_ticks=yes_ticks,
        quantity=quantity,
        kind=_kind(maker.action, taker.action),
        maker=resting_leg,
        taker=taking_leg,
        rules_version=state.rules_version,
    )


def _kind(maker: Action, taker: Action) -> FillKind:
    if maker is not taker:
        return _NORMAL
    return _MINT if maker is BUY else _MERGE


def _value(side: Side, yes_ticks: int, quantity: int) -> int:
    return (yes_ticks if side is YES else PAYOUT_TICKS - yes_ticks) * quantity


def _leg(
    state: MarketState,
    order: Order | Taker,
    remaining: int,
    yes_ticks: Ticks,
    quantity: Quantity,
    rate: FeeRate | None,
    result: Match,
) -> Leg:
    """Return an order's part in a trade that leaves ``remaining`` of it; without a rate it pays no fee."""
    buys = order.action is BUY
    value = _value(order.side, yes_ticks, quantity)
    if rate is None:
        fee = accrued = 0
        required = order.price_ticks * remaining if buys else 0
    else:
        fees = state.fees
        accrued = order.fee_accrued + rate.exact(yes_ticks, quantity)
        fee = fees.rounded(accrued) - order.fee_charged
        if not buys:
            fee = min(fee, value)
        charged = order.fee_charged + fee
        required = required_reservation(fees, order.action, order.price_ticks, remaining, accrued, charged)
    left = order.reserved - value - fee
    return Leg(
        order_id=order.order_id,
        account_id=order.account_id,
        side=order.side,
        action=order.action,
        fee=Money(fee),
        fee_accrued=accrued,
        # An order that was held to a highest cost has less than it would otherwise need.
        reserved=Money(min(left, required)) if required else _NOTHING,
        locked=_locked(state, order.account_id, (value if buys else -value) + fee, result)
        if state.locks_proceeds
        else _NOTHING,
        order_group_id=order.order_group_id,
    )


def _locked(state: MarketState, account_id: AccountId, spent: int, result: Match) -> Money:
    """Return what is locked of the account's proceeds: all it took out beyond what it put in."""
    paid = result.paid.get(account_id)
    if paid is None:
        position = state.positions.get(account_id)
        paid = position.paid if position else 0
    result.paid[account_id] = paid + spent
    return Money(max(0, -paid - spent))
