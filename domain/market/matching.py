"""Price-time matching: walk the other ladder from its best level down, and say what would trade."""

from collections.abc import Iterator

from domain.fees import FeeRate
from domain.identifiers import AccountId, TradeId
from domain.market.book import Level, Order, book_place, required_reservation
from domain.market.commands import PlaceOrder
from domain.market.events import Leg, OrderCanceled, TradeExecuted
from domain.market.state import MarketState
from domain.market.vocabulary import BUY, YES, Action, EndReason, FillKind, SelfTradePrevention, Side
from domain.quantities import PAYOUT_TICKS, Money, Quantity, Ticks

MAX_FILLS = 500
"""The most resting orders one order meets; what is left then lapses. Bounds the size of one append."""


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
    """What an order does to the book: the events in order, and what is left of it and why."""

    __slots__ = ("ended", "events", "paid", "rest", "trades", "value")

    def __init__(self, rest: int) -> None:
        self.events: list[TradeExecuted | OrderCanceled] = []
        self.trades = 0
        self.value = 0
        self.rest = rest
        self.ended: EndReason | None = None
        self.paid: dict[AccountId, int] = {}

    @property
    def crossed(self) -> bool:
        """Whether the order met another, be it one of its own account's."""
        return bool(self.events) or self.ended is not None


def match(state: MarketState, taker: Taker) -> Match:
    """Match an order against the book without changing either the book or the market."""
    result = Match(taker.remaining)
    side, ticks = book_place(taker.side, taker.action, taker.price_ticks)
    levels = state.book.against(side).down_from_best(PAYOUT_TICKS - ticks)
    _sweep(state, taker, levels, result, side)
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
                events.append(_give_way(maker))
            else:
                events.append(_trade(state, maker, taker, yes_ticks, result, free=free))
                if not taker.remaining:
                    return
            if len(events) >= MAX_FILLS:
                result.ended = EndReason.FILL_LIMIT
                return
            maker = maker.behind


def _give_way(maker: Order) -> OrderCanceled:
    return OrderCanceled(
        order_id=maker.order_id,
        account_id=maker.account_id,
        quantity=Quantity(maker.remaining),
        reason=EndReason.SELF_TRADE,
    )


def _trade(
    state: MarketState, maker: Order, taker: Taker, yes_ticks: Ticks, result: Match, *, free: bool
) -> TradeExecuted:
    resting, wanted = maker.resting, taker.remaining
    quantity = Quantity(min(wanted, resting))
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
