"""How each event changes a market. Nothing here refuses, and nothing here works out a rule."""

from typing import assert_never

from domain.identifiers import AccountId
from domain.market import events as e
from domain.market.book import Order
from domain.market.state import CLOSED_GROUPS, CROSSED_ORDERS, GroupHere, MarketState, Position
from domain.market.vocabulary import BUY, YES, Condition, FillKind, MarketStatus, OrderType, Result
from domain.quantities import Quantity

_STOP = OrderType.STOP
_MINT, _MERGE = FillKind.MINT, FillKind.MERGE


def evolve(state: MarketState, event: e.MarketEvent) -> None:
    """Apply one event."""
    state.revision += 1
    match event:
        case e.OrderPlaced():
            _placed(state, event)
        case e.TradeExecuted():
            _traded(state, event)
        case e.OrderCanceled():
            _shrink(state, state.orders[event.order_id], event.quantity)
        case e.OrderDecreased():
            _decreased(state, event)
        case e.OrderAmended():
            _amended(state, event)
        case e.StopTriggered():
            _triggered(state, event)
        case e.MatchingContinued():
            _continued(state, event)
        case e.OrderGroupBounded():
            _bounded(state, event)
        case e.PlacementAbandoned():
            state.abandoned.add(event.order_id)
        case e.AmendmentAbandoned():
            state.abandoned_amendments.setdefault(event.order_id, set()).add(event.amendment_id)
        case e.OrderRenamed():
            state.orders[event.order_id].client_order_id = event.client_order_id
        case e.PairsRedeemed():
            _redeemed(state, event)
        case e.PositionSettled():
            _settled(state, event)
        case e.PositionUnwound():
            _settled(state, event)
        case e.OrdersCrossed():
            _crossed(state, event)
        case _:
            _lifecycle(state, event)


def _lifecycle(state: MarketState, event: e.LifecycleEvent) -> None:
    match event:
        case e.MarketCreated():
            _created(state, event)
        case e.OpeningRequested():
            pass  # the group answers, and then the market is activated
        case e.ConditionLinked():
            state.parent, state.required = event.parent, event.required
            state.condition = Condition.PENDING
        case e.ConditionalAttached():
            state.children.add(event.child)
        case e.ConditionMet():
            state.condition = Condition.MET
        case e.MarketCalledOff():
            state.condition = Condition.FAILED
            _end(state, Result.VOID)
        case e.MarketActivated() | e.MarketResumed():
            state.status = MarketStatus.ACTIVE
        case e.MarketPaused():
            state.status = MarketStatus.PAUSED
        case e.MarketClosed():
            state.status = MarketStatus.CLOSED
        case e.MarketDetermined():
            state.status, state.result = MarketStatus.DETERMINED, event.result
        case e.MarketDisputed():
            state.status = MarketStatus.DISPUTED
        case e.MarketFinalized():
            _end(state, event.result)
        case e.MarketVoided():
            state.void_price = event.yes_price_ticks
            _end(state, Result.VOID)
        case e.RulesAmended():
            state.rules, state.rules_version = event.rules, event.version
        case e.TickSizeChanged():
            state.tick_size = event.tick_size_ticks
        case _:
            assert_never(event)


def _created(state: MarketState, event: e.MarketCreated) -> None:
    state.created = True
    state.ticker = event.ticker
    state.title = event.title
    state.rules, state.rules_version = event.rules, 1
    state.category = event.category
    state.group_id = event.group_id
    state.tick_size = event.tick_size_ticks
    state.price_min, state.price_max = event.price_min_ticks, event.price_max_ticks
    state.quantity_min, state.quantity_step = event.quantity_min, event.quantity_step
    state.position_limit = event.position_limit
    state.fees = event.fees
    state.close_at_us = event.close_at_us


def _end(state: MarketState, result: Result) -> None:
    state.status, state.result = MarketStatus.FINALIZED, result
    state.paired.clear()  # what is held is paid now


