"""What an account is told of itself, and nobody else is."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.http.serving.serving import serving
from domain.ledger import events as le
from tests.integration.http.feed_client import FeedClient, feed_client
from tests.integration.http.test_feed_resume import Flow
from tests.integration.http.world import BASE, ORDERS, Person, World

PRIVATE = ["fill", "user_orders", "market_positions", "order_group_updates"]


@pytest.fixture
async def url(world: World) -> AsyncIterator[str]:
    async with serving(world.presage.app, "127.0.0.1", 0) as served:
        yield served.url


async def listen(client: FeedClient) -> None:
    for number, channel in enumerate(PRIVATE, 1):
        said = await client.ask("subscribe", channels=[channel])
        assert said["msg"] == {"channel": channel, "sid": number}


async def test_a_fill_tells_what_it_was_of_and_what_one_holds_after_it(
    world: World, url: str, market: str, ann: Person, bob: Person
) -> None:
    await world.place(ann, count=5, yes_price=42, client_order_id="early")
    await world.place(bob, side="no", count=2, yes_price=..., no_price=58)
    async with feed_client(url, ann) as hers, feed_client(url, bob) as his:
        await listen(hers)
        await listen(his)
        await world.place(bob, side="no", count=3, yes_price=..., no_price=58, client_order_id="late")
        fill = (await hers.of_kind("fill"))["msg"]
        assert (fill["client_order_id"], fill["count_fp"], fill["post_position_fp"]) == (
            "early",
            "3.00",
            "5.00",
        )
        assert (fill["outcome_side"], fill["book_side"], fill["action"]) == ("yes", "bid", "buy")
        order = (await hers.of_kind("user_order"))["msg"]
        assert (order["status"], order["fill_count_fp"], order["remaining_count_fp"]) == (
            "executed",
            "5.00",
            "0.00",
        )
        held = (await hers.of_kind("market_position"))["msg"]
        assert (held["market_ticker"], held["position_fp"], held["position_cost_dollars"]) == (
            market,
            "5.00",
            "2.1000",
        )

        placed = (await his.of_kind("user_order"))["msg"]
        assert (placed["client_order_id"], placed["status"], placed["book_side"]) == (
            "late",
            "resting",
            "ask",
        )
        assert placed["yes_price_dollars"] == "0.4200"
        fill = (await his.of_kind("fill"))["msg"]
        assert (fill["client_order_id"], fill["post_position_fp"]) == ("late", "-5.00")


async def test_pairs_that_are_redeemed_are_gone_from_the_position_that_is_told(
    world: World, url: str, market: str, ann: Person, bob: Person
) -> None:
    await world.place(ann, count=5, yes_price=42)
    await world.place(bob, side="no", count=5, yes_price=..., no_price=58)
    async with feed_client(url, ann) as hers:
        await hers.ask("subscribe", channels=["market_positions"])
        await world.place(bob, count=3, yes_price=50)
        await world.place(ann, side="no", count=3, yes_price=..., no_price=50)
        traded, redeemed = [(await hers.of_kind("market_position"))["msg"] for _ in range(2)]
        told = ("yes_count_fp", "no_count_fp", "position_cost_dollars", "realized_pnl_dollars")
        assert [traded[name] for name in told] == ["5.00", "3.00", "3.6000", "0.0000"]
        # Three at 42 cents and three at 50 gave a dollar each.
        assert [redeemed[name] for name in told] == ["2.00", "0.00", "0.8400", "0.2400"]
        assert (
            redeemed["revision"] == traded["revision"] + 2
        )  # bob, who was there first, holds no pairs either


async def test_whatever_happens_to_an_order_is_told(world: World, url: str, market: str, ann: Person) -> None:
    async with feed_client(url, ann) as client:
        await client.ask("subscribe", channels=["user_orders"], market_tickers=[market])
        placed = (await world.place(ann, count=9, yes_price=30)).json()["order"]["order_id"]
        amended = {"ticker": market, "side": "yes", "action": "buy", "yes_price": 31, "count": 8}
        await world.send(ann, "POST", f"{ORDERS}/{placed}/amend", body=amended)
        await world.send(ann, "POST", f"{ORDERS}/{placed}/decrease", body={"reduce_by": 3})
        await world.send(ann, "DELETE", f"{ORDERS}/{placed}")
        told = [(await client.next())["msg"] for _ in range(4)]
        assert [(each["status"], each["yes_price_dollars"], each["remaining_count_fp"]) for each in told] == [
            ("resting", "0.3000", "9.00"),
            ("resting", "0.3100", "8.00"),
            ("resting", "0.3100", "5.00"),
            ("canceled", "0.3100", "0.00"),
        ]
        assert told[-1]["end_reason"] == "requested"


async def test_what_becomes_of_order_groups_is_told(world: World, url: str, market: str, ann: Person) -> None:
    async with feed_client(url, ann) as client:
        await listen(client)
        path = f"{BASE}/portfolio/order_groups"
        made = await world.send(ann, "POST", f"{path}/create", body={"contracts_limit": 7})
        name = made.json()["order_group_id"]
        await world.send(ann, "PUT", f"{path}/{name}/reset", body={})
        await world.send(ann, "DELETE", f"{path}/{name}")
        told = [(await client.of_kind("order_group_updates"))["msg"] for _ in range(3)]
        assert [each["event_type"] for each in told] == ["created", "reset", "deleted"]
        assert told[0]["contracts_limit_fp"] == "7.00"
        assert {each["order_group_id"] for each in told} == {name}


async def test_nobody_hears_of_another_account(
    world: World, url: str, market: str, ann: Person, bob: Person
) -> None:
    carol = await world.person("carol", dollars=10, pair=5)
    flow = Flow(world, [ann, bob], market, 3)
    async with feed_client(url, carol) as client, feed_client(url, ann) as hers:
        await listen(client)
        await listen(hers)
        for _ in range(60):
            await flow.step()
        await world.presage.shown()
        await world.place(carol, count=1, yes_price=1)
        first = await client.next()
        assert (first["type"], first["seq"], first["msg"]["user_id"]) == ("user_order", 1, "carol")
        while True:
            each = await hers.next()
            assert each["msg"].get("user_id", "ann") == "ann"
            if each["msg"]["position"] >= first["msg"]["position"] - 20:
                break


@pytest.mark.parametrize("seed", [4, 5])
async def test_what_was_told_last_is_what_readers_see(
    world: World, url: str, market: str, ann: Person, bob: Person, seed: int
) -> None:
    flow = Flow(world, [ann, bob], market, seed)
    for _ in range(80):
        await flow.step()
    orders: dict[str, Any] = {}
    held: dict[str, Any] = {}
    filled = 0
    async with feed_client(url, ann) as client:
        await listen(client)
        for _ in range(150):
            await flow.step()
        await world.presage.shown()
        last = (await world.place(ann, count=1, yes_price=1)).json()["order"]["order_id"]
        while last not in orders:
            each = await client.next()
            told = each["msg"]
            match each["type"]:
                case "user_order":
                    orders[told["order_id"]] = told
                case "market_position":
                    held[told["market_ticker"]] = told
                case "fill":
                    filled += 1
                    assert told["post_position_fp"]
    await world.presage.shown()
    for order_id, told in orders.items():
        seen = (await world.send(ann, "GET", f"{ORDERS}/{order_id}")).json()["order"]
        for name in (
            "status",
            "remaining_count_fp",
            "fill_count_fp",
            "initial_count_fp",
            "maker_fees_dollars",
        ):
            assert told[name] == seen[name], (order_id, name)
    [seen] = (await world.send(ann, "GET", f"{BASE}/portfolio/positions")).json()["market_positions"]
    assert filled
    for name, other in (
        ("position_fp", "position_fp"),
        ("realized_pnl_dollars", "realized_pnl_dollars"),
        ("position_cost_dollars", "market_exposure_dollars"),
        ("yes_count_fp", "yes_count_fp"),
    ):
        assert held[market][name] == seen[other], name


def test_every_event_of_an_order_group_is_followed_by_readers_too() -> None:
    from projections.running.follower import OF_LEDGERS

    groups = {
        event
        for name, event in vars(le).items()
        if name.startswith("OrderGroup") and name != "OrderGroupAllotted" and isinstance(event, type)
    }
    assert groups <= set(OF_LEDGERS)
