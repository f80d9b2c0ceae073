from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import orjson
import pytest

from adapters.event_schemas.codec import JsonCodec
from adapters.event_schemas.order_placed import order_placed_1_to_2, order_placed_2_to_3
from adapters.event_schemas.upcasters import upcast
from adapters.event_stores.memory import MemoryEventStore
from application.ports.codec import UnreadableEvent
from application.ports.event_store import NO_STREAM, NewEvent
from domain.decider import execute
from domain.market.aggregate import MARKET
from domain.market.commands import PlaceOrder
from domain.market.events import MarketActivated, OrderPlaced, TradeExecuted
from domain.market.state import MarketState
from domain.market.vocabulary import Action, OrderType, Side, TimeInForce
from tests.unit.event_schemas.events import CAUSE, EVENT_ID, EXAMPLES, golden, stored

CODEC = JsonCodec()

V1 = {"trader_id": "abc", "price": 0.65, "quantity": 10, "side": "buy"}
V2 = {"trader_id": "abc", "order_type": "limit", "terms": {"price": 0.65, "quantity": 10}, "side": "buy"}


def read(content: object, version: int | None = 1) -> OrderPlaced:
    event = CODEC.decode(stored("OrderPlaced", content, version=version)).event
    assert isinstance(event, OrderPlaced)
    return event


def test_version_1_becomes_version_2_as_the_exercise_writes_it() -> None:
    assert order_placed_1_to_2(V1, EVENT_ID) == V2
    assert list(order_placed_1_to_2(V1, EVENT_ID)) == list(V2)


def test_upcasting_changes_nothing_in_what_it_is_given() -> None:
    before = dict(V1)
    order_placed_1_to_2(V1, EVENT_ID)
    assert before == V1


def test_upcasting_to_version_2_again_changes_nothing() -> None:
    assert order_placed_1_to_2(V2, EVENT_ID) == V2
    assert order_placed_1_to_2(order_placed_1_to_2(V1, EVENT_ID), EVENT_ID) == V2


def test_upcasting_to_version_3_again_changes_nothing() -> None:
    once = order_placed_2_to_3(V2, EVENT_ID)
    assert order_placed_2_to_3(once, EVENT_ID) == once
    assert upcast("OrderPlaced", 1, once, EVENT_ID) == once


def test_steps_are_taken_in_order_from_the_version_an_event_is_in() -> None:
    def step(name: str) -> Any:
        return lambda payload, _event_id: {"path": payload["path"] + name}

    chain = {("It", 1): step("a"), ("It", 2): step("b"), ("It", 3): step("c"), ("Other", 1): step("x")}
    assert upcast("It", 1, {"path": ""}, EVENT_ID, chain) == {"path": "abc"}
    assert upcast("It", 3, {"path": ""}, EVENT_ID, chain) == {"path": "c"}
    assert upcast("It", 4, {"path": ""}, EVENT_ID, chain) == {"path": ""}


def test_an_order_of_old_is_named_after_the_event_that_placed_it() -> None:
    other = UUID("4fa07d4c-2e95-5172-9e70-9f1d6b5c8004")
    assert order_placed_2_to_3(V2, EVENT_ID)["order_id"] == str(EVENT_ID)
    assert order_placed_2_to_3(V2, other)["order_id"] == str(other)


@pytest.mark.parametrize(
    ("price", "ticks"), [("0.0001", 1), ("0.07", 700), ("0.1", 1_000), ("0.29", 2_900), ("0.9999", 9_999)]
)
def test_every_price_becomes_its_exact_ticks(price: str, ticks: int) -> None:
    data = b'{"trader_id":"abc","price":%s,"quantity":1,"side":"buy"}' % price.encode()
    assert read(data).terms.price_ticks == ticks
    assert order_placed_2_to_3(V2 | {"terms": {"price": float(price), "quantity": 1}}, EVENT_ID)["terms"] == {
        "price_ticks": ticks,
        "quantity": 100,
    }


def test_all_prices_survive_as_the_decimals_they_were_written_as() -> None:
    ticks = [
        read(b'{"trader_id":"a","price":0.%04d,"quantity":1,"side":"sell"}' % n).terms.price_ticks
        for n in range(1, 10_000, 7)
    ]
    assert ticks == list(range(1, 10_000, 7))


def test_a_fraction_of_a_contract_becomes_hundredths() -> None:
    order = read(V1 | {"quantity": 12.34})
    assert order.terms.quantity == order.rests == 1_234
    assert order.reserved == 6_500 * 1_234


def test_the_largest_order_of_old_is_read() -> None:
    assert read(V1 | {"quantity": 10**9}).terms.quantity == 10**11


def test_a_sell_holds_no_money() -> None:
    order = read(V1 | {"side": "sell"})
    assert (order.action, order.side, order.reserved) == (Action.SELL, Side.YES, 0)


