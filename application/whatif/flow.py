"""The flow behind a market's events: what was asked of it from outside, told by what happened.

What a market does by itself - fills, expiries, stops, pairs, payments - is no part of the flow: it follows
again, or something else does.
"""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from domain.identifiers import OrderId
from domain.limits import AccountLimits
from domain.market import commands as c
from domain.market import events as e
from domain.market.book import required_reservation
from domain.market.policies import limit_of
from domain.market.state import MarketState
from domain.market.vocabulary import BUY, EndReason, MarketStatus, OrderType, TimeInForce
from domain.quantities import Money, Quantity, Ticks

PLENTY: Final = Money(2**62)
"""The money that was held for an order is not looked into again: it is the ledgers', which are not forked."""

_AT_ONCE = (TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL)
"""What a stop without a price becomes, however long it was to wait."""

_UNLIMITED = AccountLimits(open_orders=2**62, stops=2**62)

_STILL_OPEN = (MarketStatus.INITIALIZED, MarketStatus.ACTIVE, MarketStatus.PAUSED)

OrderAsked = c.PlaceOrder | c.AmendOrder | c.DecreaseOrder | c.CancelOrder | c.BoundOrderGroup | c.CrossOrders

Fact = e.LifecycleEvent | e.OrderRenamed | e.PlacementAbandoned | e.AmendmentAbandoned
FACTS = (
    e.MarketCreated,
    e.OpeningRequested,
    e.ConditionLinked,
    e.ConditionalAttached,
    e.ConditionMet,
    e.MarketCalledOff,
    e.MarketActivated,
    e.MarketPaused,
    e.MarketResumed,
    e.MarketClosed,
    e.MarketDetermined,
    e.MarketDisputed,
    e.MarketFinalized,
    e.MarketVoided,
    e.RulesAmended,
    e.TickSizeChanged,
    e.OrderRenamed,
    e.PlacementAbandoned,
    e.AmendmentAbandoned,
)
"""What is so because somebody else said so, and stays so whatever trades."""


def asked_of(event: e.MarketEvent, before: MarketState, at_us: int) -> OrderAsked | None:
    """Return what was asked for an event to happen, ``None`` if it followed from something else.

    ``before`` is the market as it was recorded, right before the event.
    """
    match event:
        case e.OrderPlaced() if event.order_id in before.crossed:
            return None  # it followed from its crossing
        case e.OrderPlaced():
            return _placing(event, before, at_us)
        case e.OrdersCrossed():
            return c.CrossOrders(
                quote_id=event.quote_id,
                price_ticks=event.price_ticks,
                quantity=event.quantity,
                maker=event.maker,
                taker=event.taker,
                maker_reserved=PLENTY,
                taker_reserved=PLENTY,
                now_us=at_us,
                limits=_UNLIMITED,
            )
        case e.OrderAmended():
            return c.AmendOrder(
                order_id=event.order_id,
                account_id=event.account_id,
                amendment_id=event.amendment_id,
                price_ticks=event.price_ticks,
                total=Quantity(event.remaining + before.orders[event.order_id].filled),
                client_order_id=event.client_order_id,
                extra=event.extra,
            )
        case e.OrderCanceled() if event.reason is EndReason.REQUESTED:
            return c.CancelOrder(order_id=event.order_id, account_id=event.account_id)
        case e.OrderDecreased() if not (before.over_offering or before.over_reducing):
            return c.DecreaseOrder(order_id=event.order_id, account_id=event.account_id, by=event.quantity)
        case e.OrderGroupBounded():
            return c.BoundOrderGroup(
                order_group_id=event.order_group_id,
                account_id=event.account_id,
                round=event.round,
                version=event.version,
                closed_at=event.closed_at,
                allowance=event.allowance,
            )
    return None


def _placing(placed: e.OrderPlaced, before: MarketState, at_us: int) -> c.PlaceOrder:
    lapses = placed.expires_at_us is not None
    command = c.PlaceOrder(
        order_id=placed.order_id,
        account_id=placed.account_id,
        client_order_id=placed.client_order_id,
        side=placed.side,
        action=placed.action,
        quantity=_asked_for(placed, before),
        price_ticks=None,
        order_type=placed.order_type,
        time_in_force=TimeInForce.GOOD_TILL_DATE if lapses else placed.time_in_force,
        expires_at_us=placed.expires_at_us,
        stop_price_ticks=placed.stop_price_ticks,
        post_only=placed.post_only,
        reduce_only=placed.reduce_only,
        self_trade_prevention=placed.self_trade_prevention,
        order_group_id=placed.order_group_id,
        cancel_on_pause=placed.cancel_on_pause,
        buy_max_cost=_most_cost(placed, before),
        reserved=PLENTY,
        now_us=at_us,
        allotment=_allotment(placed, before),
        limits=_UNLIMITED,
    )
    limit = placed.terms.price_ticks
    return (
        command if _said_no_price(placed, limit_of(command, before)) else replace(command, price_ticks=limit)
    )


def _said_no_price(placed: e.OrderPlaced, widest: Ticks) -> bool:
    """Return whether an order took whatever price there was: the widest limit may be off the grid."""
    if placed.order_type is OrderType.STOP:
        return placed.time_in_force in _AT_ONCE and placed.terms.price_ticks == widest
    return placed.order_type is OrderType.MARKET


def _asked_for(placed: e.OrderPlaced, before: MarketState) -> Quantity:
    """Return how much an order was for: one that only reduces was made smaller where need be."""
    quantity, step = placed.terms.quantity, before.quantity_step
    if not placed.reduce_only:
        return quantity
    return Quantity(-(-max(quantity, before.quantity_min) // step) * step)


def _most_cost(placed: e.OrderPlaced, before: MarketState) -> Money | None:
    """Return what a buy was to cost at most: it had less held for it than such an order needs."""
    if placed.action is not BUY:
        return None
    terms = placed.terms
    needed = required_reservation(before.fees, BUY, terms.price_ticks, terms.quantity)
    return placed.reserved if placed.reserved < needed else None


def _allotment(placed: e.OrderPlaced, before: MarketState) -> c.BoundOrderGroup | None:
    """Return what the order brought along of its group: the market was told of it right before."""
    name = placed.order_group_id
    group = None if name is None else before.order_groups.get(name)
    if name is None or group is None or group.version < 0:
        return None
    return c.BoundOrderGroup(
        order_group_id=name,
        account_id=group.account_id,
        round=group.round,
        version=group.version,
        closed_at=group.closed_at,
        allowance=Quantity(group.allowance),
    )


def holds(fact: Fact, state: MarketState) -> bool:
    """Return whether a fact has anything to say to a market that may have come another way."""
    match fact:
        case e.MarketClosed():
            return state.status in _STILL_OPEN  # it may have closed by itself, its time having come
        case e.OrderRenamed() | e.AmendmentAbandoned():
            return fact.order_id in state.orders
    return True


def named_by(asked: OrderAsked) -> tuple[OrderId, ...]:
    """Return the orders that a command is about."""
    match asked:
        case c.BoundOrderGroup():
            return ()
        case c.CrossOrders():
            return asked.maker.order_id, asked.taker.order_id
    return (asked.order_id,)


Adjust = Callable[[OrderAsked | Fact, MarketState], "OrderAsked | Fact | None"]
"""Says what is asked in the other market instead of what was asked in the recorded one."""
