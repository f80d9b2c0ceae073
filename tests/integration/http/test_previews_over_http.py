"""Operators see what each ending of a market would pay, before they take one."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.http.routes import admin_preview
from domain.identifiers import Ticker
from domain.market.preview import Preview, previews
from tests.integration.http.world import ADMIN, BASE, Person, World, error

FAR_AWAY_US = 10**17
PREVIEW = f"{ADMIN}/markets/FED-CUT/preview"


@pytest.fixture
async def traded(world: World, market: str, ann: Person, bob: Person) -> None:
    """Ann has bought ten yes for forty cents, bob ten no."""
    await world.place(ann, count=10, yes_price=40)
    await world.place(bob, side="no", count=10, yes_price=40)


@pytest.mark.usefixtures("traded")
async def test_each_ending_is_told_for_each_account_and_nothing_is_written(
    world: World, market: str, operator: Person
) -> None:
    version = (await world.send(None, "GET", f"{BASE}/markets/{market}")).json()["market"]["market_version"]
    answer = await world.send(operator, "GET", PREVIEW, query={"void_price_dollars": "0.3"})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [
        (each["ending"], each["payout_dollars"], each["collateral_dollars"], each["conserved"])
        for each in told["endings"]
    ] == [(ending, "10.000000", "10.000000", True) for ending in ("yes", "no", "void", "unwind")]
    assert {each["account_id"]: each["dues_dollars"] for each in told["accounts"]} == {
        "ann": {"yes": "10.000000", "no": "0.000000", "void": "3.000000", "unwind": "4.000000"},
        "bob": {"yes": "0.000000", "no": "10.000000", "void": "7.000000", "unwind": "6.000000"},
    }
    assert told["market_version"] == version
    first = (await world.send(operator, "GET", PREVIEW, query={"limit": 1})).json()
    rest = (await world.send(operator, "GET", PREVIEW, query={"limit": 1, "cursor": first["cursor"]})).json()
    assert [page["accounts"][0]["account_id"] for page in (first, rest)] == ["ann", "bob"]
    assert (first["cursor"], rest["cursor"]) == ("ann", "")


@pytest.mark.usefixtures("traded")
async def test_others_have_their_turn_while_endings_are_worked_out(
    world: World, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def noted(*market: Any, **how: Any) -> Iterator[Preview]:
        threads.append(threading.current_thread())
        return previews(*market, **how)

    monkeypatch.setattr(admin_preview, "previews", noted)
    assert (await world.send(operator, "GET", PREVIEW)).status_code == 200
    (thread,) = threads
    assert thread is not threading.main_thread()


@pytest.mark.usefixtures("traded")
async def test_trades_since_a_moment_are_taken_back(
    world: World, operator: Person, ann: Person, bob: Person
) -> None:
    standing = await world.presage.exchange.past.market_at(Ticker("FED-CUT"), FAR_AWAY_US)
    assert standing is not None
    now_us = standing.tip.at_us
    await world.place(ann, count=5, yes_price=50)
    await world.place(bob, side="no", count=5, yes_price=50)
    since = f"{now_us // 1_000_000}.{now_us % 1_000_000:06d}"
    told = (await world.send(operator, "GET", PREVIEW, query={"unwind_after_ts": since})).json()
    [unwind] = [each for each in told["endings"] if each["ending"] == "unwind"]
    assert (unwind["payout_dollars"], unwind["conserved"]) == ("5.000000", True)
    assert {each["account_id"]: each["dues_dollars"]["unwind"] for each in told["accounts"]} == {
        "ann": "2.500000",
        "bob": "2.500000",
    }


async def test_what_has_ended_or_never_was_has_no_preview(
    world: World, market: str, operator: Person, ann: Person
) -> None:
    missing = await world.send(operator, "GET", f"{ADMIN}/markets/NONE/preview")
    assert error(missing) == (404, "market_not_found")
    assert error(await world.send(ann, "GET", PREVIEW)) == (403, "forbidden")
    dear = await world.send(operator, "GET", PREVIEW, query={"void_price_dollars": "1.1"})
    assert error(dear) == (400, "invalid_parameter")
    await world.send(operator, "POST", f"{ADMIN}/markets/{market}/resolve", body={"result": "yes"})
    assert error(await world.send(operator, "GET", PREVIEW))[1] == "transition_not_allowed"


@pytest.mark.usefixtures("traded")
@pytest.mark.parametrize(
    ("act", "body"),
    [("resolve", {"result": "yes"}), ("determine", {"result": "yes"}), ("finalize", {}), ("void", {})],
)
async def test_what_was_previewed_is_paid_or_nothing_is(
    world: World, market: str, operator: Person, ann: Person, act: str, body: dict[str, Any]
) -> None:
    path = f"{ADMIN}/markets/{market}"
    seen = (await world.send(operator, "GET", PREVIEW)).json()["market_version"]
    assert (await world.send(operator, "POST", f"{path}/close", body={})).status_code == 200
    if act == "finalize":
        await world.send(operator, "POST", f"{path}/determine", body={"result": "yes"})
    refused = await world.send(operator, "POST", f"{path}/{act}", body=body | {"market_version": seen})
    assert error(refused) == (409, "market_version_changed")
    seen = (await world.send(operator, "GET", PREVIEW)).json()["market_version"]
    done = await world.send(operator, "POST", f"{path}/{act}", body=body | {"market_version": seen})
    assert done.status_code == 200, done.text
    paid = {"determine": 996, "void": 1_001}.get(act, 1_006)
    balance = await world.send(ann, "GET", f"{BASE}/portfolio/balance")
    assert balance.json()["cash_microdollars"] == paid * 1_000_000
