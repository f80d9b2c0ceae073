"""Who leads, which markets are busiest, and which are about something."""

import asyncio
from typing import Any

import pytest

from tests.integration.http.world import ADMIN, BASE, Person, World, error

LEADERBOARD = f"{BASE}/leaderboard"


async def get(world: World, path: str, **query: Any) -> dict[str, Any]:
    await world.presage.exchange.settled()
    await world.presage.shown()
    answer = await world.send(None, "GET", path, query=query)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def meet(world: World, ann: Person, bob: Person, ticker: str, count: int) -> None:
    """Let Ann buy yes at 40 cents from Bob, who takes no."""
    assert (await world.place(ann, ticker=ticker, yes_price=40, count=count)).status_code == 201
    sold = await world.place(bob, ticker=ticker, side="no", yes_price=..., no_price=60, count=count)
    assert sold.json()["order"]["status"] == "executed"


async def test_traders_are_ranked_by_profit_now_and_as_it_stood(
    world: World, market: str, operator: Person, ann: Person, bob: Person
) -> None:
    await meet(world, ann, bob, market, 10)
    even = await get(world, LEADERBOARD, period="day")
    assert [entry["profit_dollars"] for entry in even["entries"]] == ["0.0000", "0.0000"]
    view = (await get(world, f"{BASE}/exchange/user_data_timestamp"))["as_of_time"]
    await asyncio.sleep(0.002)
    await world.send(operator, "POST", f"{ADMIN}/markets/{market}/resolve", body={"result": "yes"})
    for period in ("day", "week", "month", "all"):
        answer = await get(world, LEADERBOARD, period=period)
        assert answer["period"] == period
        assert answer["entries"] == [
            {
                "rank": 1,
                "account_id": ann.account_id,
                "profit_dollars": "6.0000",
                "profit_microdollars": 6_000_000,
            },
            {
                "rank": 2,
                "account_id": bob.account_id,
                "profit_dollars": "-6.0000",
                "profit_microdollars": -6_000_000,
            },
        ]
        then = await get(world, LEADERBOARD, period=period, as_of_ts=_seconds(view))
        assert [entry["profit_dollars"] for entry in then["entries"]] == ["0.0000", "0.0000"]
    assert len((await get(world, LEADERBOARD, limit=1))["entries"]) == 1
    assert (await get(world, LEADERBOARD, as_of_ts="1"))["entries"] == []


def _seconds(text: str) -> str:
    from datetime import datetime

    return f"{datetime.fromisoformat(text).timestamp():.6f}"


async def test_markets_are_found_by_their_words(world: World, operator: Person) -> None:
    await world.market(operator, "RAIN", title="Will it rain in Vienna on Saturday?")
    await world.market(operator, "SNOW", title="Will it snow in Vienna?", category="Weather")
    await world.market(operator, "GOLD", title="Does gold close above 4,000?")

    async def found(text: str) -> set[str]:
        answer = await get(world, f"{BASE}/search/markets", text=text)
        return {market["ticker"] for market in answer["markets"]}

    assert await found("vienna") == {"RAIN", "SNOW"}
    assert await found("saturday VIENNA") == {"RAIN"}
    assert await found("weather") == {"SNOW"}
    assert await found("silver") == set()
    assert await found('" NEAR( title: OR ^vien* -') == set()


async def test_the_busiest_markets_come_first(
    world: World, operator: Person, ann: Person, bob: Person
) -> None:
    for ticker in ("A", "B", "C"):
        await world.market(operator, ticker)
    for ticker, count in (("B", 30), ("C", 20)):
        await meet(world, ann, bob, ticker, count)
    answer = await get(world, f"{BASE}/search/most_traded")
    assert [(each["ticker"], each["volume_24h_fp"]) for each in answer["markets"]] == [
        ("B", "30.00"),
        ("C", "20.00"),
    ]
    assert len((await get(world, f"{BASE}/search/most_traded", limit=1))["markets"]) == 1


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("leaderboard", {"period": "year"}, "invalid_parameter"),
        ("leaderboard", {"limit": 0}, "invalid_parameter"),
        ("leaderboard", {"limit": 1_001}, "invalid_parameter"),
        ("leaderboard", {"as_of_ts": "yesterday"}, "invalid_parameter"),
        ("leaderboard", {"as_of_revision": 3}, "unknown_parameter"),
        ("search/markets", {}, "missing_parameter"),
        ("search/markets", {"text": ""}, "invalid_parameter"),
        ("search/markets", {"text": "x" * 301}, "invalid_parameter"),
        ("search/most_traded", {"limit": "many"}, "invalid_parameter"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    world: World, path: str, query: dict[str, Any], code: str
) -> None:
    answer = await world.send(None, "GET", f"{BASE}/{path}", query=query)
    assert error(answer) == (400, code)
