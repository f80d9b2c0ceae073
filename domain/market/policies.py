"""The rules an order must pass, each a small function; the first that refuses wins."""

from collections.abc import Callable

from domain.market.book import Order, book_place, required_reservation
from domain.market.commands import AmendOrder, BoundOrderGroup, PlaceOrder
from domain.market.state import MarketState
from domain.market.vocabulary import BUY, NO, SELL, YES, Action, MarketStatus, OrderType, Side, TimeInForce
from domain.quantities import (
    MAX_QUANTITY,
    MAX_VOLUME,
    PAYOUT_TICKS,
    Money,
    Quantity,
    Ticks,
    contracts_text,
    price_text,
)
from domain.rejections import Reason, Rejected

_LIMIT, _MARKET, _STOP = OrderType.LIMIT, OrderType.MARKET, OrderType.STOP
_GOOD_TILL_DATE = TimeInForce.GOOD_TILL_DATE
_IMMEDIATE = (TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL)
_ACTIVE = MarketStatus.ACTIVE

Policy = Callable[[PlaceOrder, MarketState], Rejected | None]


def limit_of(command: PlaceOrder, state: MarketState) -> Ticks:
    """Return the limit an order works with: its own, or the widest the market allows."""
    if command.price_ticks is not None:
        return command.price_ticks
    limit = widest(command.side, command.action, state)
    # What rests from a time with a finer grid can be met too.
    bids_for, ticks = book_place(command.side, command.action, limit)
    worst = state.book.against(bids_for).worst_ticks
    if worst is None or PAYOUT_TICKS - worst <= ticks:
        return limit
    return worst if command.action is SELL else Ticks(PAYOUT_TICKS - worst)


