"""What would have been: for oneself as a trader, for everybody as an operator. Nothing is written."""

from typing import Any

import pytest

from adapters.http.answers.problems import Code, Problem
from adapters.http.one_at_a_time import AT_ONCE, OneAtATime
from adapters.http.routes import what_if as routes
from application.whatif.what_if import UNSEEN, Bounds
from domain.identifiers import AccountId
from tests.integration.http.world import ADMIN, BASE, Person, World, error, in_one_process

WHAT_IF = f"{BASE}/markets/FED-CUT/what-if"
FOR_ANYBODY = f"{ADMIN}/markets/FED-CUT/what-if"


async def version(world: World) -> int:
    market = (await world.send(None, "GET", f"{BASE}/markets/FED-CUT")).json()["market"]
    return int(market["market_version"])


async def asked(world: World, person: Person, path: str = WHAT_IF, **body: Any) -> dict[str, Any]:
    answer = await world.send(person, "POST", path, body=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture
async def order_id(world: World, market: str, ann: Person, bob: Person) -> str:
    """Ann bids forty cents for ten yes, and bob takes six of them; then it ends yes."""
    placed = await world.place(ann, count=10, yes_price=40)
    await world.place(bob, side="no", count=6, yes_price=40)
    order_id: str = placed.json()["order"]["order_id"]
    return order_id


async def test_without_a_change_what_would_have_been_is_what_was(
    world: World, order_id: str, ann: Person, operator: Person
) -> None:
    await world.send(operator, "POST", f"{ADMIN}/markets/FED-CUT/resolve", body={"result": "yes"})
    told = await asked(world, ann, as_of_revision=0)
    assert told["recorded"] == told["what_if"]
    assert (told["same_trades"], told["recorded"]["trade_count"], told["accounts_differing"]) == (1, 1, 0)
    assert (told["recorded"]["status"], told["recorded"]["result"]) == ("finalized", "yes")
    [mine] = told["accounts"]
    assert mine["account_id"] == "ann"
    assert mine["what_if"] == {
        "yes_count_fp": "6.00",
        "no_count_fp": "0.00",
        "paid_dollars": "2.400000",
        "fees_dollars": "0.000000",
        "payout_dollars": "6.000000",
        "profit_dollars": "3.600000",
        "profit_if_yes_dollars": None,
        "profit_if_no_dollars": None,
    }
    assert told["until_revision"] == await version(world)
    assert told["not_carried_out"] == []
    assert any("nobody reacts" in each for each in told["assumptions"])


async def test_a_fork_in_the_middle_of_a_decision_is_one_after_it(
    world: World, market: str, ann: Person, bob: Person, operator: Person
) -> None:
    """Ann's second order takes her first one off the book in the same decision; nothing comes in between."""
    await world.place(ann, count=5, yes_price=40)
    placed = await version(world) + 1
    away = {"self_trade_prevention_type": "maker"}
    await world.place(ann, side="no", count=5, yes_price=39, **away)
    assert await version(world) == placed + 1, "the order, and the other that leaves"
    await world.place(bob, side="no", count=5, yes_price=40)
    told = await asked(world, operator, FOR_ANYBODY, as_of_revision=placed)
    assert told["recorded"] == told["what_if"]
    assert (told["recorded"]["trade_count"], told["not_carried_out"]) == (0, [])


async def test_an_order_that_would_have_stood_first_takes_the_fill(
    world: World, order_id: str, ann: Person, bob: Person, operator: Person
) -> None:
    before = await version(world)
    better = {"side": "yes", "action": "buy", "count": 4, "yes_price": 41}
    told = await asked(world, bob, as_of_revision=1, insert=[better])
    [mine] = told["inserted"]
    assert (mine["queue_ahead_fp"], mine["filled_count_fp"], mine["refused"]) == ("0.00", "0.00", None)
    # It is his own order that he would have met: the newer one gives way.
    assert (mine["remaining_count_fp"], told["what_if"]["trade_count"]) == ("4.00", 0)
    cat = {"account_id": "cat", **better}
    told = await asked(world, operator, FOR_ANYBODY, as_of_revision=1, insert=[cat])
    [first, second] = told["what_if"]["trades"]
    assert [each["yes_price_dollars"] for each in (first, second)] == ["0.4100", "0.4000"]
    assert (first["maker"]["account_id"], second["maker"]["account_id"]) == ("cat", "ann")
    assert (told["same_trades"], told["inserted"][0]["cost_dollars"]) == (0, "1.640000")
    compared = {each["account_id"]: each for each in told["accounts"]}
    assert sorted(compared) == ["ann", "bob", "cat"]
    assert compared["ann"]["recorded"]["yes_count_fp"] == "6.00"
    assert compared["ann"]["what_if"]["yes_count_fp"] == "2.00"
    assert compared["cat"]["what_if"]["profit_if_yes_dollars"] == "2.360000"
    assert await version(world) == before


async def test_an_order_behind_others_waits_for_its_turn(
    world: World, order_id: str, operator: Person
) -> None:
    same_price = {"account_id": "cat", "side": "yes", "action": "buy", "count": 3, "yes_price": 40}
    await_turn = await asked(world, operator, FOR_ANYBODY, as_of_revision=2, insert=[same_price])
    assert await_turn["inserted"][0]["queue_ahead_fp"] == "10.00"
    assert await_turn["same_trades"] == 1


async def test_without_an_order_what_met_it_rests(
    world: World, order_id: str, ann: Person, bob: Person
) -> None:
    told = await asked(world, ann, as_of_revision=0, remove=[order_id])
    assert (told["recorded"]["trade_count"], told["what_if"]["trade_count"]) == (1, 0)
    assert told["what_if"]["yes_ask_dollars"] == "0.4000"
    assert told["accounts"][0]["what_if"]["yes_count_fp"] == "0.00"
    [trade] = told["recorded"]["trades"]
    # One's own part is told, not whom one met.
    assert (trade["maker"]["order_id"], trade["taker"]) == (order_id, None)
    for strange in (order_id, "none-such"):
        theirs = await world.send(bob, "POST", WHAT_IF, body={"as_of_revision": 0, "remove": [strange]})
        assert error(theirs) == (404, "order_not_found")


async def test_an_order_that_is_open_at_the_fork_is_taken_off_first(
    world: World, order_id: str, ann: Person
) -> None:
    told = await asked(world, ann, as_of_revision=2, remove=[order_id])
    assert told["what_if"]["trade_count"] == 0
    told = await asked(world, ann, as_of_revision=await version(world), remove=[order_id])
    assert (told["recorded"]["yes_bid_dollars"], told["what_if"]["yes_bid_dollars"]) == ("0.4000", None)


async def test_a_stop_of_somebody_elses_that_waits_is_not_found_out(
    world: World, order_id: str, ann: Person, bob: Person, operator: Person
) -> None:
    cat = await world.person("cat", dollars=1_000)
    await world.place(cat, count=2, yes_price=25)
    stop = {"type": "stop", "action": "sell", "yes_price": 20, "stop_price": 30}
    assert (await world.place(ann, count=1, **stop)).status_code == 201
    now = await version(world)
    # It takes ann's bid, and one of cat's, at a price that wakes the stop.
    probe = {"side": "no", "action": "buy", "count": 5, "yes_price": 25, "after_revision": now}
    for since in (now, 1):
        all_of_it = await asked(
            world, operator, FOR_ANYBODY, as_of_revision=since, insert=[{"account_id": "bob", **probe}]
        )
        assert all_of_it["what_if"]["trade_count"] == 3 + (since == 1)
        told = await asked(world, bob, as_of_revision=since, insert=[probe])
        assert told["what_if"]["trade_count"] == 2 + (since == 1)
        assert told["assumptions"] == [*all_of_it["assumptions"], UNSEEN]
        mine = await asked(world, ann, as_of_revision=since, insert=[{**probe, "count": 1}])
        assert mine["recorded"]["trade_count"] == (since == 1)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, (400, "invalid_field")),
        ({"as_of_revision": 0, "as_of_ts": "1"}, (400, "invalid_field")),
        ({"as_of_revision": 10**6}, (404, "not_found")),
        ({"as_of_ts": "1"}, (404, "not_found")),
        ({"as_of_revision": 2, "until_revision": 1}, (400, "invalid_field")),
        ({"as_of_revision": 1, "remove": ["x"] * 201}, (400, "invalid_field")),
        ({"as_of_revision": 1, "insert": [{"side": "yes"}]}, (400, "missing_field")),
        (
            {"as_of_revision": 1, "insert": [{"side": "yes", "action": "buy", "account_id": "bob"}]},
            (400, "unknown_field"),
        ),
        (
            {
                "as_of_revision": 2,
                "insert": [{"side": "yes", "action": "buy", "count": 1, "yes_price": 9, "after_revision": 1}],
            },
            (400, "invalid_field"),
        ),
        (
            {
                "as_of_revision": 1,
                "insert": [
                    {"side": "yes", "action": "buy", "count": 1, "yes_price": 9, "after_revision": 999}
                ],
            },
            (404, "not_found"),
        ),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(
    world: World, order_id: str, ann: Person, body: dict[str, Any], problem: tuple[int, str]
) -> None:
    assert error(await world.send(ann, "POST", WHAT_IF, body=body)) == problem


