"""Orders over HTTP, from placing to the last cent."""

from tests.integration.http.world import ADMIN, BASE, ORDERS, Person, World, error


async def test_an_order_that_rests_is_told_in_both_generations_of_fields(
    world: World, market: str, ann: Person
) -> None:
    answer = await world.place(ann, client_order_id="one", yes_price=..., yes_price_dollars="0.42")
    assert answer.status_code == 201
    order = answer.json()["order"]
    assert order["status"] == "resting"
    assert (order["yes_price"], order["no_price"]) == (42, 58)
    assert (order["yes_price_dollars"], order["no_price_dollars"]) == ("0.4200", "0.5800")
    assert (order["initial_count"], order["remaining_count"], order["fill_count"]) == (10, 10, 0)
    assert (order["initial_count_fp"], order["remaining_count_fp"]) == ("10.00", "10.00")
    assert (order["user_id"], order["client_order_id"]) == ("ann", "one")


async def test_the_answer_to_a_new_order_is_what_is_read_later(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    await world.place(ann, side="no", no_price=58, yes_price=...)
    for more in (
        {"count": 15, "expiration_ts": 4_000_000_000, "client_order_id": "a"},
        {"time_in_force": "immediate_or_cancel", "client_order_id": "b"},
        {"type": "stop", "stop_price": 60, "post_only": False, "cancel_order_on_pause": True},
        {"type": "stop", "stop_price": 60, "yes_price": ...},
    ):
        told = (await world.place(bob, **more)).json()["order"]
        read = (await world.send(bob, "GET", f"{ORDERS}/{told['order_id']}")).json()["order"]
        assert told == read


async def test_the_balance_shows_what_a_cancel_set_free(world: World, market: str, ann: Person) -> None:
    path = f"{BASE}/portfolio/balance"
    before = (await world.send(ann, "GET", path)).json()["balance_dollars"]
    for _ in range(20):
        order = (await world.place(ann)).json()["order"]
        canceled = await world.send(ann, "DELETE", f"{ORDERS}/{order['order_id']}")
        assert canceled.status_code == 200
        assert (await world.send(ann, "GET", path)).json()["balance_dollars"] == before


async def test_an_amended_order_answers_to_both_of_its_client_ids_and_its_fills_to_the_one_they_had(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    order = (await world.place(ann, client_order_id="first", count=10, yes_price=40)).json()["order"]
    await world.place(bob, side="no", no_price=60, yes_price=..., count=2)
    path = f"{ORDERS}/{order['order_id']}/amend"
    amendment = {"client_order_id": "first", "updated_client_order_id": "second", "count": 8}
    told = [(await world.send(ann, "POST", path, body=amendment)) for _ in range(2)]
    assert [each.status_code for each in told] == [200, 200]
    assert [each.json()["order"]["client_order_id"] for each in told] == ["second", "second"]
    assert [each.json()["order"]["remaining_count"] for each in told] == [6, 6]
    await world.place(bob, side="no", no_price=60, yes_price=..., count=1)
    fills = (await world.send(ann, "GET", f"{BASE}/portfolio/fills")).json()["fills"]
    assert [fill["client_order_id"] for fill in fills] == ["second", "first"]


async def test_two_orders_meet_and_everybody_sees_it(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    await world.place(ann)
    taken = await world.place(bob, side="no", count=4, yes_price=..., no_price=58)
    order = taken.json()["order"]
    assert (order["status"], order["fill_count"]) == ("executed", 4)
    assert (order["taker_fill_cost"], order["taker_fill_cost_dollars"]) == (232, "2.3200")

    position = {"X-Presage-Min-Position": taken.headers["X-Presage-Position"]}
    trades = (await world.send(None, "GET", f"{BASE}/markets/trades", headers=position)).json()["trades"]
    assert [(t["count"], t["yes_price"], t["taker_side"], t["kind"]) for t in trades] == [
        (4, 42, "no", "mint")
    ]
    book = (await world.send(None, "GET", f"{BASE}/markets/{market}/orderbook")).json()
    assert book["orderbook"]["yes"] == [[42, 6]]
    assert book["orderbook"]["no"] == []
    assert book["orderbook_fp"] == {"yes_dollars": [["0.4200", "6.00"]], "no_dollars": []}
    for person, held in ((ann, 4), (bob, -4)):
        await world.presage.exchange.settled()
        fills = (await world.send(person, "GET", f"{BASE}/portfolio/fills")).json()["fills"]
        assert [fill["count"] for fill in fills] == [4]
        positions = (await world.send(person, "GET", f"{BASE}/portfolio/positions")).json()
        assert [position["position"] for position in positions["market_positions"]] == [held]


async def test_money_is_reserved_spent_and_paid_back_to_the_cent(
    world: World, market: str, operator: Person, ann: Person, bob: Person
) -> None:
    await world.place(ann)
    await world.place(bob, side="no", count=4, yes_price=..., no_price=58)
    await world.send(operator, "POST", f"{ADMIN}/markets/{market}/resolve", body={"result": "yes"})
    await world.presage.exchange.settled()
    head = {"X-Presage-Min-Position": str(await world.presage.store.head())}
    balances = {
        person.account_id: (await world.send(person, "GET", f"{BASE}/portfolio/balance", headers=head)).json()
        for person in (ann, bob)
    }
    assert balances["ann"]["balance"] == 100_000 + 4 * 58
    assert balances["bob"]["balance"] == 100_000 - 4 * 58
    assert balances["ann"]["reserved_microdollars"] == 0
    settled = (await world.send(ann, "GET", f"{BASE}/portfolio/settlements")).json()["settlements"]
    assert [(s["market_result"], s["yes_count"], s["revenue"]) for s in settled] == [("yes", 4, 400)]


async def test_an_account_sees_at_once_what_it_wrote(world: World, market: str, ann: Person) -> None:
    for _ in range(20):
        order_id = (await world.place(ann)).json()["order"]["order_id"]
        listed = (await world.send(ann, "GET", ORDERS, query={"status": "resting"})).json()["orders"]
        assert order_id in [order["order_id"] for order in listed]
        canceled = await world.send(ann, "DELETE", f"{ORDERS}/{order_id}")
        assert canceled.status_code == 200
        assert canceled.json()["order"]["status"] == "canceled"
        assert canceled.json()["order"]["end_reason"] == "requested"
        assert canceled.json()["reduced_by"] == 10


async def test_the_same_request_again_gets_the_first_order(world: World, market: str, ann: Person) -> None:
    first = await world.place(ann, client_order_id="once")
    for _ in range(3):
        again = await world.place(ann, client_order_id="once")
        assert again.status_code == 201
        assert again.json()["order"]["order_id"] == first.json()["order"]["order_id"]
    await world.send(ann, "DELETE", f"{ORDERS}/{first.json()['order']['order_id']}")
    late = await world.place(ann, client_order_id="once")
    assert late.json()["order"]["status"] == "canceled"
    assert error(await world.place(ann, client_order_id="once", count=11)) == (
        409,
        "duplicate_client_order_id",
    )


async def test_another_accounts_client_order_id_is_nobody_elses_business(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    first = await world.place(ann, client_order_id="once")
    other = await world.place(bob, client_order_id="once", count=3)
    assert other.status_code == 201
    assert other.json()["order"]["order_id"] != first.json()["order"]["order_id"]


async def test_an_order_is_amended_and_decreased(world: World, market: str, ann: Person) -> None:
    order_id = (await world.place(ann, client_order_id="a")).json()["order"]["order_id"]
    body = {"ticker": market, "side": "yes", "action": "buy", "client_order_id": "a"}
    amended = await world.send(
        ann,
        "POST",
        f"{ORDERS}/{order_id}/amend",
        body=body | {"updated_client_order_id": "b", "yes_price": 43, "count": 12},
    )
    assert amended.status_code == 200, amended.text
    old, new = amended.json()["old_order"], amended.json()["order"]
    assert (old["yes_price"], old["remaining_count"]) == (42, 10)
    assert (new["yes_price"], new["remaining_count"], new["client_order_id"]) == (43, 12, "b")

    by = await world.send(ann, "POST", f"{ORDERS}/{order_id}/decrease", body={"reduce_by": 5})
    assert by.json()["order"]["remaining_count"] == 7
    to = await world.send(ann, "POST", f"{ORDERS}/{order_id}/decrease", body={"reduce_to_fp": "2.50"})
    assert to.json()["order"]["remaining_count_fp"] == "2.50"
    gone = await world.send(ann, "POST", f"{ORDERS}/{order_id}/decrease", body={"reduce_to": 0})
    assert gone.json()["order"]["status"] == "canceled"
    sizes = gone.json()["order"]
    parts = ("fill", "remaining", "canceled", "lapsed", "voided")
    assert sum(float(sizes[f"{part}_count_fp"]) for part in parts) == float(sizes["initial_count_fp"])


async def test_a_batch_has_an_answer_for_each_item(world: World, market: str, ann: Person) -> None:
    good = {"ticker": market, "side": "yes", "action": "buy", "count": 1, "yes_price": 10}
    items = [
        good | {"client_order_id": "a"},
        good | {"client_order_id": "b", "yes_price": 10.5},
        good | {"client_order_id": "c", "ticker": "NONE"},
        good | {"client_order_id": "d", "count": 10**9, "yes_price": 99},
        "order",
        good | {"client_order_id": "e"},
    ]
    answer = await world.send(ann, "POST", f"{ORDERS}/batched", body={"orders": items})
    assert answer.status_code == 201
    told = [
        (
            item["client_order_id"],
            item["order"] and item["order"]["status"],
            item.get("error", {}).get("code"),
        )
        for item in answer.json()["orders"]
    ]
    assert told == [
        ("a", "resting", None),
        ("b", None, "invalid_field"),
        ("c", None, "market_not_found"),
        ("d", None, "insufficient_funds"),
        (None, None, "invalid_field"),
        ("e", "resting", None),
    ]
    ids = [item["order"]["order_id"] for item in answer.json()["orders"] if item["order"]]
    canceled = await world.send(ann, "DELETE", f"{ORDERS}/batched", body={"ids": [ids[0], "none", ids[1]]})
    assert canceled.status_code == 200
    assert [
        (c["order_id"], c["reduced_by"], c.get("error", {}).get("code")) for c in canceled.json()["orders"]
    ] == [
        (ids[0], 1, None),
        ("none", 0, "order_not_found"),
        (ids[1], 1, None),
    ]
    again = await world.send(ann, "DELETE", f"{ORDERS}/batched", body={"ids": ids})
    assert [c["error"]["code"] for c in again.json()["orders"]] == ["order_not_open"] * 2


async def test_everything_is_canceled_at_once(
    world: World, market: str, operator: Person, ann: Person
) -> None:
    await world.market(operator, "OTHER")
    for ticker in (market, "OTHER", "OTHER"):
        await world.place(ann, ticker=ticker)
    assert (await world.send(ann, "DELETE", ORDERS, query={"ticker": "OTHER"})).json() == {"canceled": 2}
    assert (await world.send(ann, "DELETE", ORDERS)).json() == {"canceled": 1}
    listed = (await world.send(ann, "GET", ORDERS)).json()["orders"]
    assert [order["status"] for order in listed] == ["canceled"] * 3
    missing = await world.send(ann, "DELETE", ORDERS, query={"ticker": "NONE"})
    assert error(missing) == (404, "market_not_found")


async def test_queue_positions_count_what_stands_before(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    await world.place(ann, yes_price=43, count=5)
    await world.place(ann)
    order_id = (await world.place(bob)).json()["order"]["order_id"]
    one = await world.send(bob, "GET", f"{ORDERS}/{order_id}/queue_position")
    assert one.json() == {"queue_position": 15, "queue_position_fp": "15.00"}
    every = await world.send(bob, "GET", f"{ORDERS}/queue_positions", query={"market_tickers": market})
    assert [(q["order_id"], q["queue_position"]) for q in every.json()["queue_positions"]] == [(order_id, 15)]


async def test_order_groups_and_the_orders_in_one_come_in_pages(
    world: World, market: str, ann: Person
) -> None:
    groups = f"{BASE}/portfolio/order_groups"
    names = []
    for limit in (5, 6, 7):
        made = await world.send(ann, "POST", f"{groups}/create", body={"contracts_limit": limit})
        names.append(made.json()["order_group_id"])
    first = (await world.send(ann, "GET", groups, query={"limit": 2})).json()
    rest = (await world.send(ann, "GET", groups, query={"limit": 2, "cursor": first["cursor"]})).json()
    assert [group["id"] for page in (first, rest) for group in page["order_groups"]] == names
    assert (len(first["order_groups"]), rest["cursor"]) == (2, "")
    everything = (await world.send(ann, "GET", groups)).json()
    assert (len(everything["order_groups"]), everything["cursor"]) == (3, "")
    placed = [
        (await world.place(ann, order_group_id=names[0], count=1)).json()["order"]["order_id"]
        for _ in range(3)
    ]
    first = (await world.send(ann, "GET", f"{groups}/{names[0]}", query={"limit": 2})).json()
    more = {"limit": 2, "cursor": first["cursor"]}
    rest = (await world.send(ann, "GET", f"{groups}/{names[0]}", query=more)).json()
    assert (first["orders"], rest["orders"], rest["cursor"]) == (placed[:0:-1], placed[:1], "")
    for query in ({"limit": 1_001}, {"limit": 0}, {"cursor": "x"}):
        assert error(await world.send(ann, "GET", groups, query=query))[0] == 400


async def test_an_order_group_takes_its_orders_off_when_it_has_filled(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    groups = f"{BASE}/portfolio/order_groups"
    made = await world.send(ann, "POST", f"{groups}/create", body={"contracts_limit": 5})
    assert made.status_code == 201
    group = made.json()["order_group_id"]
    order_id = (await world.place(ann, order_group_id=group)).json()["order"]["order_id"]
    told = (await world.send(ann, "GET", f"{groups}/{group}")).json()
    assert (told["is_auto_cancel_enabled"], told["orders"]) == (True, [order_id])
    await world.place(bob, side="no", yes_price=..., no_price=58, count=6)
    await world.presage.exchange.settled()
    head = {"X-Presage-Min-Position": str(await world.presage.store.head())}
    order = (await world.send(ann, "GET", f"{ORDERS}/{order_id}", headers=head)).json()["order"]
    assert (order["status"], order["end_reason"]) == ("canceled", "order_group_triggered")
    assert error(await world.place(ann, order_group_id=group)) == (422, "order_group_triggered")
    assert (await world.send(ann, "PUT", f"{groups}/{group}/reset", body={})).status_code == 200
    assert (
        await world.send(ann, "PUT", f"{groups}/{group}/limit", body={"contracts_limit": 9})
    ).status_code == 200
    assert (await world.place(ann, order_group_id=group)).status_code == 201
    assert (await world.send(ann, "PUT", f"{groups}/{group}/trigger")).status_code == 200
    assert len((await world.send(ann, "GET", groups)).json()["order_groups"]) == 1
    assert (await world.send(ann, "DELETE", f"{groups}/{group}")).status_code == 200
    assert error(await world.send(ann, "GET", f"{groups}/{group}")) == (404, "order_group_not_found")
