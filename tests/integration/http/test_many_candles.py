"""Candlesticks of several markets, and the forecast that an event's markets make together."""

import time
from typing import Any

import pytest

from tests.integration.http.world import ADMIN, BASE, Person, World, error

NOW = int(time.time())
PERIOD = {"start_ts": NOW - 86_400, "end_ts": NOW + 86_400, "period_interval": 1440}
IN_EVENT = f"{BASE}/series/FEDS/events/FED"


@pytest.fixture
async def event(world: World, operator: Person, ann: Person, bob: Person) -> None:
    """An event of two markets that traded at thirty and at fifty cents."""
    group = {"group_id": "FED", "title": "The Fed?", "category": "Economics", "series": "FEDS"}
    made = await world.send(operator, "POST", f"{ADMIN}/groups", body=group)
    assert made.status_code == 201, made.text
    for ticker, price in (("CUT", 30), ("HOLD", 50)):
        await world.market(operator, ticker, group_id="FED")
        await world.place(ann, ticker=ticker, count=2, yes_price=price)
        await world.place(bob, ticker=ticker, count=2, side="no", yes_price=price)
    await world.presage.exchange.settled()


async def read(world: World, path: str, **query: Any) -> Any:
    answer = await world.send(None, "GET", path, query=PERIOD | query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.usefixtures("event")
async def test_candlesticks_of_several_markets_are_those_of_each(world: World) -> None:
    several = await read(world, f"{BASE}/markets/candlesticks", market_tickers="CUT,HOLD")
    alone = [
        (await read(world, f"{BASE}/series/FEDS/markets/{ticker}/candlesticks"))["candlesticks"]
        for ticker in ("CUT", "HOLD")
    ]
    assert [market["candlesticks"] for market in several["markets"]] == alone
    assert [market["market_ticker"] for market in several["markets"]] == ["CUT", "HOLD"]
    of_event = await read(world, f"{IN_EVENT}/candlesticks")
    assert (of_event["market_tickers"], of_event["market_candlesticks"]) == (["CUT", "HOLD"], alone)
    assert of_event["adjusted_end_ts"] == PERIOD["end_ts"]
    long = await read(world, f"{IN_EVENT}/candlesticks", start_ts=1, period_interval=60)
    assert long["adjusted_end_ts"] == 5_000 * 3_600


@pytest.mark.usefixtures("event")
@pytest.mark.parametrize(
    ("percentiles", "titles"), [("3750,3751", ["CUT?", "HOLD?"]), ("0,10000", ["CUT?", "HOLD?"])]
)
async def test_a_percentile_falls_on_the_market_up_to_which_the_prices_add_up_to_it(
    world: World, percentiles: str, titles: list[str]
) -> None:
    told = await read(world, f"{IN_EVENT}/forecast_percentile_history", percentiles=percentiles)
    points = told["forecast_history"][-1]["percentile_points"]
    assert [point["formatted_forecast"] for point in points] == titles
    assert [point["numerical_forecast"] for point in points] == [1, 2]


@pytest.mark.usefixtures("event")
@pytest.mark.parametrize(
    ("path", "query", "refusal"),
    [
        (f"{BASE}/markets/candlesticks", {}, (400, "missing_parameter")),
        (f"{BASE}/markets/candlesticks", {"market_tickers": "NONE"}, (404, "market_not_found")),
        (f"{BASE}/markets/candlesticks", {"market_tickers": "CUT", "start_ts": NOW + 86_401}, None),
        (
            f"{BASE}/markets/candlesticks",
            {"market_tickers": "CUT", "start_ts": 1, "period_interval": 1},
            None,
        ),
        (f"{IN_EVENT}/candlesticks", {"period_interval": 7}, (400, "invalid_parameter")),
        (f"{BASE}/series/FEDS/events/NONE/candlesticks", {}, (404, "group_not_found")),
        (f"{BASE}/series/OTHER/events/FED/candlesticks", {}, (404, "group_not_found")),
        (f"{IN_EVENT}/forecast_percentile_history", {"percentiles": "10001"}, None),
    ],
)
async def test_what_cannot_be_answered_is_refused(
    world: World, path: str, query: dict[str, Any], refusal: tuple[int, str] | None
) -> None:
    answer = await world.send(None, "GET", path, query=PERIOD | query)
    assert error(answer) == (refusal or (400, "invalid_parameter"))


@pytest.mark.usefixtures("event")
async def test_an_event_has_no_pictures(world: World) -> None:
    told = (await world.send(None, "GET", f"{BASE}/events/FED/metadata")).json()
    assert [market["market_ticker"] for market in told["market_details"]] == ["CUT", "HOLD"]
    assert (told["image_url"], told["settlement_sources"]) == ("", [])
