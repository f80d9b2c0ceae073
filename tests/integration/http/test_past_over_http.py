"""How things stood, over HTTP: the price, the market, its book, one's own positions."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from application.past import Past
from tests.integration.http.world import ADMIN, BASE, Person, World, error

MARKETS = f"{BASE}/markets"

Story = list[tuple[str, dict[str, Any]]]


async def now_ts(world: World) -> str:
    """Return a time after all that happened, and let a moment pass."""
    await world.presage.exchange.settled()
    await asyncio.sleep(0.002)
    at_us = await last_us(world)
    return str(Decimal(at_us) / 1_000_000)


async def last_us(world: World) -> int:
    async for page in world.presage.store.read_all(backwards=True, limit=1):
        return world.presage.exchange.past._codec.decode(page.events[0]).cause.at_us
    return 0


async def get(world: World, path: str, person: Person | None = None, **query: Any) -> dict[str, Any]:
    answer = await world.send(person, "GET", path, query=query)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def visible(world: World) -> None:
    await world.presage.exchange.settled()
    await world.presage.reads.freshness.await_position(await world.presage.store.head(), 5)


@pytest.fixture
async def story(world: World, market: str, ann: Person, bob: Person) -> Story:
    """Let things happen one after the other, and note after each how all of it is told."""
    told: Story = []
    deeds = [
        lambda: world.place(ann, yes_price=40),
        lambda: world.place(bob, side="no", count=4, yes_price=..., no_price=60),
        lambda: world.place(ann, yes_price=45, count=3),
        lambda: world.place(bob, side="no", count=2, yes_price=..., no_price=55),
        lambda: world.place(ann, action="sell", count=1, yes_price=46),
        lambda: world.place(bob, side="yes", count=1, yes_price=46),
    ]
    for deed in deeds:
        assert (await deed()).status_code == 201
        await visible(world)
        told.append((await now_ts(world), await everything(world, market, ann)))
    return told


async def everything(world: World, market: str, person: Person, **query: Any) -> dict[str, Any]:
    return {
        "market": (await get(world, f"{MARKETS}/{market}", **query))["market"],
        "book": await get(world, f"{MARKETS}/{market}/orderbook", **query),
        "positions": await get(world, f"{BASE}/portfolio/positions", person, **query),
    }


async def test_as_of_a_time_all_is_told_as_it_was_told_then(
    world: World, market: str, ann: Person, story: Story
) -> None:
    for at, told in story:
        again = await everything(world, market, ann, as_of_ts=at)
        assert again["book"] == told["book"]
        assert again["positions"] == told["positions"]
        assert again["market"] == told["market"]


async def test_as_of_a_revision_market_and_book_are_told_as_they_were_told_then(
    world: World, market: str, story: Story
) -> None:
    for _, told in story:
        revision = told["market"]["market_version"]
        path = f"{MARKETS}/{market}"
        assert (await get(world, path, as_of_revision=revision))["market"] == told["market"]
        assert await get(world, f"{path}/orderbook", as_of_revision=revision) == told["book"]


async def test_positions_as_of_a_revision_are_of_one_market(
    world: World, market: str, ann: Person, story: Story
) -> None:
    path = f"{BASE}/portfolio/positions"
    for _, told in story:
        query = {"as_of_revision": told["market"]["market_version"], "ticker": market}
        assert await get(world, path, ann, **query) == told["positions"]
    refused = await world.send(ann, "GET", path, query={"as_of_revision": 1})
    assert error(refused) == (400, "missing_parameter")


async def test_the_price_at_any_time(world: World, market: str, story: Story) -> None:
    prices = []
    for at, told in story:
        answer = await get(world, f"{MARKETS}/{market}/price_at", ts=at)
        prices.append(answer["yes_price_dollars"])
        assert answer["yes_price_dollars"] in (None, told["market"]["last_price_dollars"])
    assert prices == [None, "0.4000", "0.4000", "0.4500", "0.4500", "0.4600"]
    before = await get(world, f"{MARKETS}/{market}/price_at", ts=0)
    assert before == {
        "ticker": market,
        "at_time": "1970-01-01T00:00:00Z",
        "yes_price": None,
        "yes_price_dollars": None,
        "no_price": None,
        "no_price_dollars": None,
    }
    assert answer["no_price"] == 54


async def test_what_was_paid_out_is_still_held_in_the_past(
    world: World, market: str, operator: Person, ann: Person, story: Story
) -> None:
    await world.send(operator, "POST", f"{ADMIN}/markets/{market}/resolve", body={"result": "yes"})
    await visible(world)
    ended = await now_ts(world)
    at, told = story[3]
    assert await get(world, f"{BASE}/portfolio/positions", ann, as_of_ts=at) == told["positions"]
    now = await get(world, f"{BASE}/portfolio/positions", ann)
    assert await get(world, f"{BASE}/portfolio/positions", ann, as_of_ts=ended) == now
    assert (await get(world, f"{MARKETS}/{market}", as_of_ts=at))["market"]["lifecycle_status"] == "active"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"as_of_ts": "0"}, (404, "not_found")),
        ({"as_of_revision": "99999"}, (404, "not_found")),
        ({"as_of_ts": "1", "as_of_revision": "1"}, (400, "invalid_parameter")),
        ({"as_of_ts": "-1"}, (400, "invalid_parameter")),
        ({"as_of_ts": "1.1234567"}, (400, "invalid_parameter")),
        ({"as_of_ts": "nan"}, (400, "invalid_parameter")),
        ({"as_of_ts": "99999999999999"}, (400, "invalid_parameter")),
        ({"as_of_revision": "-1"}, (400, "invalid_parameter")),
        ({"as_of_revision": str(2**70)}, (400, "invalid_parameter")),
    ],
)
async def test_a_past_that_never_was_is_refused(
    world: World, market: str, query: dict[str, str], expected: tuple[int, str]
) -> None:
    for path in (f"{MARKETS}/{market}", f"{MARKETS}/{market}/orderbook"):
        assert error(await world.send(None, "GET", path, query=query)) == expected


async def test_a_market_that_never_was_has_no_past(world: World) -> None:
    for path in ("NOWHERE", "NOWHERE/orderbook", "NOWHERE/price_at"):
        query = {"ts": "1"} if path.endswith("price_at") else {"as_of_ts": "1"}
        assert error(await world.send(None, "GET", f"{MARKETS}/{path}", query=query)) == (
            404,
            "market_not_found",
        )
    assert error(await world.send(None, "GET", f"{MARKETS}/NOWHERE/price_at")) == (400, "missing_parameter")


async def test_the_rules_of_all_times_are_told(
    world: World, market: str, operator: Person, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{BASE}/markets/{market}"
    stood = {1: ("", 0)}
    for version, text in ((2, "By the gauge."), (3, "By the gauge at noon.")):
        for price in (40, 41, 42):
            await world.place(ann, count=1, yes_price=price)
            await world.place(bob, side="no", count=1, yes_price=..., no_price=100 - price)
        await world.send(operator, "PUT", f"{ADMIN}/markets/{market}/rules", body={"rules": text})
        now = (await world.send(None, "GET", path)).json()["market"]["market_version"]
        stood[version] = (text, now)
    await world.place(ann, count=1, yes_price=1)
    told = (await world.send(None, "GET", f"{path}/rules")).json()
    assert told["ticker"] == market
    found = {each["version"]: (each["rules"], each["market_version"]) for each in told["versions"]}
    assert found == stood
    times = [each["since_time"] for each in told["versions"]]
    assert times == sorted(times)

    async def never(*_: object) -> None:
        raise AssertionError("it was found before")

    monkeypatch.setattr(Past, "market_after", never)
    assert (await world.send(None, "GET", f"{path}/rules")).json() == told
    assert error(await world.send(None, "GET", f"{BASE}/markets/NONE/rules")) == (404, "market_not_found")


async def test_of_very_many_texts_the_latest_are_told(world: World, market: str, operator: Person) -> None:
    for number in range(2, 26):
        await world.send(operator, "PUT", f"{ADMIN}/markets/{market}/rules", body={"rules": f"text {number}"})
        if number == 22:
            await world.send(None, "GET", f"{BASE}/markets/{market}/rules")
    told = (await world.send(None, "GET", f"{BASE}/markets/{market}/rules")).json()["versions"]
    assert [(each["version"], each["rules"]) for each in told] == [(n, f"text {n}") for n in range(6, 26)]