def _placed(state: MarketState, event: e.OrderPlaced) -> None:
    order = Order(event)
    state.add_order(order)
    position = state.position(order.account_id)
    position.open_orders += 1
    position.expose(order.side, order.action, order.remaining)
    if event.order_type is _STOP:
        state.stops.add(order)
        position.stops += 1
    else:
        if event.rests:
            state.book.ladder(order.book_side).join(order, event.rests)
        state.taker = None if event.rests == order.remaining else order
    if event.cancel_on_pause:
        state.leave_on_pause[order.order_id] = None
    if event.expires_at_us is not None:
        state.expires(order.order_id, event.expires_at_us)
    if order.order_group_id is not None:
        state.group_here(order.order_group_id, order.account_id).orders[order.order_id] = order
    if order.reduce_only:
        state.reducing.setdefault(order.account_id, {})[order.order_id] = order
        position.reduce(order.remaining, yes=order.reduces_yes)
        _look_at_reducing(state, order.account_id, position)


def _join(state: MarketState, order: Order, rests: int) -> None:
    """Let a part of an order rest; while that is not all that is left of it, it is being matched."""
    if rests:
        state.book.ladder(order.book_side).join(order, rests)
    state.taker = None if rests == order.remaining else order


def _triggered(state: MarketState, event: e.StopTriggered) -> None:
    order = state.orders[event.order_id]
    state.stops.remove(order)
    state.positions[order.account_id].stops -= 1
    _join(state, order, event.rests)


def _continued(state: MarketState, event: e.MatchingContinued) -> None:
    if event.rests:
        _join(state, state.orders[event.order_id], event.rests)


def _bounded(state: MarketState, event: e.OrderGroupBounded) -> None:
    group = state.group_here(event.order_group_id, event.account_id)
    if event.round > group.round:
        group.round, group.filled = event.round, 0
    group.version, group.closed_at, group.allowance = event.version, event.closed_at, event.allowance
    state.closed_groups.pop(event.order_group_id, None)
    _look_at_group(state, event.order_group_id, group)


def _look_at_group(state: MarketState, name: str, group: GroupHere) -> None:
    """Note whether a group's orders have yet to be taken off; remember of a closed one only that it is."""
    if group.orders:
        if group.room:
            state.spent_groups.discard(name)
        else:
            state.spent_groups.add(name)
        return
    state.spent_groups.discard(name)
    if not group.allowance:
        del state.order_groups[name]
        state.closed_groups[name] = group.closed_at
        if len(state.closed_groups) > CLOSED_GROUPS:
            del state.closed_groups[next(iter(state.closed_groups))]


def _look_at_reducing(state: MarketState, account_id: AccountId, position: Position) -> None:
    if position.over_reducing:
        state.over_reducing.add(account_id)
    else:
        state.over_reducing.discard(account_id)


def _look_at_offers(state: MarketState, account_id: AccountId, position: Position) -> None:
    if position.over_offering:
        state.over_offering.add(account_id)
    else:
        state.over_offering.discard(account_id)


def _traded(state: MarketState, event: e.TradeExecuted) -> None:
    quantity = event.quantity
    maker = state.orders[event.maker.order_id]
    state.book.ladder(maker.book_side).reduce(maker, quantity)
    _fill(state, maker, event.maker, event, quantity)
    taker = state.orders[event.taker.order_id]
    _fill(state, taker, event.taker, event, quantity)
    if taker.remaining == taker.resting:
        state.taker = None
    if event.kind is _MINT:
        state.outstanding += quantity
    elif event.kind is _MERGE:
        state.outstanding -= quantity
    state.trades += 1
    state.volume += quantity
    state.last_price = event.price_ticks


