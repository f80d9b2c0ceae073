"""Why an order ended as it did and why a cent moved, told to the account that it concerns."""

from typing import Any

import pytest

from domain.identity.aggregate import Scope
from tests.integration.http.world import ADMIN, BASE, ORDERS, Person, World, error

WHY = f"{BASE}/why"


async def why(world: World, person: Person, path: str) -> dict[str, Any]:
    await visible(world)
    answer = await world.send(person, "GET", f"{WHY}/{path}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def visible(world: World) -> None:
    await world.presage.exchange.settled()
    await world.presage.reads.freshness.await_position(await world.presage.store.head(), 5)


def types(document: dict[str, Any]) -> list[str]:
    return [step["type"] for step in document["chain"]]


async def placed(world: World, person: Person, **fields: Any) -> str:
    answer = await world.place(person, **fields)
    assert answer.status_code == 201, answer.text
    await visible(world)
    order_id: str = answer.json()["order"]["order_id"]
    return order_id


@pytest.fixture
async def traded(world: World, market: str, operator: Person, ann: Person, bob: Person) -> dict[str, str]:
    """Ann's order is filled in two pieces by bob, made smaller, cancelled; the market ends; both are paid."""
    mine = await placed(world, ann, count=10)
    await placed(world, bob, side="yes", count=1, yes_price=3, client_order_id=mine)  # a red herring
    theirs = await placed(world, bob, side="no", count=4, yes_price=..., no_price=58)
    await placed(world, bob, side="no", count=2, yes_price=..., no_price=58)
    await world.send(ann, "POST", f"{ORDERS}/{mine}/decrease", body={"reduce_by": 1})
    await visible(world)
    await world.send(ann, "DELETE", f"{ORDERS}/{mine}")
    await visible(world)
    await world.send(operator, "POST", f"{ADMIN}/markets/{market}/resolve", body={"result": "no"})
    await visible(world)
    return {"mine": mine, "theirs": theirs}


async def test_an_order_is_followed_from_its_command_to_the_settlement(
    world: World, ann: Person, traded: dict[str, str]
) -> None:
    told = await why(world, ann, f"orders/{traded['mine']}")
    assert types(told) == [
        "funds_reserved",
        "OrderPlaced",
        "TradeExecuted",
        "fill_booked",
        "TradeExecuted",
        "fill_booked",
        "OrderDecreased",
        "reservation_released",
        "OrderCanceled",
        "reservation_released",
        "MarketFinalized",
        "PositionSettled",
    ]
    assert (told["status"], told["complete"]) == ("canceled", True)
    positions = [step["position"] for step in told["chain"]]
    assert positions == sorted(positions)
    by_type = {step["type"]: step for step in told["chain"]}
    assert by_type["funds_reserved"]["correlation_id"] == by_type["OrderPlaced"]["correlation_id"]
    assert by_type["fill_booked"]["because_of"] == {
        "stream": by_type["TradeExecuted"]["stream"],
        "revision": by_type["TradeExecuted"]["revision"],
    }
    assert by_type["OrderCanceled"]["data"] == {"count_fp": "3.00", "reason": "requested"}
    assert by_type["MarketFinalized"]["data"] == {"result": "no"}
    assert by_type["PositionSettled"]["data"]["payout_dollars"] == "0.000000"
    moved = sum(
        float(step["data"]["cash_delta_dollars"]) for step in told["chain"] if step["step"] == "ledger_entry"
    )
    assert moved == pytest.approx(-6 * 0.42)


async def test_a_winner_is_told_of_the_payout(world: World, bob: Person, traded: dict[str, str]) -> None:
    told = await why(world, bob, f"orders/{traded['theirs']}")
    assert types(told)[-3:] == ["MarketFinalized", "PositionSettled", "payout_booked"]
    assert told["chain"][-1]["data"]["cash_delta_dollars"] == "6.000000"
    [trade] = [step for step in told["chain"] if step["type"] == "TradeExecuted"]
    assert (trade["caused_by"], trade["data"]["is_taker"]) == ("own_command", True)


async def test_nothing_is_told_of_the_other_side(
    world: World, ann: Person, bob: Person, traded: dict[str, str]
) -> None:
    answer = await world.send(ann, "GET", f"{WHY}/orders/{traded['mine']}")
    theirs = await world.send(bob, "GET", f"{WHY}/orders/{traded['theirs']}")
    assert "bob" not in answer.text
    assert traded["theirs"] not in answer.text
    their_command = next(step["command_id"] for step in theirs.json()["chain"] if step["command_id"])
    assert their_command not in answer.text
    trades = [step for step in answer.json()["chain"] if step["type"] == "TradeExecuted"]
    assert {step["caused_by"] for step in trades} == {"counterparty"}
    assert {step["command_id"] for step in trades} == {None}


async def test_each_entry_of_an_order_can_be_asked_about(
    world: World, ann: Person, traded: dict[str, str]
) -> None:
    told = await why(world, ann, f"orders/{traded['mine']}")
    for step in told["chain"]:
        if step["step"] == "ledger_entry":
            entry = await why(world, ann, f"ledger/ann/{step['revision']}")
            assert entry["chain"][-1] == step
            assert (entry["account_id"], entry["revision"]) == ("ann", step["revision"])
            if step["because_of"]:
                assert step["because_of"]["revision"] in [each["revision"] for each in entry["chain"][:-1]]
                assert entry["chain"][0]["type"] == "OrderPlaced"


async def test_a_payout_is_followed_back_to_the_end_of_the_market(
    world: World, bob: Person, traded: dict[str, str]
) -> None:
    told = await why(world, bob, f"orders/{traded['theirs']}")
    entry = await why(world, bob, f"ledger/bob/{told['chain'][-1]['revision']}")
    assert types(entry) == ["MarketFinalized", "PositionSettled", "payout_booked"]


async def test_a_deposit_has_its_reference(world: World, ann: Person) -> None:
    await visible(world)
    page = await world.presage.reads.portfolio.ledger_entries(ann.account_id)
    entry = await why(world, ann, f"ledger/ann/{page.items[0].ledger_revision}")
    assert types(entry) == ["funds_deposited"]
    assert entry["chain"][0]["data"]["reference"] == "start"


async def test_what_is_somebody_elses_does_not_exist(
    world: World, operator: Person, ann: Person, bob: Person, traded: dict[str, str]
) -> None:
    told = await why(world, ann, f"orders/{traded['mine']}")
    revision = told["chain"][0]["revision"]
    for person in (bob, operator):
        assert error(await world.send(person, "GET", f"{WHY}/orders/{traded['mine']}")) == (
            404,
            "order_not_found",
        )
        assert error(await world.send(person, "GET", f"{WHY}/ledger/ann/{revision}")) == (404, "not_found")
        # Not even where it lies in the same ledger.
        own = await world.send(person, "GET", f"{WHY}/ledger/{person.account_id}/{revision}")
        assert own.status_code == 404 or own.json()["account_id"] == person.account_id
    for entry in ("999999", "-1", "x", "9" * 60):
        assert error(await world.send(ann, "GET", f"{WHY}/ledger/ann/{entry}")) == (404, "not_found")


async def test_a_called_off_trade_is_followed_to_the_undoing(
    world: World, market: str, operator: Person, ann: Person, bob: Person
) -> None:
    condition = {"parent_ticker": market, "required_result": "yes"}
    await world.market(operator, "CHILD", condition=condition)
    mine = await placed(world, ann, ticker="CHILD", count=5)
    await placed(world, bob, ticker="CHILD", side="no", count=5, yes_price=..., no_price=58)
    await world.send(operator, "POST", f"{ADMIN}/markets/{market}/resolve", body={"result": "no"})
    told = await why(world, ann, f"orders/{mine}")
    assert types(told)[-3:] == ["MarketCalledOff", "PositionUnwound", "unwind_booked"]
    assert told["chain"][-1]["data"]["cash_delta_dollars"] == "2.100000"


async def test_a_key_that_may_not_read_is_not_told(world: World, ann: Person) -> None:
    person = await world.person("ann", (Scope.ADMIN,), pair=2)
    assert error(await world.send(person, "GET", f"{WHY}/orders/x")) == (403, "forbidden")