def widest(side: Side, action: Action, state: MarketState) -> Ticks:
    """Return the least favourable price on the grid. The range is stated in yes terms."""
    tick = state.tick_size
    lowest = -(-state.price_min // tick) * tick
    highest = state.price_max // tick * tick
    if side is NO:
        lowest, highest = PAYOUT_TICKS - highest, PAYOUT_TICKS - lowest
    return Ticks(highest if action is BUY else lowest)


def quantity_is_possible(command: PlaceOrder, state: MarketState) -> Rejected | None:
    """Quantities are positive and bounded."""
    return check_possible_quantity(command.quantity)


def check_possible_quantity(quantity: int) -> Rejected | None:
    """Refuse a quantity that is not positive, or too large for any market."""
    if not 0 < quantity <= MAX_QUANTITY:
        return Rejected(
            Reason.INVALID_QUANTITY, "the count must be positive and at most a thousand million contracts"
        )
    return None


def prices_are_possible(command: PlaceOrder, state: MarketState) -> Rejected | None:
    """Limit and stop prices lie between nothing and a dollar."""
    limit, stop = command.price_ticks, command.stop_price_ticks
    if limit is not None and not 0 < limit < PAYOUT_TICKS:
        return _IMPOSSIBLE_PRICE
    return _IMPOSSIBLE_PRICE if stop is not None and not 0 < stop < PAYOUT_TICKS else None


_IMPOSSIBLE_PRICE = Rejected(Reason.INVALID_PRICE, "a price lies between $0.0001 and $0.9999")


def quantity_is_on_the_step(command: PlaceOrder, state: MarketState) -> Rejected | None:
    """Quantities are multiples of the market's step, and not too small for it."""
    return check_step(command.quantity, state)


def check_step(quantity: int, state: MarketState) -> Rejected | None:
    """Refuse a quantity below the market's smallest, or off its step."""
    if quantity < state.quantity_min or quantity % state.quantity_step:
        return Rejected(
            Reason.QUANTITY_OFF_STEP,
            f"the count must be at least {state.quantity_min} and a multiple of {state.quantity_step} "
            "hundredths of a contract",
        )
    return None


def order_is_whole(command: PlaceOrder, state: MarketState) -> Rejected | None:
    """Type, price and time in force fit together."""
    rule = _contradiction(command)
    return Rejected(Reason.INVALID_ORDER, rule) if rule else None


def _contradiction(command: PlaceOrder) -> str | None:
    kind, waits = command.order_type, command.time_in_force is _GOOD_TILL_DATE
    if kind is _LIMIT and command.price_ticks is None:
        return "a limit order needs a price"
    if kind is _MARKET and command.price_ticks is not None:
        return "a market order takes no price; use a limit order"
    if (kind is _STOP) != (command.stop_price_ticks is not None):
        return "a stop order needs a stop_price, and only a stop order takes one"
    if kind is _MARKET and waits:
        return "a market order trades at once; it takes no expiration"
    if command.post_only and (command.time_in_force in _IMMEDIATE or kind is not _LIMIT):
        return "only a limit order that may rest can be post_only"
    if waits != (command.expires_at_us is not None):
        return "good_till_date needs an expiration, and only it takes one"
    if command.expires_at_us is not None and command.expires_at_us <= command.now_us:
        return "the expiration lies in the past"
    return None if command.buy_max_cost is None else _cost_contradiction(command, command.buy_max_cost)


def _cost_contradiction(command: PlaceOrder, most: Money) -> str | None:
    if command.action is SELL or most <= 0:
        return "buy_max_cost must be positive and goes with a buy"
    if command.post_only or command.order_type is _STOP:
        return "an order with a buy_max_cost fills at once or not at all: it cannot rest or wait"
    return None


def order_is_new(command: PlaceOrder, state: MarketState) -> Rejected | None:
    """An order is placed once."""
    if command.order_id in state.orders or command.order_id in state.abandoned:
        return Rejected(Reason.ORDER_EXISTS, f"order {command.order_id} was placed or given up before")
    return None


def market_trades(command: PlaceOrder, state: MarketState) -> Rejected | None:
    """The market is open for trading."""
    return check_open(state)


def check_open(state: MarketState) -> Rejected | None:
    """Refuse while the market does not trade."""
    if state.status is _ACTIVE:
        return None
    match state.status:
        case MarketStatus.INITIALIZED:
            return Rejected(Reason.MARKET_NOT_OPEN, f"market {state.ticker} has not opened yet")
        case MarketStatus.PAUSED:
            return Rejected(Reason.MARKET_PAUSED, f"market {state.ticker} is paused; try again later")
        case _:
            return Rejected(Reason.MARKET_CLOSED, f"market {state.ticker} no longer trades")


def market_has_not_moved_on(command: PlaceOrder, state: MarketState) -> Rejected | None:
    """The market is still at the version the trader saw, if one was stated."""
    if command.market_revision is not None and command.market_revision != state.revision:
        return Rejected(
            Reason.MARKET_VERSION_CHANGED,
            f"the market is at version {state.revision}, not {command.market_revision}",
        )
    return None


def order_group_has_room(command: PlaceOrder, state: MarketState) -> Rejected | None:
    """The order's group was not closed here since the order was sent, and may fill more."""
    sent = command.allotment
    if sent is None:
        return None
    group = state.order_groups.get(sent.order_group_id)
    closed_at = group.closed_at if group else state.closed_groups.get(sent.order_group_id, 0)
    too_late = sent.version < closed_at
    if too_late or was_closed_since(sent, state) or not group_room(sent, state):
        return _GROUP_TRIGGERED
    return None


def was_closed_since(told: BoundOrderGroup, state: MarketState) -> bool:
    """Return whether a group that has open orders here was closed since, and the market does not know."""
    group = state.order_groups.get(told.order_group_id)
    return group is not None and bool(group.orders) and told.closed_at > group.closed_at


_GROUP_TRIGGERED = Rejected(
    Reason.ORDER_GROUP_TRIGGERED, "the order group has reached its limit or was triggered; reset it"
)


def is_newer(told: BoundOrderGroup, state: MarketState) -> bool:
    """Return whether something told about an order group is news: within a version, less is later."""
    group = state.order_groups.get(told.order_group_id)
    if group is None:
        return told.version > state.closed_groups.get(told.order_group_id, -1)
    return told.version > group.version or (
        told.version == group.version and told.allowance < group.allowance
    )


def group_room(sent: BoundOrderGroup, state: MarketState) -> int:
    """Return how much of an order's group may fill once the market knows what the order brings along."""
    group = state.order_groups.get(sent.order_group_id)
    if group is None:
        return sent.allowance if is_newer(sent, state) else 0
    if not is_newer(sent, state):
        return group.room
    return max(0, sent.allowance - (group.filled if sent.round == group.round else 0))


def order_is_in_time(command: PlaceOrder, state: MarketState) -> Rejected | None:
    """The order reached the book before its deadline."""
    if command.deadline_us is not None and command.now_us > command.deadline_us:
        return Rejected(Reason.TOO_LATE, "the order reached the book after its deadline; send it again")
    return None


def price_is_on_the_grid(command: PlaceOrder, state: MarketState) -> Rejected | None:
    """Limit and stop prices lie on the tick grid and within the market's range."""
    limit, stop = command.price_ticks, command.stop_price_ticks
    refused = None if limit is None else check_price(limit, command.side, state)
    if refused is None and stop is not None:
        return check_price(stop, command.side, state)
    return refused


def check_price(ticks: Ticks, side: Side, state: MarketState) -> Rejected | None:
    """Refuse a price that is impossible, off the grid or out of the market's range."""
    if not 0 < ticks < PAYOUT_TICKS:
        return _IMPOSSIBLE_PRICE
    if ticks % state.tick_size:
        return Rejected(Reason.PRICE_OFF_TICK, f"prices here are multiples of {price_text(state.tick_size)}")
    yes_ticks = ticks if side is YES else PAYOUT_TICKS - ticks
    if not state.price_min <= yes_ticks <= state.price_max:
        return Rejected(
            Reason.PRICE_OUT_OF_RANGE,
            f"yes prices here run from {price_text(state.price_min)} to {price_text(state.price_max)}",
        )
    return None


def seller_has_the_shares(command: PlaceOrder, state: MarketState) -> Rejected | None:
    """You sell only shares you hold and have not already offered."""
    if command.action is BUY or command.reduce_only:
        return None
    position = state.positions.get(command.account_id)
    free = position.free(command.side) if position else 0
    if command.quantity > free:
        return Rejected(
            Reason.INSUFFICIENT_SHARES,
            f"{contracts_text(free)} {command.side} contracts are free to sell; to go short buy the other",
        )
    return None


def position_stays_within_limit(command: PlaceOrder, state: MarketState) -> Rejected | None:
    """Held plus bid for stays within the market's maximum position."""
    if state.position_limit is None or command.action is SELL or command.reduce_only:
        return None
    position = state.positions.get(command.account_id)
    exposed = position.held(command.side) + position.bid(command.side) if position else 0
    return check_limit(exposed + command.quantity, state)


def check_limit(exposed: int, state: MarketState) -> Rejected | None:
    """Refuse an exposure beyond the market's maximum position."""
    if state.position_limit is not None and exposed > state.position_limit:
        return Rejected(
            Reason.POSITION_LIMIT,
            f"at most {contracts_text(state.position_limit)} contracts may be held and bid for on a side",
        )
    return None


def reduction_is_possible(command: PlaceOrder, state: MarketState) -> Rejected | None:
    """A reduce-only order finds a position to reduce."""
    if command.reduce_only and not reducible(command, state):
        return Rejected(Reason.REDUCE_ONLY, "there is no position that this order would reduce")
    return None


def open_orders_are_bounded(command: PlaceOrder, state: MarketState) -> Rejected | None:
    """An account has a bounded number of open orders in a market."""
    position = state.positions.get(command.account_id)
    most = command.limits.open_orders
    if position is not None and position.open_orders >= most:
        return Rejected(Reason.TOO_MANY_OPEN_ORDERS, f"at most {most} orders may be open in a market")
    return None


def volume_is_bounded(command: PlaceOrder, state: MarketState) -> Rejected | None:
    """What has traded in a market stays a number that can be counted with everywhere."""
    return check_volume(command.quantity, state)


def check_volume(quantity: int, state: MarketState) -> Rejected | None:
    """Refuse to meet orders with which more would have traded in the market than is ever counted."""
    if state.volume + quantity > MAX_VOLUME:
        return Rejected(
            Reason.VOLUME_LIMIT, f"at most {contracts_text(MAX_VOLUME)} contracts ever trade in one market"
        )
    return None


def stops_are_bounded(command: PlaceOrder, state: MarketState) -> Rejected | None:
    """An account has a bounded number of stop orders waiting in a market."""
    if command.order_type is not _STOP:
        return None
    position = state.positions.get(command.account_id)
    most = command.limits.stops
    if position is not None and position.stops >= most:
        return Rejected(Reason.TOO_MANY_STOPS, f"at most {most} stop orders may wait in a market")
    return None


def reservation_for(command: PlaceOrder, state: MarketState) -> Money:
    """Return the money an order must have held for it before it is placed."""
    needed = required_reservation(
        state.fees, command.action, limit_of(command, state), quantity_of(command, state)
    )
    most = command.buy_max_cost
    return Money(needed) if most is None or needed < most else most


PLACEMENT: tuple[Policy, ...] = (
    quantity_is_possible,
    prices_are_possible,
    order_is_whole,
    order_is_new,
    market_trades,
    market_has_not_moved_on,
    order_is_in_time,
    order_group_has_room,
    price_is_on_the_grid,
    quantity_is_on_the_step,
    volume_is_bounded,
    position_stays_within_limit,
    seller_has_the_shares,
    reduction_is_possible,
    open_orders_are_bounded,
    stops_are_bounded,
)
"""The rules of placing that need no money, in the order of :class:`domain.rejections.Reason`'s precedence."""


OF_THE_COMMAND = PLACEMENT[:3]
"""The rules that no market is needed for."""


def first_refusal(
    command: PlaceOrder, state: MarketState, policies: tuple[Policy, ...] = PLACEMENT
) -> Rejected | None:
    """Run the policies; the first refusal wins."""
    for policy in policies:
        if refused := policy(command, state):
            return refused
    return None


def money_is_reserved(command: PlaceOrder, needed: Money) -> Rejected | None:
    """The ledger holds enough for the worst case: the last rule, checked once ``needed`` is known."""
    if command.reserved < needed:
        return Rejected(Reason.RESERVATION_TOO_SMALL, "the market's fees or limits changed; try again")
    return None


def quantity_of(command: PlaceOrder, state: MarketState) -> Quantity:
    """Return how much an order is for: what was asked, or as much of it as reduces the position."""
    return reducible(command, state) if command.reduce_only else command.quantity


def reducible(command: PlaceOrder, state: MarketState) -> Quantity:
    """Return how much a reduce-only order may be: no more than what brings the position to nothing.

    What the account's other orders that only reduce, or bid for the same side, do of that is not left.
    """
    position = state.positions.get(command.account_id)
    if position is None:
        return Quantity(0)
    yes = (command.side is YES) is (command.action is SELL)
    reducible, reducing = position.reducible(yes=yes), position.reducing_yes if yes else position.reducing_no
    if command.action is SELL:
        room = min(reducible - reducing, position.free(command.side))
    else:
        room = reducible - max(reducing, position.bid(command.side))
    return Quantity(min(command.quantity, max(0, room)))


def amended_terms(command: AmendOrder, order: Order) -> tuple[Ticks, Quantity]:
    """Return the price and the remaining quantity that an amendment asks for."""
    price = order.price_ticks if command.price_ticks is None else command.price_ticks
    remaining = order.remaining if command.total is None else command.total - order.filled
    return price, Quantity(remaining)


def first_amendment_refusal(command: AmendOrder, order: Order, state: MarketState) -> Rejected | None:
    """Run the rules of amending an open order; the first refusal wins."""
    price, remaining = amended_terms(command, order)
    position = state.positions[order.account_id]
    extra = remaining - order.remaining
    for refused in (
        _amended_quantity(command, order, remaining),
        None if 0 < price < PAYOUT_TICKS else _IMPOSSIBLE_PRICE,
        _WAITING_STOP if order.order_id in state.stops else None,
        check_open(state),
        _given_up(command, state),
        # What rests stays where it is when the grid becomes coarser, and may be made smaller there.
        None if price == order.price_ticks else check_price(price, order.side, state),
        _amended_step(order, remaining, state),
        check_volume(remaining, state),
        check_limit(position.held(order.side) + position.bid(order.side) + extra, state)
        if order.action is BUY and extra > 0
        else None,
        _NOT_FREE if order.action is SELL and extra > position.free(order.side) else None,
        _ONLY_REDUCES if order.reduce_only and extra > 0 else None,
    ):
        if refused is not None:
            return refused
    return None


_WAITING_STOP = Rejected(
    Reason.INVALID_ORDER, "a waiting stop order cannot be amended; cancel it and place another"
)
_NOT_FREE = Rejected(Reason.INSUFFICIENT_SHARES, "there are not that many shares free to sell")
_ONLY_REDUCES = Rejected(Reason.REDUCE_ONLY, "an order that only reduces can only get smaller")


def _amended_quantity(command: AmendOrder, order: Order, remaining: int) -> Rejected | None:
    if remaining < 0:
        return Rejected(
            Reason.INVALID_QUANTITY,
            f"{contracts_text(order.filled)} contracts have filled already: the count includes them and "
            "cannot be less",
        )
    return None if command.total is None or not remaining else check_possible_quantity(command.total)


def _amended_step(order: Order, remaining: int, state: MarketState) -> Rejected | None:
    """Refuse an order that grows off the market's step or is not enough for it.

    What is left of an order may be less than the smallest order: it stands, and may get smaller, as by
    a decrease.
    """
    if remaining == order.remaining or (remaining < order.remaining and not remaining % state.quantity_step):
        return None
    return check_step(remaining, state)


def _given_up(command: AmendOrder, state: MarketState) -> Rejected | None:
    if command.amendment_id in state.abandoned_amendments.get(command.order_id, ()):
        return Rejected(Reason.TOO_LATE, "the amendment was interrupted and given up; send it again")
    return None
