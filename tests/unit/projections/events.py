"""Events by hand: each with a place in the log, one after the other."""

from itertools import count
from typing import Any
from uuid import UUID

from application.events import Cause, DomainEvent, Recorded
from application.ports.event_store import Position
from domain.identifiers import AccountId, OrderId, TradeId
from domain.market.events import Leg, OrderPlaced, Terms, TradeExecuted
from domain.market.vocabulary import (
    Action,
    FillKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from domain.quantities import Money, Quantity, Ticks

CAUSE = UUID(int=1)


class Log:
    """Gives events their places."""

    def __init__(self) -> None:
        self.events: list[Recorded[DomainEvent]] = []
        self._positions = count(1)

    def add(self, stream: str, event: DomainEvent, *, at_us: int = 0) -> Recorded[Any]:
        revision = sum(1 for earlier in self.events if earlier.stream == stream)
        position = next(self._positions)
        recorded = Recorded(
            event=event,
            id=UUID(int=position),
            stream=stream,
            revision=revision,
            position=Position(position),
            cause=Cause(command_id=CAUSE, correlation_id=CAUSE, at_us=at_us),
        )
        self.events.append(recorded)
        return recorded


def leg(account: str, side: Side, action: Action = Action.BUY, *, fee: int = 0, order: str = "") -> Leg:
    return Leg(
        order_id=OrderId(order or f"order-of-{account}"),
        account_id=AccountId(account),
        side=side,
        action=action,
        fee=Money(fee),
        fee_accrued=0,
        reserved=Money(0),
        locked=Money(0),
        order_group_id=None,
    )


def trade(maker: Leg, taker: Leg, price_ticks: int, quantity: int) -> TradeExecuted:
    kind = FillKind.NORMAL
    if maker.action is taker.action:
        kind = FillKind.MINT if maker.action is Action.BUY else FillKind.MERGE
    return TradeExecuted(
        trade_id=TradeId("t"),
        price_ticks=Ticks(price_ticks),
        quantity=Quantity(quantity),
        kind=kind,
        maker=maker,
        taker=taker,
        rules_version=1,
    )


def placed(
    account: str, side: Side, price_ticks: int, quantity: int, *, order: str = "", rests: int | None = None
) -> OrderPlaced:
    return OrderPlaced(
        order_id=OrderId(order or f"order-of-{account}"),
        account_id=AccountId(account),
        client_order_id="",
        side=side,
        action=Action.BUY,
        order_type=OrderType.LIMIT,
        terms=Terms(price_ticks=Ticks(price_ticks), quantity=Quantity(quantity)),
        time_in_force=TimeInForce.GOOD_TILL_CANCELED,
        expires_at_us=None,
        stop_price_ticks=None,
        post_only=False,
        reduce_only=False,
        self_trade_prevention=SelfTradePrevention.TAKER_AT_CROSS,
        order_group_id=None,
        cancel_on_pause=False,
        rests=Quantity(quantity if rests is None else rests),
        reserved=Money(0),
    )
