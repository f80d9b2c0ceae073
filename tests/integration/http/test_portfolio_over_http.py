"""What an account has: one moment, whole pages, times to the last microsecond, the words clients expect."""

from typing import Any

import pytest

from tests.integration.http.world import ADMIN, BASE, Person, World

PORTFOLIO = f"{BASE}/portfolio"


async def get(world: World, person: Person | None, path: str, **query: Any) -> Any:
    answer = await world.send(person, "GET", path, query=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def act(world: World, operator: Person, path: str, body: Any = None) -> None:
    answer = await world.send(operator, "POST", f"{ADMIN}/{path}", body=body or {})
    assert answer.status_code in (200, 201), answer.text


async def trade(world: World, ann: Person, bob: Person, ticker: str, count: int = 10) -> None:
    assert (await world.place(ann, ticker=ticker, count=count)).status_code == 201
    placed = await world.place(bob, ticker=ticker, side="no", yes_price=..., no_price=58, count=count)
    assert placed.status_code == 201, placed.text
    await world.presage.exchange.settled()
    assert await world.presage.shown()


async def test_a_portfolio_is_one_answer_that_says_where_there_is_more(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    await trade(world, ann, bob, market)
    for price in (10, 11, 12):
        await world.place(ann, yes_price=price, count=1)
    assert await world.presage.shown()
    whole = await get(world, ann, PORTFOLIO)
    assert whole["balance"] == await get(world, ann, f"{PORTFOLIO}/balance")
    assert whole["market_positions"] == (await get(world, ann, f"{PORTFOLIO}/positions"))["market_positions"]
    resting = await get(world, ann, f"{PORTFOLIO}/orders", status="resting")
    assert whole["orders"] == resting["orders"]
    assert [len(whole["orders"]), whole["orders_cursor"], whole["positions_cursor"]] == [3, "", ""]
    some = await get(world, ann, PORTFOLIO, limit=2)
    rest = await get(world, ann, f"{PORTFOLIO}/orders", status="resting", cursor=some["orders_cursor"])
    assert some["orders"] + rest["orders"] == whole["orders"]


async def test_resting_orders_are_counted_in_contracts(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    await trade(world, ann, bob, market)
    for price in (10, 11):
        await world.place(ann, yes_price=price, count=7)
    assert await world.presage.shown()
    [position] = (await get(world, ann, f"{PORTFOLIO}/positions"))["market_positions"]
    assert position["resting_orders_count"] == 14


async def test_each_event_is_told_on_one_page_of_positions(
    world: World, operator: Person, ann: Person, bob: Person
) -> None:
    for group in ("RACE", "CUP"):
        await act(world, operator, "groups", {"group_id": group, "title": "?"})
    for ticker, group in (("A", "RACE"), ("B", "CUP"), ("C", "RACE"), ("D", "CUP")):
        await world.market(operator, ticker, group_id=group)
        await trade(world, ann, bob, ticker)
    pages, cursor = [], ""
    for _ in range(4):
        page = await get(world, ann, f"{PORTFOLIO}/positions", limit=1, cursor=cursor)
        pages.append([event["event_ticker"] for event in page["event_positions"]])
        cursor = page["cursor"]
    assert (pages, cursor) == ([["RACE"], ["CUP"], [], []], "")
    one = await get(world, ann, f"{PORTFOLIO}/positions", ticker="D")
    assert [event["event_ticker"] for event in one["event_positions"]] == ["CUP"]
    whole = await get(world, ann, f"{PORTFOLIO}/positions")
    assert {event["event_ticker"] for event in whole["event_positions"]} == {"RACE", "CUP"}


async def test_a_time_in_seconds_means_all_of_its_second(
    world: World, market: str, operator: Person, ann: Person, bob: Person
) -> None:
    await trade(world, ann, bob, market)
    [fill] = (await get(world, ann, f"{PORTFOLIO}/fills"))["fills"]
    within = {"min_ts": fill["ts"], "max_ts": fill["ts"]}
    assert (await get(world, ann, f"{PORTFOLIO}/fills", **within))["fills"] == [fill]
    assert len((await get(world, None, f"{BASE}/markets/trades", **within))["trades"]) == 1
    before = {"max_ts": fill["ts"] - 1}
    assert (await get(world, ann, f"{PORTFOLIO}/fills", **before))["fills"] == []
    assert (await get(world, None, f"{BASE}/markets/trades", **before))["trades"] == []

    await act(world, operator, f"markets/{market}/resolve", {"result": "yes"})
    await world.presage.exchange.settled()
    assert await world.presage.shown()
    view = await world.presage.reads.markets.market(market)  # type: ignore[arg-type]
    assert view is not None
    assert view.settled_at_us is not None
    for name, at_us in (("created", view.created_at_us), ("settled", view.settled_at_us)):
        at = at_us // 1_000_000
        inside = {f"min_{name}_ts": at, f"max_{name}_ts": at}
        assert len((await get(world, None, f"{BASE}/markets", **inside))["markets"]) == 1, name
    settled = view.settled_at_us // 1_000_000
    found = await get(world, ann, f"{PORTFOLIO}/settlements", min_ts=settled, max_ts=settled + 1)
    assert len(found["settlements"]) == 1
    order = (await get(world, ann, f"{PORTFOLIO}/orders"))["orders"][0]
    [row] = (await world.presage.reads.orders.orders(ann.account_id)).items
    at = row.created_at_us // 1_000_000
    assert (await get(world, ann, f"{PORTFOLIO}/orders", min_ts=at, max_ts=at))["orders"] == [order]


async def test_a_void_gives_fees_back_and_leaves_no_position(
    world: World, operator: Person, ann: Person, bob: Person
) -> None:
    await world.market(operator, "RISKY", fees={"taker": {"quadratic_bps": 700}})
    await trade(world, ann, bob, "RISKY")
    [before] = (await get(world, bob, f"{PORTFOLIO}/positions"))["market_positions"]
    # 10 contracts x 0.07 x 0.42 x 0.58, rounded up to the cent
    assert before["fees_paid"] == 18
    await act(world, operator, "markets/RISKY/void", {})
    await world.presage.exchange.settled()
    assert await world.presage.shown()
    [after] = (await get(world, bob, f"{PORTFOLIO}/positions"))["market_positions"]
    assert (after["fees_paid"], after["position"], after["market_exposure"]) == (0, 0, 0)
    held = await get(world, bob, f"{PORTFOLIO}/positions", count_filter="position")
    assert held["market_positions"] == []
    assert (await get(world, bob, f"{PORTFOLIO}/balance"))["balance"] == 100_000 - 58 * 10 + 50 * 10


@pytest.mark.parametrize(
    ("fees", "told"),
    [
        ({"taker": {"quadratic_bps": 700}}, ("quadratic", 1)),
        (
            {"taker": {"quadratic_bps": 700}, "maker": {"quadratic_bps": 350}},
            ("quadratic_with_maker_fees", 1),
        ),
        ({"taker": {"quadratic_bps": 350}}, ("quadratic", 0.5)),
        ({"taker": {"flat_dollars": "0.02"}}, ("flat", 0)),
        ({}, ("quadratic", 0)),
    ],
)
async def test_a_series_says_who_pays_which_fees(
    world: World, operator: Person, fees: dict[str, Any], told: tuple[str, float]
) -> None:
    await act(world, operator, "groups", {"group_id": "RACE", "title": "?", "series": "RACES"})
    await world.market(operator, "A", group_id="RACE")
    await world.market(operator, "B", group_id="RACE", fees=fees)
    series = (await get(world, None, f"{BASE}/series/RACES"))["series"]
    assert (series["fee_type"], series["fee_multiplier"]) == told


async def test_a_disputed_market_is_found_as_what_it_is_told_as(
    world: World, operator: Person, market: str
) -> None:
    await act(world, operator, f"markets/{market}/close")
    await act(world, operator, f"markets/{market}/determine", {"result": "yes"})
    await act(world, operator, f"markets/{market}/dispute", {"reason": "?"})
    [found] = (await get(world, None, f"{BASE}/markets", status="determined"))["markets"]
    assert (found["status"], found["lifecycle_status"]) == ("determined", "disputed")


async def test_what_a_triggered_group_takes_off_has_lapsed(world: World, market: str, ann: Person) -> None:
    made = await world.send(ann, "POST", f"{PORTFOLIO}/order_groups/create", body={"contracts_limit": 10})
    name = made.json()["order_group_id"]
    await world.place(ann, order_group_id=name)
    await world.send(ann, "PUT", f"{PORTFOLIO}/order_groups/{name}/trigger")
    await world.presage.exchange.settled()
    assert await world.presage.shown()
    [order] = (await get(world, ann, f"{PORTFOLIO}/orders"))["orders"]
    assert (order["lapsed_count_fp"], order["canceled_count_fp"]) == ("10.00", "0.00")
