"""Decisions about orders."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from operator import attrgetter
from typing import TypeVar

from domain.market.book import Order, book_place, required_reservation
from domain.market.commands import (
    AbandonAmendment,
    AbandonPlacement,
    AmendOrder,
    BoundOrderGroup,
    CancelOrder,
    CancelOrders,
    ClearOrderGroup,
    ContinueMatching,
    DecreaseOrder,
    ExpireOrder,
    PlaceOrder,
    TriggerStop,
    TrimReduceOnly,
)
from domain.market.events import (
    AmendmentAbandoned,
    MarketEvent,
    MatchingContinued,
    OrderAmended,
    OrderCanceled,
    OrderDecreased,
    OrderGroupBounded,
    OrderPlaced,
    OrderRenamed,
    PlacementAbandoned,
    StopTriggered,
    Terms,
)
from domain.market.matching import Bounds, Match, Taker, bounds_of, match, reach
from domain.market.policies import (
    amended_terms,
    check_volume,
    first_amendment_refusal,
    first_refusal,
    group_room,
    is_newer,
    limit_of,
    money_is_reserved,
    quantity_of,
    reservation_for,
    was_closed_since,
)
from domain.market.state import MarketState
from domain.market.vocabulary import EndReason, MarketStatus, OrderType, TimeInForce
from domain.quantities import Money, Quantity, Ticks
from domain.rejections import Reason, Rejected

Decided = Sequence[MarketEvent] | Rejected

_STOP = OrderType.STOP
_FILL_OR_KILL, _IMMEDIATE = TimeInForce.FILL_OR_KILL, TimeInForce.IMMEDIATE_OR_CANCEL

_MAY_TRADE = (MarketStatus.INITIALIZED, MarketStatus.ACTIVE, MarketStatus.PAUSED)

BATCH = 500
"""How many orders or holders one step of a long piece of work takes: bounds the size of one append."""

K = TypeVar("K")

_REDUCES_YES = attrgetter("reduces_yes")
_NOT_FOUND = Rejected(Reason.ORDER_NOT_FOUND, "no such open order; it may have filled or been canceled")


def place(command: PlaceOrder, state: MarketState) -> Decided:
    """Accept an order and match it, or refuse it whole."""
    if refused := first_refusal(command, state):
        return refused
    needed = reservation_for(command, state)
    if refused := money_is_reserved(command, needed):
        return refused
    quantity, limit = quantity_of(command, state), limit_of(command, state)
    time_in_force = _time_in_force(command)
    waits = command.order_type is _STOP
    if waits or not state.book.crosses(*book_place(command.side, command.action, limit)):
        result = Match(quantity)
    else:
        result = match(state, Taker(command, limit, quantity, needed), _bounds(command, state))
        if result.unfinished and time_in_force is _FILL_OR_KILL:
            taker = Taker(command, limit, quantity, needed)
            result.rest, result.value = reach(state, taker, _bounds(command, state))
    if not waits:
        refused = _refused_after_matching(command, time_in_force, result)
        if refused is not None:
            return refused
    if result.ended is None and time_in_force is _IMMEDIATE and not waits and not result.unfinished:
        result.ended = EndReason.IMMEDIATE
    placed = OrderPlaced(
        order_id=command.order_id,
        account_id=command.account_id,
        client_order_id=command.client_order_id,
        side=command.side,
        action=command.action,
        order_type=command.order_type,
        terms=Terms(price_ticks=limit, quantity=quantity),
        time_in_force=time_in_force,
        expires_at_us=command.expires_at_us,
        stop_price_ticks=command.stop_price_ticks,
        post_only=command.post_only,
        reduce_only=command.reduce_only,
        self_trade_prevention=command.self_trade_prevention,
        order_group_id=command.order_group_id,
        cancel_on_pause=command.cancel_on_pause,
        rests=Quantity(0) if waits else result.rests,
        reserved=needed,
    )
    happened = [placed, *result.events, *_taken_off(command, result)]
    return happened if command.allotment is None else [*bound(command.allotment, state), *happened]


def _bounds(command: PlaceOrder, state: MarketState) -> Bounds | None:
    """Return what bounds fills, the market knowing already what the order brings along of its group."""
    bounds = bounds_of(state, command.order_group_id)
    if bounds is not None and command.allotment is not None:
        bounds.allow(command.allotment.order_group_id, group_room(command.allotment, state))
    return bounds


def _refused_after_matching(
    command: PlaceOrder, time_in_force: TimeInForce, result: Match
) -> Rejected | None:
    if command.post_only and result.crossed:
        return Rejected(Reason.POST_ONLY_WOULD_CROSS, "the order would trade at once; lower its price")
    if result.rest and time_in_force is _FILL_OR_KILL:
        return Rejected(Reason.FILL_OR_KILL, "the book cannot fill the order whole")
    if command.buy_max_cost is not None and result.value > command.buy_max_cost:
        return Rejected(
            Reason.MAX_COST_EXCEEDED, "the order would cost more than buy_max_cost, fees included"
        )
    return None


def _time_in_force(command: PlaceOrder) -> TimeInForce:
    if command.buy_max_cost is not None:
        return _FILL_OR_KILL
    if command.price_ticks is None and command.time_in_force is not _FILL_OR_KILL:
        # An order without a limit never rests; a stop may wait, but once alive it trades at once.
        return _IMMEDIATE
    return command.time_in_force


def _taken_off(owner: PlaceOrder | Order, result: Match) -> Sequence[OrderCanceled]:
    if result.ended is None or not result.rest:
        return ()
    return [
        OrderCanceled(
            order_id=owner.order_id,
            account_id=owner.account_id,
            quantity=Quantity(result.rest),
            reason=result.ended,
        )
    ]


def trigger(command: TriggerStop, state: MarketState) -> Decided:
    """Bring a stop order to life and match it."""
    order = state.orders[command.order_id]
    assert state.last_price is not None
    if check_volume(order.remaining, state):
        result = Match(order.remaining)
        result.ended = EndReason.FILL_LIMIT
    else:
        result = _met(state, order)
    if order.time_in_force is _FILL_OR_KILL and not _fills(state, order, result):
        result = Match(order.remaining)
        result.ended = EndReason.FILL_OR_KILL
    triggered = StopTriggered(order_id=order.order_id, last_price_ticks=state.last_price, rests=result.rests)
    return [triggered, *result.events, *_taken_off(order, result)]


def continue_matching(_: ContinueMatching, state: MarketState) -> Decided:
    """Go on matching the order that had more to meet than one step takes."""
    order = state.taker
    assert order is not None
    result = _met(state, order)
    continued = MatchingContinued(
        order_id=order.order_id,
        account_id=order.account_id,
        side=order.side,
        action=order.action,
        price_ticks=order.price_ticks,
        # A part may rest already, if the log broke off between the events of a step.
        rests=Quantity(max(0, result.rests - order.resting)),
    )
    return [continued, *result.events, *_taken_off(order, result)]


def _met(state: MarketState, order: Order) -> Match:
    """Match an order that the market knows, as it stands."""
    result = match(state, _taker(order), bounds_of(state, order.order_group_id))
    if result.ended is None and order.time_in_force is _IMMEDIATE and not result.unfinished:
        result.ended = EndReason.IMMEDIATE
    return result


def _fills(state: MarketState, order: Order, result: Match) -> bool:
    """Return whether the whole book fills an order whole."""
    if result.unfinished:
        return not reach(state, _taker(order), bounds_of(state, order.order_group_id))[0]
    return not result.rest


def _taker(order: Order) -> Taker:
    return Taker(
        order, order.price_ticks, order.remaining, order.reserved, order.fee_accrued, order.fee_charged
    )


def amend(command: AmendOrder, state: MarketState) -> Decided:
    """Change price or quantity, losing the place in the queue unless the order only gets smaller."""
    order = state.orders.get(command.order_id)
    if order is None or order.account_id != command.account_id:
        return _NOT_FOUND
    if refused := first_amendment_refusal(command, order, state):
        return refused
    price, remaining = amended_terms(command, order)
    if not remaining:
        return [*_renamed(command, order), canceled_for(order, EndReason.REQUESTED)]
    if price == order.price_ticks and remaining <= order.remaining:
        return [*_renamed(command, order), *smaller(order, remaining, state)]
    reserved = amended_reservation(order, price, remaining, state)
    if order.reserved + command.extra < reserved:
        return Rejected(Reason.RESERVATION_TOO_SMALL, "the order changed while it was amended; try again")
    result = match(
        state,
        Taker(order, price, remaining, reserved, order.fee_accrued, order.fee_charged),
        bounds_of(state, order.order_group_id),
    )
    if order.post_only and result.crossed:
        return Rejected(Reason.POST_ONLY_WOULD_CROSS, "the order would trade at once; lower its price")
    amended = OrderAmended(
        order_id=order.order_id,
        account_id=order.account_id,
        client_order_id=command.client_order_id or order.client_order_id,
        price_ticks=price,
        remaining=remaining,
        rests=result.rests,
        reserved=reserved,
        extra=command.extra,
        amendment_id=command.amendment_id,
    )
    return [amended, *result.events, *_taken_off(order, result)]


def _renamed(command: AmendOrder, order: Order) -> Sequence[MarketEvent]:
    if command.client_order_id in ("", order.client_order_id):
        return ()
    return [
        OrderRenamed(
            order_id=order.order_id,
            account_id=order.account_id,
            client_order_id=command.client_order_id,
            amendment_id=command.amendment_id,
        )
    ]


def amended_reservation(order: Order, price_ticks: Ticks, remaining: int, state: MarketState) -> Money:
    """Return the money an open order needs held at another price or quantity."""
    return Money(
        required_reservation(
            state.fees, order.action, price_ticks, remaining, order.fee_accrued, order.fee_charged
        )
    )


def decrease(command: DecreaseOrder, state: MarketState) -> Decided:
    """Make an order smaller in place; down to nothing is a cancel."""
    order = state.orders.get(command.order_id)
    if order is None or order.account_id != command.account_id:
        return _NOT_FOUND
    remaining = command.to if command.to is not None else max(0, order.remaining - (command.by or 0))
    if not 0 <= remaining <= order.remaining or remaining % state.quantity_step:
        return Rejected(Reason.INVALID_QUANTITY, "an order can only be decreased, by whole steps")
    if not remaining:
        return [canceled_for(order, EndReason.REQUESTED)]
    return smaller(order, Quantity(remaining), state)


def smaller(order: Order, remaining: Quantity, state: MarketState) -> Sequence[MarketEvent]:
    """Return what makes an order smaller in place."""
    if remaining == order.remaining:
        return []
    return [
        OrderDecreased(
            order_id=order.order_id,
            account_id=order.account_id,
            quantity=Quantity(order.remaining - remaining),
            reserved=amended_reservation(order, order.price_ticks, remaining, state),
        )
    ]


def cancel(command: CancelOrder, state: MarketState) -> Decided:
    """Take an order off."""
    order = state.orders.get(command.order_id)
    if order is None or order.account_id != command.account_id:
        return _NOT_FOUND
    return [canceled_for(order, EndReason.REQUESTED)]


def cancel_many(command: CancelOrders, state: MarketState) -> Decided:
    """Take off the next batch of an account's orders."""
    orders = islice(state.orders_of(command.account_id), BATCH)
    return [canceled_for(order, EndReason.REQUESTED) for order in orders]