def test_order_types_of_version_2_keep_their_meaning() -> None:
    market = read(V2 | {"order_type": "market"}, 2)
    assert (market.order_type, market.rests) == (OrderType.MARKET, 0)
    assert market.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL
    stop = read(V2 | {"order_type": "stop"}, 2)
    assert (stop.order_type, stop.rests, stop.stop_price_ticks) == (OrderType.STOP, 0, 6_500)


def test_an_order_type_that_is_left_out_is_limit() -> None:
    content = {key: value for key, value in V2.items() if key != "order_type"}
    assert read(content, 2).order_type is OrderType.LIMIT


def test_an_event_without_a_version_is_read_in_the_form_it_has() -> None:
    assert read(V1, None) == read(V2, None) == read(V1, 1)
    present = golden("OrderPlaced", 3)
    assert read(present, None) == read(present, 3) == EXAMPLES["OrderPlaced"]


def test_an_event_brought_up_in_place_is_read_as_what_it_is() -> None:
    assert read(V2, 1) == read(V2, 2)


@pytest.mark.parametrize(
    "content",
    [
        V1 | {"price": 0.65001},
        V1 | {"price": 0},
        V1 | {"price": 1},
        V1 | {"price": 1.5},
        V1 | {"price": "0.65"},
        V1 | {"price": None},
        V1 | {"quantity": 0},
        V1 | {"quantity": -10},
        V1 | {"quantity": 0.001},
        V1 | {"quantity": True},
        V1 | {"quantity": 10**12},
        V1 | {"quantity": 10**9 + 1},
        V1 | {"side": "yes"},
        V1 | {"trader_id": ""},
        V1 | {"trader_id": 7},
        V1 | {"fee": 1},
        {key: value for key, value in V1.items() if key != "price"},
        [],
        7,
    ],
)
def test_a_bad_event_of_version_1_is_refused(content: object) -> None:
    with pytest.raises(UnreadableEvent, match="revision 4, OrderPlaced"):
        read(content, 1)


@pytest.mark.parametrize(
    "price", [b"NaN", b"Infinity", b"1e-999999999", b"0.6500000000000000000000000000001"]
)
def test_a_number_that_is_no_price_is_refused(price: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        read(b'{"trader_id":"abc","price":%s,"quantity":10,"side":"buy"}' % price)


def test_a_price_is_refused_rather_than_rounded() -> None:
    with pytest.raises(ValueError, match="too many decimal places"):
        order_placed_2_to_3(V2 | {"terms": {"price": Decimal("0.65001"), "quantity": 10}}, EVENT_ID)


async def legacy_log() -> MemoryEventStore:
    """Return a log whose orders were written in version 1."""
    store = MemoryEventStore()
    opening = [
        CODEC.encode(event, UUID(int=number), CAUSE)
        for number, event in enumerate([EXAMPLES["MarketCreated"], MarketActivated()], 1)
    ]
    orders = [
        V1,
        V1 | {"trader_id": "xyz", "price": 0.6, "quantity": 5},
        V1 | {"trader_id": "abc", "price": 0.7, "quantity": 2.5, "side": "sell"},
    ]
    placed = [
        NewEvent(id=UUID(int=number), type="OrderPlaced", data=orjson.dumps(order))
        for number, order in enumerate(orders, 3)
    ]
    await store.append("market-OLD", [*opening, *placed], expected=NO_STREAM)
    return store


async def replayed(store: MemoryEventStore) -> MarketState:
    state = MARKET.initial()
    async for page in store.read_stream("market-OLD"):
        for recorded in page:
            MARKET.evolve(state, CODEC.decode(recorded).event)
    return state


async def test_a_log_that_holds_events_of_version_1_replays() -> None:
    state = await replayed(await legacy_log())
    assert state.revision == 4
    assert state.book.depth(Side.YES) == [(6_500, 1_000), (6_000, 500)]
    assert state.book.depth(Side.NO) == [(3_000, 250)]
    assert [order.account_id for order in state.orders.values()] == ["abc", "xyz", "abc"]
    assert state.orders[str(UUID(int=3))].reserved == 6_500_000


async def test_replaying_a_log_of_version_1_twice_gives_the_same_market() -> None:
    store = await legacy_log()
    assert (await replayed(store)).digest() == (await replayed(store)).digest()


async def test_trading_goes_on_against_orders_of_version_1() -> None:
    state = await replayed(await legacy_log())
    sale = PlaceOrder(
        order_id="new", account_id="bob", side=Side.NO, action=Action.BUY, quantity=1_200, price_ticks=4_000,
        reserved=10**9,
    )  # fmt: skip
    events, refused = execute(MARKET, state, sale, now_us=1)
    assert refused is None
    trades = [event for event in events if isinstance(event, TradeExecuted)]
    assert [(trade.maker.account_id, trade.price_ticks, trade.quantity) for trade in trades] == [
        ("abc", 6_500, 1_000),
        ("xyz", 6_000, 200),
    ]
    assert all(later.trade_id != earlier.trade_id for earlier, later in pairwise(trades))
