"""What operators ask for is done whole or not at all, and the next command finds what follows from it."""

import asyncio
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from domain.identifiers import Ticker
from domain.market.commands import AttachConditional
from domain.quantities import Money
from tests.integration.http.world import ADMIN, BASE, Person, World, error

REPEATS = 10


async def post(world: World, operator: Person, path: str, **body: Any) -> Any:
    return await world.send(operator, "POST", f"{ADMIN}{path}", body=body)


async def told(world: World, ticker: str) -> dict[str, Any]:
    document: dict[str, dict[str, Any]] = (await world.send(None, "GET", f"{BASE}/markets/{ticker}")).json()
    return document["market"]


async def is_unknown(world: World, ticker: str) -> bool:
    return (await world.send(None, "GET", f"{BASE}/markets/{ticker}")).status_code == 404


async def race(world: World, operator: Person, *tickers: str, group: str = "RACE") -> None:
    await post(world, operator, "/groups", group_id=group, title="Who?")
    for ticker in tickers:
        await world.market(operator, ticker, group_id=group)


async def members(world: World, group: str = "RACE") -> list[str]:
    document = (await world.send(None, "GET", f"{BASE}/events/{group}")).json()
    return [market["ticker"] for market in document["markets"]]


# ------------------------------------------------------------------------------------- in a group


async def test_a_listing_that_is_refused_is_no_member_and_takes_nothing_from_the_group(
    world: World, operator: Person, ann: Person, bob: Person
) -> None:
    await race(world, operator, "R-1", "R-2")
    await race(world, operator, "O-1", group="OTHER")
    await world.market(operator, "ALONE")
    await world.place(ann, ticker="ALONE")
    await world.place(bob, ticker="ALONE", side="no", yes_price=..., no_price=58)
    for ticker in ("ALONE", "O-1"):
        taken = await post(world, operator, "/markets", ticker=ticker, title="?", group_id="RACE")
        assert error(taken) == (409, "market_exists")
    off = {"ticker": "R-3", "title": "?", "group_id": "RACE", "tick_size_dollars": "0.0300"}
    assert error(await post(world, operator, "/markets", **off)) == (422, "invalid_price")
    assert await members(world) == ["R-1", "R-2"]
    assert await is_unknown(world, "R-3")
    phantom = await post(world, operator, "/groups/RACE/resolve", winner_ticker="R-3")
    assert error(phantom) == (404, "market_not_found")
    assert (await post(world, operator, "/groups/RACE/void")).status_code == 200
    assert [(await told(world, name))["settlement_value_dollars"] for name in ("R-1", "R-2")] == [
        "0.5000"
    ] * 2
    assert [(await told(world, name))["lifecycle_status"] for name in ("ALONE", "O-1")] == ["active"] * 2


async def test_nothing_is_listed_in_a_group_that_has_ended_or_is_none(world: World, operator: Person) -> None:
    await race(world, operator, "R-1")
    await post(world, operator, "/groups/RACE/resolve", winner_ticker="R-1")
    for group, refusal in (("RACE", (409, "transition_not_allowed")), ("NOPE", (404, "group_not_found"))):
        late = {"ticker": "R-2", "title": "?", "group_id": group, "activate": True}
        assert error(await post(world, operator, "/markets", **late)) == refusal
        assert await is_unknown(world, "R-2")
    await world.market(operator, "R-2")  # the ticker is free


async def test_a_group_and_listings_that_meet_leave_nothing_that_trades_without_an_end(
    world: World, operator: Person
) -> None:
    for round_ in range(REPEATS):
        group = f"RACE-{round_}"
        await race(world, operator, f"{group}-1", group=group)
        listing = {"ticker": f"{group}-2", "title": "?", "group_id": group, "activate": True}
        listed, voided = await asyncio.gather(
            post(world, operator, "/markets", **listing), post(world, operator, f"/groups/{group}/void")
        )
        assert voided.status_code == 200
        if listed.status_code == 201 or not await is_unknown(world, f"{group}-2"):
            assert (await told(world, f"{group}-2"))["lifecycle_status"] == "finalized", round_


async def test_no_order_fills_once_the_determination_of_its_group_was_answered(
    world: World, operator: Person, ann: Person, bob: Person
) -> None:
    for round_ in range(REPEATS):
        group = f"RACE-{round_}"
        await race(world, operator, f"{group}-1", f"{group}-2", group=group)
        await world.place(ann, ticker=f"{group}-2")
        done = await post(world, operator, f"/groups/{group}/determine", winner_ticker=f"{group}-1")
        assert done.status_code == 200
        hit = await world.place(bob, ticker=f"{group}-2", side="no", yes_price=..., no_price=58)
        assert error(hit) == (422, "market_closed"), round_
        assert [(await told(world, f"{group}-{n}"))["result"] for n in (1, 2)] == ["yes", "no"]


