"""Trades that two accounts have agreed on: their orders meet each other and not the book."""

from msgspec.structs import replace

from domain.market.book import Order, book_place
from domain.market.commands import CrossOrders, PlaceOrder
from domain.market.events import CrossedOrder, OrderPlaced, OrdersCrossed, Terms
from domain.market.matching import Taker, crossed
from domain.market.policies import first_refusal, money_is_reserved, reservation_for
from domain.market.state import MarketState
from domain.market.trading import Decided
from domain.market.vocabulary import YES, OrderType, TimeInForce
from domain.quantities import PAYOUT_TICKS, Money, Quantity, Ticks, complement, price_text
from domain.rejections import Reason, Rejected


def cross(command: CrossOrders, state: MarketState) -> Decided:
    """Let two orders trade with each other, whole, or refuse both. What was crossed before is not again.

    The maker's order joins the book for as long as it takes the other to meet it, so that whoever follows
    the book needs to know nothing of this.
    """
    if command.maker.order_id in state.crossed:
        return []
    making = _placing(command, command.maker, command.maker_reserved)
    taking = _placing(command, command.taker, command.taker_reserved)
    refused = (
        first_refusal(making, state)
        or first_refusal(taking, state)
        or _not_each_other(making, taking)
        or beyond_the_book(command.price_ticks, state)
        or money_is_reserved(making, reservation_for(making, state))
        or money_is_reserved(taking, reservation_for(taking, state))
    )
    if refused:
        return refused
    rests, meets = _placed(making, state, rests=command.quantity), _placed(taking, state, rests=Quantity(0))
    taker = Taker(taking, meets.terms.price_ticks, command.quantity, meets.reserved)
    trade = crossed(state, Order(rests), taker, command.price_ticks)
    return [
        OrdersCrossed(
            quote_id=command.quote_id,
            trade_id=trade.trade_id,
            price_ticks=command.price_ticks,
            quantity=command.quantity,
            maker=command.maker,
            taker=command.taker,
        ),
        rests,
        meets,
        trade,
    ]


def placing_of(
    order: CrossedOrder, price_ticks: Ticks, quantity: Quantity, now_us: int, reserved: Money
) -> PlaceOrder:
    """Return an order that is to be crossed as if it were placed: the same rules hold for it."""
    return PlaceOrder(
        order_id=order.order_id,
        account_id=order.account_id,
        side=order.side,
        action=order.action,
        quantity=quantity,
        price_ticks=price_ticks if order.side is YES else complement(price_ticks),
        time_in_force=TimeInForce.FILL_OR_KILL,
        reserved=reserved,
        now_us=now_us,
    )


def _placing(command: CrossOrders, order: CrossedOrder, reserved: Money) -> PlaceOrder:
    placing = placing_of(order, command.price_ticks, command.quantity, command.now_us, reserved)
    return replace(placing, limits=command.limits)


def _not_each_other(making: PlaceOrder, taking: PlaceOrder) -> Rejected | None:
    """Refuse two orders that could not meet."""
    ladders = {book_place(order.side, order.action, Ticks(1))[0] for order in (making, taking)}
    if len(ladders) == 2 and making.account_id != taking.account_id:
        return None
    return Rejected(Reason.INVALID_ORDER, "two accounts trade with each other on opposite sides")


def beyond_the_book(price_ticks: Ticks, state: MarketState) -> Rejected | None:
    """Refuse a price with which one of the two would pass over somebody's better offer on the book."""
    bid, no_bid = state.book.yes.best_ticks, state.book.no.best_ticks
    ask = None if no_bid is None else PAYOUT_TICKS - no_bid
    if (bid is None or bid <= price_ticks) and (ask is None or price_ticks <= ask):
        return None
    return Rejected(
        Reason.PRICE_BEYOND_BOOK,
        f"the book is better than {price_text(price_ticks)} for one of the two: "
        f"{_told(bid)} is bid for yes, {_told(ask)} is asked",
    )


def _told(ticks: int | None) -> str:
    return "nothing" if ticks is None else price_text(ticks)


def _placed(placing: PlaceOrder, state: MarketState, *, rests: Quantity) -> OrderPlaced:
    assert placing.price_ticks is not None
    return OrderPlaced(
        order_id=placing.order_id,
        account_id=placing.account_id,
        client_order_id="",
        side=placing.side,
        action=placing.action,
        order_type=OrderType.LIMIT,
        terms=Terms(price_ticks=placing.price_ticks, quantity=placing.quantity),
        time_in_force=placing.time_in_force,
        expires_at_us=None,
        stop_price_ticks=None,
        post_only=False,
        reduce_only=False,
        self_trade_prevention=placing.self_trade_prevention,
        order_group_id=None,
        cancel_on_pause=False,
        rests=rests,
        reserved=reservation_for(placing, state),
    )