def _fill(state: MarketState, order: Order, leg: e.Leg, trade: e.TradeExecuted, quantity: int) -> None:
    side, fee, yes_ticks = order.side, leg.fee, trade.price_ticks
    value = (yes_ticks if side is YES else 10_000 - yes_ticks) * quantity
    position = state.positions[order.account_id]
    if order.action is BUY:
        position.buy(side, quantity)
        position.paid += value + fee
        if position.yes and position.no:
            state.paired[order.account_id] = trade.trade_id
    else:
        position.sell(side, quantity)
        position.paid -= value - fee
        if state.paired and not position.pairs:
            state.paired.pop(order.account_id, None)
    position.fees += fee
    order.fee_accrued = leg.fee_accrued
    order.fee_charged += fee
    order.reserved = leg.reserved
    order.filled += quantity
    order.remaining -= quantity
    if state.reducing and order.account_id in state.reducing:
        if order.reduce_only:
            position.reduce(-quantity, yes=order.reduces_yes)
        _look_at_reducing(state, order.account_id, position)
    if not order.remaining:
        _forget(state, order)
    if order.order_group_id is not None:
        group = state.order_groups[order.order_group_id]
        group.filled += quantity
        _look_at_group(state, order.order_group_id, group)


def _shrink(state: MarketState, order: Order, quantity: int) -> None:
    resting = min(quantity, order.resting)
    if resting:
        state.book.ladder(order.book_side).reduce(order, resting)
    position = state.positions[order.account_id]
    position.expose(order.side, order.action, -quantity)
    if state.over_offering:
        _look_at_offers(state, order.account_id, position)
    order.remaining -= quantity
    if not order.remaining:
        _forget(state, order)
        if order.order_group_id is not None:
            _look_at_group(state, order.order_group_id, state.order_groups[order.order_group_id])
    if order.reduce_only:
        position.reduce(-quantity, yes=order.reduces_yes)
        _look_at_reducing(state, order.account_id, position)


def _decreased(state: MarketState, event: e.OrderDecreased) -> None:
    order = state.orders[event.order_id]
    order.reserved = event.reserved
    _shrink(state, order, event.quantity)


def _amended(state: MarketState, event: e.OrderAmended) -> None:
    order = state.orders[event.order_id]
    if order.resting:
        state.book.ladder(order.book_side).reduce(order, order.resting)
    position, gained = state.positions[order.account_id], event.remaining - order.remaining
    position.expose(order.side, order.action, gained)
    order.remaining = event.remaining
    order.reserved = event.reserved
    order.client_order_id = event.client_order_id
    order.reprice(event.price_ticks)
    _join(state, order, event.rests)
    if order.reduce_only:
        position.reduce(gained, yes=order.reduces_yes)
        _look_at_reducing(state, order.account_id, position)


def _crossed(state: MarketState, event: e.OrdersCrossed) -> None:
    for order in (event.maker, event.taker):
        state.crossed[order.order_id] = event.trade_id
    while len(state.crossed) > CROSSED_ORDERS:
        del state.crossed[next(iter(state.crossed))]


def _forget(state: MarketState, order: Order) -> None:
    state.drop_order(order)
    if order.cancel_on_pause:
        del state.leave_on_pause[order.order_id]
    if state.abandoned_amendments:
        state.abandoned_amendments.pop(order.order_id, None)
    position = state.positions[order.account_id]
    if order.stop_ticks is not None and order.order_id in state.stops:
        state.stops.remove(order)
        position.stops -= 1
    if state.taker is order:
        state.taker = None
    if order.order_group_id is not None:
        del state.order_groups[order.order_group_id].orders[order.order_id]
    if order.reduce_only:
        reducing = state.reducing[order.account_id]
        del reducing[order.order_id]
        if not reducing:
            del state.reducing[order.account_id]
    position.open_orders -= 1
    if position.settled:
        del state.positions[order.account_id]


def _redeemed(state: MarketState, event: e.PairsRedeemed) -> None:
    account_id, quantity = event.account_id, event.quantity
    position = state.positions[account_id]
    position.yes -= quantity
    position.no -= quantity
    position.paid -= event.payout
    state.outstanding -= quantity
    del state.paired[account_id]
    _look_at_offers(state, account_id, position)
    if position.settled:
        del state.positions[account_id]


def _settled(state: MarketState, event: e.PositionSettled | e.PositionUnwound) -> None:
    del state.positions[event.account_id]
    state.outstanding -= Quantity(event.yes)
