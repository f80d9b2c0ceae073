"""How much an account may have: what is beyond is refused by name, and what goes makes room again."""

from pathlib import Path

import httpx
import pytest

from tests.integration.http.world import BASE, ORDERS, Person, a_world, error

PORTFOLIO = f"{BASE}/portfolio"

TOO_MANY = (422, "too_many_open_orders")


@pytest.mark.parametrize("newer", [False, True], ids=["an order", "an order as bids and asks"])
async def test_open_orders_of_all_markets_together_have_a_bound(tmp_path: Path, *, newer: bool) -> None:
    async with a_world(tmp_path, open_orders_in_all_max=3, open_orders_max=2) as world:
        operator = await world.operator()
        ann = await world.person("ann", dollars=1_000)
        bob = await world.person("bob", dollars=1_000)
        for ticker in ("A", "B", "C"):
            await world.market(operator, ticker)

        async def place(ticker: str, person: Person = ann) -> httpx.Response:
            if not newer:
                return await world.place(person, ticker=ticker)
            bid = {"ticker": ticker, "side": "bid", "count": "10.00", "price": "0.4200"}
            bid |= {"time_in_force": "good_till_canceled", "self_trade_prevention_type": "taker_at_cross"}
            return await world.send(person, "POST", ORDERS.replace("orders", "events/orders"), body=bid)

        first = await place("A")
        assert first.status_code == 201, first.text
        assert (await place("A")).status_code == 201
        # Two are the most in one market, three in all.
        assert error(await place("A")) == TOO_MANY
        assert (await place("B")).status_code == 201
        assert error(await place("B")) == error(await place("C")) == TOO_MANY
        # What is refused costs nothing, and concerns nobody else.
        resting = await world.send(ann, "GET", f"{PORTFOLIO}/summary/total_resting_order_value")
        assert resting.json()["total_resting_order_value"] == 3 * 10 * 42
        assert (await place("C", bob)).status_code == 201
        # What goes makes room, wherever it was.
        told = first.json()
        order_id = told["order_id"] if newer else told["order"]["order_id"]
        assert (await world.send(ann, "DELETE", f"{ORDERS}/{order_id}")).status_code == 200
        assert (await place("C")).status_code == 201
        assert error(await place("A")) == TOO_MANY


async def test_of_a_batch_as_many_are_placed_as_may_be_open(tmp_path: Path) -> None:
    async with a_world(tmp_path, open_orders_in_all_max=3) as world:
        operator, ann = await world.operator(), await world.person("ann", dollars=1_000)
        for ticker in ("A", "B"):
            await world.market(operator, ticker)
        order = {"side": "yes", "action": "buy", "count": 1, "yes_price": 42}
        body = {"orders": [{**order, "ticker": ticker} for ticker in "ABABA"]}
        answer = await world.send(ann, "POST", f"{ORDERS}/batched", body=body)
        refused = [item["error"]["code"] for item in answer.json()["orders"] if item.get("error")]
        assert refused == ["too_many_open_orders"] * 2