def bound(command: BoundOrderGroup, state: MarketState) -> Sequence[MarketEvent]:
    """Take note of what may fill of an order group here, unless something newer is known."""
    if state.status not in _MAY_TRADE or not is_newer(command, state):
        return ()
    # If it has been closed and opened again since, what is open here has to go first.
    closes = was_closed_since(command, state)
    return [
        OrderGroupBounded(
            order_group_id=command.order_group_id,
            account_id=command.account_id,
            round=command.round,
            version=command.closed_at if closes else command.version,
            closed_at=command.closed_at,
            allowance=Quantity(0) if closes else command.allowance,
        )
    ]


def clear_group(command: ClearOrderGroup, state: MarketState) -> Decided:
    """Take off the next orders of a group of which no more may fill."""
    orders = state.order_groups[command.order_group_id].orders.values()
    return [canceled_for(order, EndReason.ORDER_GROUP) for order in islice(orders, BATCH)]


def trim(command: TrimReduceOnly, state: MarketState) -> Decided:
    """Make orders that only reduce a position no larger than it, the latest first."""
    position = state.positions[command.account_id]
    over = {
        True: position.reducing_yes - position.reducible(yes=True),
        False: position.reducing_no - position.reducible(yes=False),
    }
    reducing = reversed(state.reducing[command.account_id].values())
    return trimmed(reducing, over, _REDUCES_YES, EndReason.REDUCE_ONLY, state)