async def test_there_is_none_of_a_market_that_is_not_there(world: World, ann: Person) -> None:
    answer = await world.send(ann, "POST", f"{BASE}/markets/NONE/what-if", body={"as_of_revision": 0})
    assert error(answer) == (404, "market_not_found")


async def test_what_the_market_would_have_refused_is_told_with_its_code(
    world: World, order_id: str, ann: Person
) -> None:
    off_grid = {"side": "yes", "action": "buy", "count": 1, "yes_price_dollars": "0.4001"}
    told = await asked(world, ann, as_of_revision=1, insert=[off_grid])
    assert told["inserted"][0]["refused"]["code"] == "price_off_tick"


@in_one_process
@pytest.mark.parametrize("bounds", [Bounds(events=1, seconds=9.0), Bounds(events=9, seconds=0.0)])
async def test_what_takes_too_long_is_refused_with_a_code_of_its_own(
    world: World, order_id: str, ann: Person, monkeypatch: pytest.MonkeyPatch, bounds: Bounds
) -> None:
    monkeypatch.setattr(routes, "SERVED", bounds)
    answer = await world.send(ann, "POST", WHAT_IF, body={"as_of_revision": 0})
    assert error(answer) == (422, "what_if_too_large")


def test_an_account_has_one_under_way_and_all_together_have_few() -> None:
    desk = OneAtATime()
    with desk.of(AccountId("ann")), desk.of(AccountId("bob")):
        assert AT_ONCE == 2
        for account, code in (("ann", Code.WHAT_IF_UNDER_WAY), ("cat", Code.OVERLOADED)):
            with pytest.raises(Problem) as refused, desk.of(AccountId(account)):
                pass
            assert refused.value.code == code.code
            assert refused.value.retry_after_s is not None
    with desk.of(AccountId("cat")), desk.of(AccountId("ann")):
        pass
