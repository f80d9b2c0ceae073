"""What a decision says about an order."""

from collections.abc import Sequence
from hashlib import blake2b

from application.requests import AmendRequest, OrderRequest, OrderState
from domain.identifiers import OrderId, Ticker
from domain.market.book import Order
from domain.market.events import Leg, MarketEvent, OrderCanceled, OrderPlaced, TradeExecuted
from domain.market.vocabulary import EndReason, Side
from domain.quantities import PAYOUT_TICKS, Money, Quantity


def request_digest(request: OrderRequest) -> str:
    """Return a hash of what was asked: the same for a request sent again, another for another request."""
    asked = (
        request.ticker,
        request.side,
        request.action,
        request.quantity,
        request.price_ticks,
        request.order_type,
        request.time_in_force,
        request.expires_at_us,
        request.stop_price_ticks,
        request.post_only,
        request.reduce_only,
        request.self_trade_prevention,
        request.order_group_id,
        request.cancel_on_pause,
        request.buy_max_cost,
    )
    return _digest((*asked, "closes first") if request.closes_first else asked)


def amendment_digest(request: AmendRequest) -> str:
    """Return a hash of what an amendment asks, never the same as that of an order."""
    return _digest(("amend", request.order_id, request.price_ticks, request.total))


def _digest(asked: tuple[object, ...]) -> str:
    return blake2b("|".join(map(str, asked)).encode(), digest_size=12).hexdigest()


def order_state(ticker: Ticker, order_id: OrderId, events: Sequence[MarketEvent]) -> OrderState:
    """Return the order that ``events``, one placement's, leave behind."""
    placed: OrderPlaced | None = None
    filled = canceled = value = fees = 0
    end_reason: EndReason | None = None
    for event in events:
        if isinstance(event, TradeExecuted):
            for leg in (event.maker, event.taker):
                if leg.order_id == order_id:
                    filled += event.quantity
                    value += _price(event, leg) * event.quantity
                    fees += leg.fee
        elif isinstance(event, OrderCanceled) and event.order_id == order_id:
            canceled += event.quantity
            end_reason = event.reason
        elif isinstance(event, OrderPlaced):
            placed = event
    assert placed is not None
    quantity = placed.terms.quantity
    return OrderState(
        order_id=order_id,
        account_id=placed.account_id,
        ticker=ticker,
        client_order_id=placed.client_order_id,
        side=placed.side,
        action=placed.action,
        order_type=placed.order_type,
        time_in_force=placed.time_in_force,
        price_ticks=placed.terms.price_ticks,
        initial=quantity,
        filled=Quantity(filled),
        remaining=Quantity(quantity - filled - canceled),
        canceled=Quantity(canceled),
        fill_value=Money(value),
        fees=Money(fees),
        end_reason=end_reason,
    )


def order_state_of(ticker: Ticker, order: Order) -> OrderState:
    """Return an open order as it stands. Its fill value is not known here and left at zero."""
    return OrderState(
        order_id=order.order_id,
        account_id=order.account_id,
        ticker=ticker,
        client_order_id=order.client_order_id,
        side=order.side,
        action=order.action,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        price_ticks=order.price_ticks,
        initial=Quantity(order.filled + order.remaining),
        filled=Quantity(order.filled),
        remaining=Quantity(order.remaining),
        canceled=Quantity(0),
        fill_value=Money(0),
        fees=Money(order.fee_charged),
    )


def _price(trade: TradeExecuted, leg: Leg) -> int:
    return trade.price_ticks if leg.side is Side.YES else PAYOUT_TICKS - trade.price_ticks