def trimmed(
    latest_first: Iterable[Order],
    over: dict[K, int],
    kind_of: Callable[[Order], K],
    reason: EndReason,
    state: MarketState,
) -> list[MarketEvent]:
    """Make the next orders smaller, or take them off, until no kind of them is for more than it may be.

    ``over`` is by how much each kind is for too much.
    """
    events: list[MarketEvent] = []
    for order in latest_first:
        if len(events) == BATCH or max(over.values()) <= 0:
            break
        excess = over[kind_of(order)]
        if excess <= 0:
            continue
        over[kind_of(order)] -= order.remaining
        if excess >= order.remaining:
            events.append(canceled_for(order, reason))
        else:
            events += smaller(order, Quantity(order.remaining - excess), state)
    return events


def expire(command: ExpireOrder, state: MarketState) -> Decided:
    """Take off an order whose time is over."""
    return [canceled_for(state.orders[command.order_id], EndReason.EXPIRED)]


def abandon(command: AbandonPlacement, state: MarketState) -> Decided:
    """Rule out that an interrupted order is placed later, unless it is already here."""
    if command.order_id in state.orders or command.order_id in state.abandoned:
        return []
    return [PlacementAbandoned(order_id=command.order_id, account_id=command.account_id)]


def abandon_amendment(command: AbandonAmendment, state: MarketState) -> Decided:
    """Rule out that an interrupted amendment is made later; of an order that is gone none ever is."""
    known = state.abandoned_amendments.get(command.order_id, ())
    if command.order_id not in state.orders or command.amendment_id in known:
        return []
    return [
        AmendmentAbandoned(
            order_id=command.order_id, account_id=command.account_id, amendment_id=command.amendment_id
        )
    ]


def canceled_for(order: Order, reason: EndReason) -> OrderCanceled:
    """Return what takes an order off."""
    return OrderCanceled(
        order_id=order.order_id,
        account_id=order.account_id,
        quantity=Quantity(order.remaining),
        reason=reason,
    )
