"""What always holds within one market."""

from collections import Counter
from collections.abc import Iterator

from domain.identifiers import AccountId
from domain.market.book import Order, required_reservation
from domain.market.events import PositionUnwound
from domain.market.lifecycle import settlement
from domain.market.state import MarketState, Position
from domain.market.vocabulary import Action, Side
from domain.quantities import PAYOUT_TICKS


def market_violations(state: MarketState) -> Iterator[str]:
    """Yield a sentence for everything that is wrong within a market."""
    yield from _shares(state)
    yield from _exposures(state)
    yield from _reducing(state)
    yield from _order_groups(state)
    for order in state.orders.values():
        yield from _order(order, state)
    yield from _book(state)


def collateral(state: MarketState) -> int:
    """Return the money the market holds, fees apart, in millionths of a dollar.

    A dollar for every pair of shares; once the market has ended, what is still to be paid out.
    """
    if not state.ended:
        return PAYOUT_TICKS * state.outstanding
    owed = 0
    for account_id, position in state.positions.items():
        end = settlement(account_id, position, state)
        owed += end.refund - end.fees if isinstance(end, PositionUnwound) else end.payout
    return owed


def _shares(state: MarketState) -> Iterator[str]:
    if state.ended:
        # Holders are paid one after the other.
        if state.outstanding and not state.positions:
            yield f"{state.outstanding} shares are outstanding and nobody holds them"
        return
    held = state.positions.values()
    yes, no = sum(p.yes for p in held), sum(p.no for p in held)
    if not yes == no == state.outstanding:
        yield f"{yes} yes and {no} no shares are held, {state.outstanding} are outstanding"
    put_in = sum(p.paid - p.fees for p in held)
    if put_in != collateral(state):
        yield f"holders put in {put_in} and the collateral is {collateral(state)}"


def _exposures(state: MarketState) -> Iterator[str]:
    exposed: Counter[tuple[str, Action, Side]] = Counter()
    counted: Counter[AccountId] = Counter()
    for order in state.orders.values():
        exposed[order.account_id, order.action, order.side] += order.remaining
        counted[order.account_id] += 1
    for account_id in counted.keys() - state.positions.keys():
        yield f"{account_id} has open orders and no position"
    for account_id in counted.keys() | state.orders_by_account.keys():
        known = len(state.orders_of(account_id))
        if known != counted[account_id]:
            yield f"{account_id} has {counted[account_id]} open orders, {known} are found by its name"
    for account_id, position in state.positions.items():
        if position.open_orders != counted[account_id]:
            yield f"{account_id} has {counted[account_id]} open orders, {position.open_orders} are counted"
        for side in Side:
            bid, offered = (exposed[account_id, action, side] for action in (Action.BUY, Action.SELL))
            yield from _exposure(account_id, position, side, bid, offered)
        if position.pairs and account_id not in state.paired and not state.ended:
            yield f"{account_id} holds {position.pairs} pairs that were not redeemed"
        if position.over_offering and account_id not in state.over_offering:
            yield f"{account_id} offers more than it holds"
        if position.fees < 0:
            yield f"{account_id} paid fees of {position.fees}"


def _reducing(state: MarketState) -> Iterator[str]:
    to_give_up: Counter[tuple[str, bool]] = Counter()
    waiting: Counter[str] = Counter()
    for order in state.orders.values():
        waiting[order.account_id] += order.order_id in state.stops
        if order.reduce_only:
            to_give_up[order.account_id, order.reduces_yes] += order.remaining
    for account_id, position in state.positions.items():
        counted = position.reducing_yes, position.reducing_no
        if counted != (to_give_up[account_id, True], to_give_up[account_id, False]):
            yield f"{account_id} has orders that only reduce, counted as {counted}"
        if position.over_reducing and account_id not in state.over_reducing:
            yield f"{account_id} has orders that only reduce and are for more than its position"
        if position.stops != waiting[account_id]:
            yield f"{account_id} has {waiting[account_id]} stops waiting, {position.stops} are counted"


def _order_groups(state: MarketState) -> Iterator[str]:
    members = {order_id for group in state.order_groups.values() for order_id in group.orders}
    for order in state.orders.values():
        if (order.order_group_id is not None) != (order.order_id in members):
            yield f"order {order.order_id} is of order group {order.order_group_id}, which does not know it"
    for name, group in state.order_groups.items():
        if group.orders and not group.room and name not in state.spent_groups:
            yield f"order group {name} may fill no more and has {len(group.orders)} open orders"


def _exposure(account_id: str, position: Position, side: Side, bid: int, offered: int) -> Iterator[str]:
    held, free = position.held(side), position.free(side)
    if position.bid(side) != bid:
        yield f"{account_id} bids for {bid} {side}, {position.bid(side)} is counted"
    if held - free != offered:
        yield f"{account_id} offers {offered} {side}, {held - free} is counted"
    if held < 0:
        yield f"{account_id} holds {held} {side}"


def _order(order: Order, state: MarketState) -> Iterator[str]:
    waits = order.order_id in state.stops
    if order.remaining <= 0 or (
        order is not state.taker and order.resting != (0 if waits else order.remaining)
    ):
        yield f"order {order.order_id} has {order.remaining} left and {order.resting} resting"
    required = required_reservation(
        state.fees, order.action, order.price_ticks, order.remaining, order.fee_accrued, order.fee_charged
    )
    if order.reserved != required:
        yield f"order {order.order_id} has {order.reserved} reserved and needs {required}"


def _book(state: MarketState) -> Iterator[str]:
    resting = {order_id for order_id, order in state.orders.items() if order.resting}
    for side in Side:
        for level in state.book.ladder(side).down_from_best():
            queue = list(level)
            if level.total != sum(order.resting for order in queue) or not level.total:
                yield f"the {side} bids at {level.ticks} are counted as {level.total}"
            for order in queue:
                if state.orders.get(order.order_id) is not order or order.book_ticks != level.ticks:
                    yield f"order {order.order_id} does not belong on the {side} bids at {level.ticks}"
                resting.discard(order.order_id)
    for order_id in sorted(resting):
        yield f"order {order_id} rests nowhere on the book"
    yes, no = state.book.yes.best_ticks, state.book.no.best_ticks
    if yes is not None and no is not None and yes + no >= PAYOUT_TICKS:
        yield f"the book is crossed: {yes} bid for yes and {no} for no"
