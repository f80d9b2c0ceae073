"""What an order was asked by, and what a decision says of it."""

from application.requests import AmendRequest, OrderRequest
from application.sagas.orders import amendment_digest, order_state, order_state_of, request_digest
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market.events import OrderCanceled, OrderPlaced, TradeExecuted
from domain.market.vocabulary import (
    Action,
    EndReason,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from domain.quantities import Money, Quantity, Ticks
from tests.unit.domain.trading_words import BOB, buy, trading
from tests.unit.event_schemas.market_examples import ORDERS

ANN = AccountId("ann")
WHOLE = {
    "account_id": ANN,
    "ticker": Ticker("RAIN"),
    "side": Side.YES,
    "action": Action.BUY,
    "quantity": Quantity(1_000),
    "price_ticks": Ticks(4_500),
    "client_order_id": "first",
    "order_type": OrderType.STOP,
    "time_in_force": TimeInForce.GOOD_TILL_DATE,
    "expires_at_us": 1_793_000_000_000_000,
    "stop_price_ticks": Ticks(4_600),
    "post_only": True,
    "reduce_only": False,
    "self_trade_prevention": SelfTradePrevention.MAKER,
    "order_group_id": "group-7",
    "cancel_on_pause": True,
    "buy_max_cost": Money(9_000_000),
}
OTHERWISE = {
    "ticker": Ticker("SNOW"),
    "side": Side.NO,
    "action": Action.SELL,
    "quantity": Quantity(1_001),
    "price_ticks": None,
    "order_type": OrderType.LIMIT,
    "time_in_force": TimeInForce.FILL_OR_KILL,
    "expires_at_us": None,
    "stop_price_ticks": Ticks(4_500),
    "post_only": False,
    "reduce_only": True,
    "self_trade_prevention": SelfTradePrevention.TAKER_AT_CROSS,
    "order_group_id": None,
    "cancel_on_pause": False,
    "buy_max_cost": None,
}


def test_digests_are_what_logs_hold_for_they_are_compared_with_those() -> None:
    assert request_digest(OrderRequest(**WHOLE)) == "e8ed7353b92985693dba5ff4"
    amendment = AmendRequest(
        account_id=ANN, order_id=OrderId("o"), price_ticks=Ticks(4_500), total=Quantity(900)
    )
    assert amendment_digest(amendment) == "1421eb45bb9d2b7b59d30bc4"


def test_each_thing_that_is_asked_makes_another_request() -> None:
    digests = {request_digest(OrderRequest(**{**WHOLE, name: value})) for name, value in OTHERWISE.items()}
    assert len(digests | {request_digest(OrderRequest(**WHOLE))}) == len(OTHERWISE) + 1
    assert OTHERWISE.keys() == WHOLE.keys() - {"account_id", "client_order_id"}


def test_when_it_was_sent_and_what_for_makes_the_same_one() -> None:
    again = OrderRequest(**WHOLE, market_revision=7, deadline_us=9)
    assert request_digest(again) == request_digest(OrderRequest(**WHOLE))


def test_each_thing_an_amendment_asks_makes_another() -> None:
    asked = [
        AmendRequest(account_id=ANN, order_id=OrderId(order), price_ticks=price, total=total)
        for order in ("o", "p")
        for price in (None, Ticks(100), Ticks(900))
        for total in (None, Quantity(100), Quantity(900))
    ]
    assert len(set(map(amendment_digest, asked))) == len(asked)


def test_an_order_is_what_its_placement_its_trades_and_its_end_left_of_it() -> None:
    trade = ORDERS["TradeExecuted"]
    placed = ORDERS["OrderPlaced"]
    assert isinstance(trade, TradeExecuted)
    assert isinstance(placed, OrderPlaced)
    # As the maker it bought no at what yes was not worth.
    assert trade.maker.order_id == placed.order_id
    assert (trade.price_ticks, trade.quantity) == (6_500, 1_000)
    canceled = OrderCanceled(
        order_id=placed.order_id,
        account_id=placed.account_id,
        quantity=Quantity(7),
        reason=EndReason.IMMEDIATE,
    )
    other = OrderCanceled(
        order_id=trade.taker.order_id, account_id=ANN, quantity=Quantity(5), reason=EndReason.REQUESTED
    )
    found = order_state(Ticker("RAIN"), placed.order_id, [placed, trade, canceled, other])
    quantity = placed.terms.quantity
    assert (found.initial, found.filled, found.canceled) == (quantity, 1_000, 7)
    assert found.remaining == quantity - 1_007
    assert (found.fill_value, found.fees) == (3_500 * 1_000, trade.maker.fee)
    assert found.end_reason is EndReason.IMMEDIATE
    taken = order_state(Ticker("RAIN"), trade.taker.order_id, [replaced(placed, trade.taker.order_id), trade])
    assert (taken.fill_value, taken.fees, taken.end_reason) == (6_500 * 1_000, 170_000, None)


def test_what_several_trades_filled_adds_up() -> None:
    trade, placed = ORDERS["TradeExecuted"], ORDERS["OrderPlaced"]
    assert isinstance(trade, TradeExecuted)
    assert isinstance(placed, OrderPlaced)
    found = order_state(
        Ticker("RAIN"), trade.taker.order_id, [replaced(placed, trade.taker.order_id), trade, trade]
    )
    assert (found.filled, found.fill_value, found.fees) == (2_000, 2 * 6_500 * 1_000, 2 * 170_000)


def test_an_open_order_was_for_what_filled_and_what_is_left() -> None:
    market = trading().and_then(buy("o", ANN, 10, 40), buy("n", BOB, 4, 60, side=Side.NO))
    found = order_state_of(Ticker("RAIN"), market.state.orders[OrderId("o")])
    assert (found.initial, found.filled, found.remaining, found.canceled) == (1_000, 400, 600, 0)
    assert (found.price_ticks, found.end_reason) == (4_000, None)


def replaced(placed: OrderPlaced, order_id: OrderId) -> OrderPlaced:
    return OrderPlaced(
        **{name: getattr(placed, name) for name in placed.__struct_fields__} | {"order_id": order_id}
    )