# ---------------------------------------------------------------------------------- conditional markets


@pytest.mark.parametrize(
    ("condition", "refusal"),
    [
        ({"parent_ticker": "NOPE", "required_result": "yes"}, (404, "market_not_found")),
        ({"parent_ticker": "PARENT", "required_result": "void"}, (400, "invalid_field")),
        ({"parent_ticker": "ENDED", "required_result": "yes"}, (422, "condition_not_allowed")),
        ({"parent_ticker": "UNOPENED", "required_result": "yes"}, (422, "condition_not_allowed")),
        ({"parent_ticker": "CHILD", "required_result": "yes"}, (404, "market_not_found")),
    ],
)
async def test_a_conditional_market_is_listed_whole_or_not_at_all(
    world: World, operator: Person, condition: dict[str, str], refusal: tuple[int, str]
) -> None:
    await world.market(operator, "PARENT")
    await world.market(operator, "UNOPENED", activate=False)
    await world.market(operator, "ENDED")
    await post(world, operator, "/markets/ENDED/resolve", result="yes")
    child = {"ticker": "CHILD", "title": "?", "activate": True, "condition": condition}
    assert error(await post(world, operator, "/markets", **child)) == refusal
    assert await is_unknown(world, "CHILD")
    await world.market(operator, "CHILD", condition={"parent_ticker": "PARENT", "required_result": "yes"})
    now = await told(world, "CHILD")
    assert (now["lifecycle_status"], now["condition"]["status"]) == ("active", "pending")


async def test_a_market_is_not_linked_to_a_parent_that_has_ended_not_even_at_the_second_attempt(
    world: World, operator: Person
) -> None:
    await world.market(operator, "PARENT")
    await world.market(operator, "CHILD", activate=False)
    link = {"parent_ticker": "PARENT", "required_result": "yes"}
    # What an interrupted attempt leaves behind: the parent notes the child, and the child knows nothing.
    attached = AttachConditional(child=Ticker("CHILD"))
    await world.presage.exchange.operations.market(Ticker("PARENT"), attached)
    await post(world, operator, "/markets/PARENT/resolve", result="no")
    again = await post(world, operator, "/markets/CHILD/link", **link)
    assert error(again) == (422, "condition_not_allowed")
    assert (await post(world, operator, "/markets/CHILD/activate")).status_code == 200
    assert (await post(world, operator, "/markets/CHILD/resolve", result="yes")).status_code == 200


async def test_a_member_is_not_conditional_on_another_member_of_its_group(
    world: World, operator: Person
) -> None:
    await race(world, operator, "R-1")
    await world.market(operator, "BETWEEN", condition={"parent_ticker": "R-1", "required_result": "yes"})
    for parent in ("R-1", "BETWEEN"):
        condition = {"parent_ticker": parent, "required_result": "yes"}
        member = {"ticker": "R-2", "title": "?", "group_id": "RACE", "activate": True, "condition": condition}
        assert error(await post(world, operator, "/markets", **member)) == (422, "condition_not_allowed")
        assert await is_unknown(world, "R-2")
    assert await members(world) == ["R-1"]


async def test_a_market_that_was_called_off_cannot_win(world: World, operator: Person) -> None:
    await world.market(operator, "PARENT")
    await race(world, operator, "R-1")
    await world.market(
        operator, "R-2", group_id="RACE", condition={"parent_ticker": "PARENT", "required_result": "yes"}
    )
    early = await post(world, operator, "/groups/RACE/resolve", winner_ticker="R-2")
    assert error(early) == (409, "condition_pending")
    await post(world, operator, "/markets/PARENT/resolve", result="no")
    never = await post(world, operator, "/groups/RACE/resolve", winner_ticker="R-2")
    assert error(never) == (409, "transition_not_allowed")
    assert (await told(world, "R-1"))["lifecycle_status"] == "active"
    assert (await post(world, operator, "/groups/RACE/resolve", winner_ticker="R-1")).status_code == 200


async def test_a_child_can_be_finalized_as_soon_as_its_parents_end_was_answered(
    world: World, operator: Person
) -> None:
    for round_ in range(REPEATS):
        parent, child = f"PARENT-{round_}", f"CHILD-{round_}"
        await world.market(operator, parent)
        condition = {"parent_ticker": parent, "required_result": "yes"}
        await world.market(operator, child, condition=condition)
        await post(world, operator, f"/markets/{child}/close")
        await post(world, operator, f"/markets/{child}/determine", result="yes")
        await post(world, operator, f"/markets/{parent}/resolve", result="yes")
        done = await post(world, operator, f"/markets/{child}/finalize")
        assert done.status_code == 200, (round_, done.text)


