"""Price-time matching: walk the other ladder from its best level down, and say what would trade."""

from collections.abc import Iterator

from domain.identifiers import AccountId, OrderId, TradeId
from domain.market.book import Level, Order, book_place, required_reservation
from domain.market.events import Leg, OrderCanceled, TradeExecuted
from domain.market.state import MarketState
from domain.market.vocabulary import Action, EndReason, FillKind, SelfTradePrevention, Side
from domain.quantities import PAYOUT_TICKS, Money, Quantity, Ticks

MAX_FILLS = 500
"""The most resting orders one order meets; what is left then lapses. Bounds the size of one append."""


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
        *,
        order_id: OrderId,
        account_id: AccountId,
        side: Side,
        action: Action,
        price_ticks: Ticks,
        quantity: int,
        reserved: int,
        self_trade_prevention: SelfTradePrevention,
        order_group_id: str | None,
        fee_accrued: int = 0,
        fee_charged: int = 0,
    ) -> None:
        self.order_id = order_id
        self.account_id = account_id
        self.side = side
        self.action = action
        self.price_ticks = price_ticks
        self.remaining = quantity
        self.reserved = reserved
        self.self_trade_prevention = self_trade_prevention
        self.order_group_id = order_group_id
        self.fee_accrued = fee_accrued
        self.fee_charged = fee_charged

    @classmethod
    def of(cls, order: Order, *, price_ticks: Ticks, quantity: int, reserved: int) -> "Taker":
        """Return an order that is already known, on its way in again."""
        return cls(
            order_id=order.order_id,
            account_id=order.account_id,
            side=order.side,
            action=order.action,
            price_ticks=price_ticks,
            quantity=quantity,
            reserved=reserved,
            self_trade_prevention=order.self_trade_prevention,
            order_group_id=order.order_group_id,
            fee_accrued=order.fee_accrued,
            fee_charged=order.fee_charged,
        )


class Match:
    """What an order does to the book: the events in order, and what is left of it and why."""

    __slots__ = ("ended", "events", "paid", "rest", "trades", "value")

    def __init__(self, rest: int = 0) -> None:
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
    result = Match()
    side, ticks = book_place(taker.side, taker.action, taker.price_ticks)
    ladder = state.book.against(side)
    if ladder.mask >> (PAYOUT_TICKS - ticks):
        _sweep(state, taker, ladder.down_from_best(PAYOUT_TICKS - ticks), result, side)
    result.rest = taker.remaining
    return result


def _sweep(state: MarketState, taker: Taker, levels: Iterator[Level], result: Match, side: Side) -> None:
    for level in levels:
        yes_ticks = PAYOUT_TICKS - level.ticks if side is Side.YES else level.ticks
        maker = level.first
        while maker is not None:
            if maker.account_id == taker.account_id:
                if taker.self_trade_prevention is SelfTradePrevention.TAKER_AT_CROSS:
                    result.ended = EndReason.SELF_TRADE
                    return
                result.events.append(_give_way(maker))
            else:
                result.events.append(_trade(state, maker, taker, yes_ticks, result))
                if not taker.remaining:
                    return
            if len(result.events) >= MAX_FILLS:
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


def _trade(state: MarketState, maker: Order, taker: Taker, yes_ticks: int, result: Match) -> TradeExecuted:
    quantity = min(maker.resting, taker.remaining)
    taker.remaining -= quantity
    result.trades += 1
    trade = TradeExecuted(
        trade_id=TradeId(f"{state.ticker}:{state.trades + result.trades}"),
        price_ticks=Ticks(yes_ticks),
        quantity=Quantity(quantity),
        kind=_kind(maker.action, taker.action),
        maker=_leg(state, maker, maker.remaining - quantity, yes_ticks, quantity, result, taking=False),
        taker=_leg(state, taker, taker.remaining, yes_ticks, quantity, result, taking=True),
        rules_version=state.rules_version,
    )
    leg = trade.taker
    taker.fee_accrued = leg.fee_accrued
    taker.fee_charged += leg.fee
    taker.reserved = leg.reserved
    return trade


def _kind(maker: Action, taker: Action) -> FillKind:
    if maker is not taker:
        return FillKind.NORMAL
    return FillKind.MINT if maker is Action.BUY else FillKind.MERGE


def _leg(
    state: MarketState,
    order: Order | Taker,
    remaining: int,
    yes_ticks: int,
    quantity: int,
    result: Match,
    *,
    taking: bool,
) -> Leg:
    fees = state.fees
    buys = order.action is Action.BUY
    value = (yes_ticks if order.side is Side.YES else PAYOUT_TICKS - yes_ticks) * quantity
    fee, accrued, reserved = 0, order.fee_accrued, 0
    if not fees.free:
        rate = fees.taker if taking else fees.maker
        accrued += rate.exact(Ticks(yes_ticks), Quantity(quantity))
        fee = fees.rounded(accrued) - order.fee_charged
        if not buys:
            fee = min(fee, value)
    if buys:
        if taking:
            result.value += value + fee
        if remaining:
            required = required_reservation(
                fees,
                action=Action.BUY,
                price_ticks=order.price_ticks,
                quantity=remaining,
                fee_accrued=accrued,
                fee_charged=order.fee_charged + fee,
            )
            reserved = min(required, order.reserved - value - fee)
    return Leg(
        order_id=order.order_id,
        account_id=order.account_id,
        side=order.side,
        action=order.action,
        fee=Money(fee),
        fee_accrued=accrued,
        reserved=Money(reserved),
        locked=_locked(state, order.account_id, (value if buys else -value) + fee, result),
        order_group_id=order.order_group_id,
    )


def _locked(state: MarketState, account_id: AccountId, spent: int, result: Match) -> Money:
    """Return what is locked of the account's proceeds: all it took out beyond what it put in."""
    if not state.locks_proceeds:
        return Money(0)
    paid = result.paid.get(account_id)
    if paid is None:
        position = state.positions.get(account_id)
        paid = position.paid if position else 0
    result.paid[account_id] = paid + spent
    return Money(max(0, -paid - spent))
