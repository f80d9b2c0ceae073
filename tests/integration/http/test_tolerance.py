"""What Kalshi's clients send and this exchange has no use for is passed over by name; nothing else is."""

import pytest

from tests.integration.http.world import BASE, ORDERS, Person, World, error


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/portfolio/orders", {"subaccount": 0, "use_dollars": "true"}),
        ("/portfolio/positions", {"settlement_status": "unsettled", "subaccount": 3, "exchange_index": 0}),
        ("/portfolio/fills", {"subaccount": 0}),
        ("/portfolio/settlements", {"subaccount": 0}),
        ("/portfolio/balance", {"subaccount": 0}),
        ("/portfolio/orders/queue_positions", {"subaccount": 0}),
        ("/portfolio/order_groups", {"subaccount": 0}),
        ("/portfolio/summary/total_resting_order_value", {"exchange_index": 0}),
        ("/series", {"limit": 5, "include_volume": "true"}),
        ("/markets/FED-CUT/orderbook", {"depth": 3, "use_dollars": "true"}),
        ("/events", {"with_nested_markets": "True"}),
        ("/events", {"with_nested_markets": "False"}),
    ],
)
async def test_parameters_without_a_meaning_here_are_passed_over(
    world: World, market: str, ann: Person, path: str, query: dict[str, object]
) -> None:
    answer = await world.send(ann, "GET", f"{BASE}{path}", query=query)
    assert answer.status_code == 200, answer.text
    unknown = await world.send(ann, "GET", f"{BASE}{path}", query=query | {"leverage": 3})
    assert error(unknown) == (400, "unknown_parameter")


async def test_an_order_with_nulls_and_fields_without_a_meaning_here_is_taken(
    world: World, market: str, ann: Person
) -> None:
    placed = await world.place(
        ann,
        subaccount=0,
        sell_position_capped=True,
        client_order_id=None,
        type=None,
        no_price=None,
        post_only=None,
        stop_price=None,
        time_in_force=None,
        order_group_id=None,
    )
    assert placed.status_code == 201, placed.text
    assert error(await world.place(ann, side=None)) == (400, "invalid_field")
    assert error(await world.place(ann, leverage=None)) == (400, "unknown_field")
    path = f"{ORDERS}/{placed.json()['order']['order_id']}"
    smaller = await world.send(
        ann, "POST", f"{path}/decrease", body={"reduce_by": 1, "reduce_to": None, "subaccount": 0}
    )
    assert smaller.status_code == 200, smaller.text
    gone = await world.send(ann, "DELETE", path, query={"subaccount": 0})
    assert gone.status_code == 200, gone.text


@pytest.mark.parametrize("route", ["orders", "events/orders"])
async def test_orders_of_a_batch_are_canceled_whichever_way_they_are_listed(
    world: World, market: str, ann: Person, route: str
) -> None:
    ids = [(await world.place(ann)).json()["order"]["order_id"] for _ in range(2)]
    path = f"{BASE}/portfolio/{route}/batched"
    neither = await world.send(ann, "DELETE", path, body={})
    assert error(neither) == (400, "invalid_field")
    both = await world.send(ann, "DELETE", path, body={"ids": ids, "orders": [{"order_id": ids[0]}]})
    assert error(both) == (400, "invalid_field")
    first = await world.send(ann, "DELETE", path, body={"ids": ids[:1]})
    second = await world.send(
        ann, "DELETE", path, body={"orders": [{"order_id": ids[1], "subaccount": 0, "exchange_index": 0}]}
    )
    for answer, order_id in zip((first, second), ids, strict=True):
        (item,) = answer.json()["orders"]
        assert (item["order_id"], "error" in item) == (order_id, False)
