"""Bids and asks on the one book: the order routes that newer clients write to."""

from typing import Any

import httpx
import pytest

from domain.quantities import Money
from tests.integration.http.world import BASE, ORDERS, Person, World, error

EVENT_ORDERS = f"{BASE}/portfolio/events/orders"


async def order(world: World, person: Person, side: str, price: str, count: str, **more: Any) -> Any:
    """Place a bid or an ask and return what is said of it."""
    answer = await sent(world, person, side=side, price=price, count=count, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def sent(world: World, person: Person, **fields: Any) -> httpx.Response:
    body = {
        "ticker": "FED-CUT",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
    }
    return await world.send(person, "POST", EVENT_ORDERS, body=body | fields)


async def told(world: World, person: Person, order_id: str) -> Any:
    return (await world.send(person, "GET", f"{ORDERS}/{order_id}")).json()["order"]


async def test_a_bid_buys_yes_and_an_ask_without_shares_buys_no(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    bid = await order(world, ann, "bid", "0.4200", "10.00", client_order_id="one", subaccount=0)
    assert (bid["fill_count"], bid["remaining_count"], bid["client_order_id"]) == ("0.00", "10.00", "one")
    assert "average_fill_price" not in bid
    ask = await order(world, bob, "ask", "0.4000", "4.00")
    assert (ask["fill_count"], ask["remaining_count"]) == ("4.00", "0.00")
    assert ask["average_fill_price"] == "0.4200"
    bought, short = await told(world, ann, bid["order_id"]), await told(world, bob, ask["order_id"])
    assert [(it["side"], it["action"], it["book_side"], it["outcome_side"]) for it in (bought, short)] == [
        ("yes", "buy", "bid", "yes"),
        ("no", "buy", "ask", "no"),
    ]
    assert (short["yes_price_dollars"], short["no_price_dollars"]) == ("0.4000", "0.6000")
    again = await order(world, ann, "bid", "0.4200", "10.00", client_order_id="one")
    assert (again["order_id"], again["fill_count"]) == (bid["order_id"], "4.00")


async def test_an_ask_sells_the_shares_that_are_held_and_free_if_they_suffice(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    await order(world, bob, "ask", "0.4000", "10.00")
    await order(world, ann, "bid", "0.4000", "10.00")
    sold = await order(world, ann, "ask", "0.7000", "6.00")
    beyond = await order(world, ann, "ask", "0.7100", "6.00")
    assert [
        (it["side"], it["action"], it["yes_price_dollars"])
        for it in (await told(world, ann, sold["order_id"]), await told(world, ann, beyond["order_id"]))
    ] == [("yes", "sell", "0.7000"), ("no", "buy", "0.7100")]


async def test_of_asks_sent_at_once_one_sells_and_the_other_goes_short(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    await order(world, bob, "ask", "0.4000", "10.00")
    await order(world, ann, "bid", "0.4000", "10.00")
    asks = [{"ticker": "FED-CUT", "side": "ask", "price": "0.7", "count": "10"} for _ in range(2)]
    made = await world.send(ann, "POST", f"{EVENT_ORDERS}/batched", body={"orders": asks})
    assert made.status_code == 201
    placed = [await told(world, ann, item["order_id"]) for item in made.json()["orders"]]
    assert sorted((it["side"], it["action"]) for it in placed) == [("no", "buy"), ("yes", "sell")]


async def test_a_bid_closes_a_short_position_without_further_money(
    world: World, market: str, ann: Person, operator: Person
) -> None:
    poor = await world.person("carl", dollars=6, pair=2)
    await order(world, ann, "bid", "0.4000", "10.00")
    await order(world, poor, "ask", "0.4000", "10.00")
    await order(world, ann, "ask", "0.3000", "10.00")
    closing = await order(world, poor, "bid", "0.3000", "10.00")
    assert closing["fill_count"] == "10.00"
    kept = await told(world, poor, closing["order_id"])
    assert (kept["side"], kept["action"], kept["book_side"]) == ("no", "sell", "bid")


@pytest.mark.parametrize("floor", [{"reduce_only": True}, {"sell_position_floor": 0}])
async def test_a_sale_beyond_what_is_held_goes_short_unless_it_may_only_reduce(
    world: World, market: str, ann: Person, floor: dict[str, Any]
) -> None:
    short = (await world.place(ann, action="sell", yes_price=..., yes_price_dollars="0.42")).json()["order"]
    assert (short["side"], short["action"], short["no_price_dollars"]) == ("no", "buy", "0.5800")
    assert error(await world.place(ann, action="sell", **floor)) == (422, "reduce_only")


async def test_a_stop_that_goes_short_says_at_which_price_of_its_own_side(
    world: World, market: str, ann: Person
) -> None:
    made = await world.place(ann, action="sell", type="stop", stop_price=40, yes_price=38)
    order = made.json()["order"]
    assert (order["side"], order["action"], order["stop_price_dollars"]) == ("no", "buy", "0.6000")
    assert (await told(world, ann, order["order_id"]))["stop_price_dollars"] == "0.6000"


async def test_a_bid_is_amended_decreased_and_canceled(world: World, market: str, ann: Person) -> None:
    ask = await order(world, ann, "ask", "0.5000", "10.00")
    path = f"{EVENT_ORDERS}/{ask['order_id']}"
    change = {"ticker": "FED-CUT", "side": "ask", "price": "0.5500", "count": "12.00"}
    amended = await world.send(ann, "POST", f"{path}/amend", body=change, query={"subaccount": 0})
    assert amended.status_code == 200, amended.text
    assert amended.json()["remaining_count"] == "12.00"
    assert (await told(world, ann, ask["order_id"]))["yes_price_dollars"] == "0.5500"
    other = await world.send(ann, "POST", f"{path}/amend", body=change | {"side": "bid"})
    assert error(other) == (422, "invalid_order")
    nothing = await world.send(ann, "POST", f"{path}/amend", body={"side": "ask"})
    assert error(nothing) == (400, "missing_field")
    smaller = await world.send(ann, "POST", f"{path}/decrease", body={"reduce_by": "2.00"})
    assert smaller.json()["remaining_count"] == "10.00"
    gone = await world.send(ann, "DELETE", path)
    assert gone.json()["reduced_by"] == "10.00"
    assert error(await world.send(ann, "DELETE", path)) == (409, "order_not_open")


async def test_a_batch_answers_item_by_item(world: World, market: str, ann: Person) -> None:
    orders = [
        {"ticker": "FED-CUT", "side": "bid", "price": "0.1", "count": "1", "client_order_id": "a"},
        {"ticker": "NONE", "side": "bid", "price": "0.1", "count": "1", "client_order_id": "b"},
        {"ticker": "FED-CUT", "side": "yes", "price": "0.1", "count": "1", "client_order_id": "c"},
    ]
    made = (await world.send(ann, "POST", f"{EVENT_ORDERS}/batched", body={"orders": orders})).json()
    assert [item["client_order_id"] for item in made["orders"]] == ["a", "b", "c"]
    assert [item.get("error", {}).get("code") for item in made["orders"]] == [
        None,
        "market_not_found",
        "invalid_field",
    ]
    wanted = [{"order_id": made["orders"][0]["order_id"]}, {"order_id": "nothing"}]
    gone = (await world.send(ann, "DELETE", f"{EVENT_ORDERS}/batched", body={"orders": wanted})).json()
    assert [(item["reduced_by"], "error" in item) for item in gone["orders"]] == [
        ("1.00", False),
        ("0.00", True),
    ]


async def test_markets_fills_and_trades_say_what_newer_clients_require(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    await order(world, ann, "bid", "0.4200", "10.00")
    await order(world, bob, "ask", "0.4200", "4.00")
    await order(world, bob, "ask", "0.6000", "3.00")
    (fill,) = (await world.send(bob, "GET", f"{BASE}/portfolio/fills")).json()["fills"]
    assert (fill["book_side"], fill["outcome_side"], fill["exchange_index"]) == ("ask", "no", 0)
    listed = (await world.send(None, "GET", f"{BASE}/markets")).json()["markets"][0]
    assert (listed["yes_bid_size_fp"], listed["yes_ask_size_fp"]) == ("6.00", "3.00")
    assert (listed["no_bid_size_fp"], listed["no_ask_size_fp"]) == ("3.00", "6.00")
    assert listed["fractional_trading_enabled"] is True
    assert listed["updated_time"] >= listed["created_time"]
    (trade,) = (await world.send(None, "GET", f"{BASE}/markets/trades")).json()["trades"]
    assert (trade["taker_book_side"], trade["taker_outcome_side"], trade["is_block_trade"]) == (
        "ask",
        "no",
        False,
    )
    limits = (await world.send(ann, "GET", f"{BASE}/account/limits")).json()
    assert limits["read"] == limits["write"] == {"bucket_capacity": 5_000, "refill_rate": 500}


async def test_all_orders_are_taken_off_with_one_request(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    quotes = (("bid", "0.10"), ("ask", "0.90"))
    mine = [await order(world, ann, side, price, "1.00") for side, price in quotes]
    other = await order(world, bob, "bid", "0.10", "1.00")
    answer = await world.send(ann, "DELETE", EVENT_ORDERS, query={"subaccount": 0})
    assert answer.json()["canceled"] == 2
    assert {(await told(world, ann, each["order_id"]))["status"] for each in mine} == {"canceled"}
    assert (await told(world, bob, other["order_id"]))["status"] == "resting"


@pytest.mark.more
async def test_a_market_makers_two_hundred_cycles_of_bids_and_asks_end_with_no_pairs(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    cat = await world.person("cat")
    for taker in (bob, cat):
        await world.presage.exchange.operations.deposit(
            taker.account_id, Money(2_000_000_000), taker.account_id
        )
    before = (await world.send(ann, "GET", f"{BASE}/portfolio/balance")).json()["cash_microdollars"]
    for cycle in range(200):
        # Every other time the ask comes first: it buys no, and the bid then closes that.
        quotes = [("bid", "0.4900"), ("ask", "0.5100")][:: 1 if cycle % 2 else -1]
        body = {"orders": [quote(side, price) for side, price in quotes]}
        made = await world.send(ann, "POST", f"{EVENT_ORDERS}/batched", body=body)
        assert [item["remaining_count"] for item in made.json()["orders"]] == ["10.00", "10.00"]
        for person, side, price in ((bob, "ask", "0.4900"), (cat, "bid", "0.5100")):
            assert (await order(world, person, side, price, "10.00"))["fill_count"] == "10.00"
    state = await world.presage.exchange.directory.find_market(market)
    assert state is not None
    assert [account for account, held in state.positions.items() if held.pairs] == []
    assert (ann.account_id in state.positions, state.paired) == (True, {})
    await world.presage.exchange.settled()
    cash = (await world.send(ann, "GET", f"{BASE}/portfolio/balance")).json()["cash_microdollars"]
    assert cash - before == 200 * 10 * 20_000  # two cents a contract, nothing of it locked away


def quote(side: str, price: str) -> dict[str, str]:
    return {
        "ticker": "FED-CUT",
        "side": side,
        "price": price,
        "count": "10.00",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
    }