async def test_holders_are_paid_when_the_end_of_their_market_was_answered(
    world: World, operator: Person, ann: Person, bob: Person
) -> None:
    for round_ in range(REPEATS):
        await world.market(operator, f"M-{round_}")
        await world.place(ann, ticker=f"M-{round_}")
        await world.place(bob, ticker=f"M-{round_}", side="no", yes_price=..., no_price=58)
        await post(world, operator, f"/markets/M-{round_}/void")
        ledger = await world.presage.exchange.directory.ledger(ann.account_id).state()
        assert ledger.accounts[ann.account_id].cash == Money(1_000_000_000 + (round_ + 1) * 800_000)


# --------------------------------------------------------------------- refused commands leave nothing


async def test_a_resolution_that_is_refused_leaves_the_market_as_it_is(
    world: World, operator: Person, ann: Person
) -> None:
    await world.market(operator, "M")
    await world.market(operator, "CHILD", condition={"parent_ticker": "M", "required_result": "yes"})
    for ticker in ("M", "CHILD"):
        await world.place(ann, ticker=ticker)
    await world.presage.exchange.settled()
    before = await world.presage.store.head()
    for command in ("resolve", "determine"):
        void = await post(world, operator, f"/markets/M/{command}", result="void")
        assert error(void) == (400, "invalid_field")
    pending = await post(world, operator, "/markets/CHILD/resolve", result="yes")
    assert error(pending) == (409, "condition_pending")
    assert await world.presage.store.head() == before
    for ticker in ("M", "CHILD"):
        assert (await told(world, ticker))["lifecycle_status"] == "active"
        book = (await world.send(None, "GET", f"{BASE}/markets/{ticker}/orderbook")).json()
        assert book["orderbook"]["yes"] == [[42, 10]]


# ------------------------------------------------------------------------------------ closing times


async def test_a_market_that_would_have_closed_already_is_not_listed(world: World, operator: Person) -> None:
    past = {"ticker": "LATE", "title": "?", "activate": True, "close_ts": int(time.time()) - 1}
    assert error(await post(world, operator, "/markets", **past)) == (422, "invalid_close_time")
    assert await is_unknown(world, "LATE")


async def test_markets_are_found_by_the_close_time_that_they_tell(world: World, operator: Person) -> None:
    soon = int(time.time()) + 3_600
    await world.market(operator, "SOON", close_ts=soon)
    await world.market(operator, "NEVER")
    await world.market(operator, "EARLY", close_ts=soon)
    await post(world, operator, "/markets/EARLY/close")
    closes = {name: (await told(world, name))["close_time"] for name in ("SOON", "NEVER", "EARLY")}
    for name, text in closes.items():
        at = datetime.fromisoformat(text)
        for hours in (-12, 14):
            assert at.astimezone(timezone(timedelta(hours=hours))) == at, "every client can convert it"
        second = int(at.timestamp())
        for bounds in ({"min_close_ts": second}, {"max_close_ts": second + 1}):
            found = (await world.send(None, "GET", f"{BASE}/markets", query=bounds)).json()["markets"]
            assert name in [market["ticker"] for market in found], (name, bounds)
        for bounds in ({"min_close_ts": second + 1}, {"max_close_ts": second - 1}):
            found = (await world.send(None, "GET", f"{BASE}/markets", query=bounds)).json()["markets"]
            assert name not in [market["ticker"] for market in found], (name, bounds)
    assert closes["NEVER"].startswith("2100-01-01T00:00:00")


async def test_events_are_found_by_the_close_times_of_their_markets(world: World, operator: Person) -> None:
    await race(world, operator, "R-1")
    open_ended = 4_102_444_800
    for since, expected in ((open_ended, ["RACE"]), (open_ended + 1, [])):
        found = await world.send(None, "GET", f"{BASE}/events", query={"min_close_ts": since})
        assert [event["event_ticker"] for event in found.json()["events"]] == expected


async def test_events_are_found_by_series_status_and_close_times_together(
    world: World, operator: Person
) -> None:
    for name, series in (("ONE", "FED"), ("TWO", "FED"), ("OTHER", "CPI")):
        await post(world, operator, "/groups", group_id=name, title=name, series=series)
        await world.market(operator, f"{name}-A", group_id=name)
    await post(world, operator, "/markets/TWO-A/close")
    since = int(time.time()) - 60
    for query, expected in (
        ({}, ["ONE", "TWO"]),
        ({"status": "open"}, ["ONE"]),
        ({"min_close_ts": since}, ["ONE", "TWO"]),
        ({"status": "open", "min_close_ts": since}, ["ONE"]),
        ({"status": "open,closed", "min_close_ts": since}, ["ONE", "TWO"]),
    ):
        found = await world.send(None, "GET", f"{BASE}/events", query={"series_ticker": "FED", **query})
        assert [event["event_ticker"] for event in found.json()["events"]] == expected, query
