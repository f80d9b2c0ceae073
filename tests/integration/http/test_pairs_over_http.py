"""Pairs are redeemed: what traders see of it, from the position to the last cent and why it moved."""

from typing import Any

from tests.integration.http.world import BASE, Person, World


async def read(world: World, person: Person, path: str, **query: Any) -> Any:
    answer = await world.send(person, "GET", f"{BASE}{path}", query=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def trade(world: World, maker: Person, taker: Person, price: int, count: int) -> None:
    """Let one buy no, and the other yes at this price."""
    rests = await world.place(maker, side="no", count=count, yes_price=..., no_price=100 - price)
    assert rests.status_code == 201, rests.text
    taken = await world.place(taker, count=count, yes_price=price)
    assert taken.status_code == 201, taken.text


async def test_a_position_is_closed_by_buying_the_other_outcome_and_the_money_is_there(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    before = (await read(world, ann, "/portfolio/balance"))["cash_microdollars"]
    await trade(world, bob, ann, 40, 10)
    await trade(world, ann, bob, 55, 6)
    await world.presage.exchange.settled()
    position = (await read(world, ann, "/portfolio/positions"))["market_positions"][0]
    assert (position["position_fp"], position["yes_count_fp"], position["no_count_fp"]) == (
        "4.00",
        "4.00",
        "0.00",
    )
    # Four remain of ten for forty cents; six went for fifteen cents more.
    assert (position["realized_pnl_dollars"], position["market_exposure_dollars"]) == ("0.9000", "1.6000")
    cash = (await read(world, ann, "/portfolio/balance"))["cash_microdollars"]
    assert before - cash == 10 * 400_000 - 6 * 550_000
    (told,) = (await read(world, ann, "/leaderboard"))["entries"][:1]
    assert (told["account_id"], told["profit_dollars"]) == ("ann", "0.9000")
    listed = (await read(world, ann, "/markets/FED-CUT"))["market"]
    assert listed["open_interest_fp"] == "4.00"
    fills = (await read(world, ann, "/portfolio/fills"))["fills"]
    assert [fill["redeemed_count_fp"] for fill in fills] == ["6.00", "0.00"]


async def test_why_leads_from_the_money_to_the_pairs(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    await trade(world, bob, ann, 40, 10)
    await trade(world, ann, bob, 55, 10)
    await world.presage.exchange.settled()
    await read(world, ann, "/portfolio/balance")
    entries = (await world.presage.reads.portfolio.ledger_entries(ann.account_id)).items
    (redeemed,) = [entry for entry in entries if entry.kind == "redemption_booked"]
    assert (redeemed.cash_delta, redeemed.locked_delta) == (10_000_000, 0)
    assert redeemed.trade_id == "FED-CUT:2"
    chain = (await read(world, ann, f"/why/ledger/ann/{redeemed.ledger_revision}"))["chain"]
    assert [step["type"] for step in chain] == ["TradeExecuted", "PairsRedeemed", "redemption_booked"]
    assert (chain[0]["data"]["trade_id"], chain[0]["caused_by"]) == ("FED-CUT:2", "counterparty")
    assert chain[1]["data"] == {
        "count_fp": "10.00",
        "payout_dollars": "10.000000",
        "locked_dollars": "0.000000",
        "trade_id": "FED-CUT:2",
    }


async def test_why_an_order_led_to_the_dollar_of_its_pairs(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    await trade(world, bob, ann, 40, 10)
    await trade(world, ann, bob, 55, 10)
    await world.presage.exchange.settled()
    first, last = (await read(world, ann, "/portfolio/fills"))["fills"][::-1]
    whys = [
        [step["type"] for step in (await read(world, ann, f"/why/orders/{fill['order_id']}"))["chain"]]
        for fill in (first, last)
    ]
    assert "PairsRedeemed" not in whys[0]
    booked = [kind for kind in whys[1] if kind.endswith("_booked")]
    assert (
        whys[1].index("TradeExecuted") < whys[1].index("PairsRedeemed") < whys[1].index("redemption_booked")
    )
    assert (whys[1].count("PairsRedeemed"), booked) == (1, ["fill_booked", "redemption_booked"])


async def test_positions_are_told_as_they_stood_with_pairs_redeemed(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    await trade(world, bob, ann, 40, 10)
    await trade(world, ann, bob, 55, 6)
    await world.presage.exchange.settled()
    now = (await read(world, ann, "/portfolio/positions", ticker="FED-CUT"))["market_positions"]
    revision = (await read(world, ann, "/markets/FED-CUT"))["market"]["market_version"]
    then = await read(world, ann, "/portfolio/positions", ticker="FED-CUT", as_of_revision=revision)
    assert then["market_positions"] == now
    before = await read(world, ann, "/portfolio/positions", ticker="FED-CUT", as_of_revision=revision - 3)
    assert before["market_positions"][0]["position_fp"] == "10.00"
