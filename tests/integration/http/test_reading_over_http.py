"""Reads: how far they see, what they show of markets and groups, and pages."""

import asyncio
from dataclasses import asdict

import httpx
import pytest

from tests.integration.http.world import ADMIN, BASE, ORDERS, Person, World, error


async def test_every_write_says_where_it_stands_and_a_read_can_wait_for_it(
    world: World, market: str, ann: Person
) -> None:
    for price in range(1, 30):
        placed = await world.place(ann, yes_price=price, count=1)
        position = placed.headers["X-Presage-Position"]
        read = await world.send(
            None,
            "GET",
            f"{BASE}/markets/{market}/orderbook",
            headers={"X-Presage-Min-Position": position},
        )
        assert [price, 1] in read.json()["orderbook"]["yes"]
        assert int(read.headers["X-Presage-Position"]) >= int(position)


async def test_a_read_that_waits_in_vain_says_how_far_it_could_see(world: World, market: str) -> None:
    head = await world.presage.store.head()
    answer = await world.send(
        None, "GET", f"{BASE}/markets", headers={"X-Presage-Min-Position": str(head + 1_000_000)}
    )
    assert error(answer) == (503, "read_model_behind")
    assert answer.headers["Retry-After"] == "1"
    assert 0 < int(answer.headers["X-Presage-Position"]) <= head + 1


@pytest.mark.parametrize("text", ["", "last", "-1", "1.5", "9" * 20])
async def test_a_position_that_is_none_is_refused(world: World, text: str) -> None:
    answer = await world.send(None, "GET", f"{BASE}/markets", headers={"X-Presage-Min-Position": text})
    assert error(answer) == (400, "invalid_header")


async def test_markets_are_listed_page_by_page(world: World, operator: Person) -> None:
    for number in range(7):
        await world.market(operator, f"M-{number}")
    seen: list[str] = []
    cursor = ""
    for _ in range(10):
        page = (await world.send(None, "GET", f"{BASE}/markets", query={"limit": 3, "cursor": cursor})).json()
        seen.extend(market["ticker"] for market in page["markets"])
        cursor = page["cursor"]
        if not cursor:
            break
    assert seen == [f"M-{number}" for number in range(7)]


async def test_markets_are_found_by_status_ticker_and_group(world: World, operator: Person) -> None:
    await world.send(
        operator, "POST", f"{ADMIN}/groups", body={"group_id": "RACE", "title": "Who?", "series": "RACES"}
    )
    await world.market(operator, "A", group_id="RACE")
    await world.market(operator, "B", group_id="RACE", activate=False)
    await world.market(operator, "C")

    async def found(**query: str) -> list[str]:
        answer = await world.send(None, "GET", f"{BASE}/markets", query=query)
        return [market["ticker"] for market in answer.json()["markets"]]

    assert await found(status="open") == ["A", "C"]
    assert await found(status="unopened") == ["B"]
    assert await found(status="open,unopened") == ["A", "B", "C"]
    assert await found(event_ticker="RACE") == ["A", "B"]
    assert await found(series_ticker="RACES") == ["A", "B"]
    assert await found(tickers="C,A,NONE") == ["A", "C"]
    assert await found(mve_filter="only") == []


async def test_a_group_is_told_as_an_event_with_its_markets(world: World, operator: Person) -> None:
    group = {"group_id": "RACE", "title": "Who wins?", "category": "Sports", "series": "RACES"}
    assert (await world.send(operator, "POST", f"{ADMIN}/groups", body=group)).status_code == 201
    for ticker in ("A", "B"):
        await world.market(operator, ticker, group_id="RACE")
    plain = (await world.send(None, "GET", f"{BASE}/events/RACE")).json()
    assert plain["event"]["title"] == "Who wins?"
    assert plain["event"]["mutually_exclusive"] is True
    assert "markets" not in plain["event"]
    assert [market["ticker"] for market in plain["markets"]] == ["A", "B"]
    nested = await world.send(None, "GET", f"{BASE}/events", query={"with_nested_markets": "true"})
    assert [m["ticker"] for m in nested.json()["events"][0]["markets"]] == ["A", "B"]
    series = (await world.send(None, "GET", f"{BASE}/series")).json()["series"]
    assert [(s["ticker"], s["category"]) for s in series] == [("RACES", "Sports")]
    assert (await world.send(None, "GET", f"{BASE}/series/RACES")).json()["series"]["ticker"] == "RACES"


async def test_a_book_is_cut_to_the_depth_asked_for_best_last(world: World, market: str, ann: Person) -> None:
    for price in (40, 41, 42):
        last = await world.place(ann, yes_price=price)
    position = {"X-Presage-Min-Position": last.headers["X-Presage-Position"]}
    path = f"{BASE}/markets/{market}/orderbook"
    whole = (await world.send(None, "GET", path, headers=position)).json()
    assert whole["orderbook"]["yes"] == [[40, 10], [41, 10], [42, 10]]
    cut = (await world.send(None, "GET", path, query={"depth": 2})).json()
    assert cut["orderbook"]["yes"] == [[41, 10], [42, 10]]
    assert cut["orderbook_fp"]["yes_dollars"] == [["0.4100", "10.00"], ["0.4200", "10.00"]]
    told = (await world.send(None, "GET", f"{BASE}/markets/{market}")).json()["market"]
    assert (told["yes_bid"], told["no_ask"], told["yes_ask"], told["no_bid"]) == (42, 58, 100, 0)
    assert told["market_version"] == whole["market_version"]


async def test_finer_prices_are_exact_in_dollars_and_rounded_in_cents(
    world: World, operator: Person, ann: Person
) -> None:
    await world.market(operator, "FINE", tick_size_dollars="0.0001")
    for price in ("0.4151", "0.4149", "0.4150"):
        last = await world.place(
            ann, ticker="FINE", yes_price=..., yes_price_dollars=price, count=..., count_fp="1.50"
        )
    order = last.json()["order"]
    assert (order["yes_price"], order["yes_price_dollars"]) == (42, "0.4150")
    assert (order["initial_count"], order["initial_count_fp"]) == (1, "1.50")
    position = {"X-Presage-Min-Position": last.headers["X-Presage-Position"]}
    book = (await world.send(None, "GET", f"{BASE}/markets/FINE/orderbook", headers=position)).json()
    assert book["orderbook"]["yes"] == [[41, 1], [42, 3]]
    assert book["orderbook_fp"]["yes_dollars"] == [
        ["0.4149", "1.50"],
        ["0.4150", "1.50"],
        ["0.4151", "1.50"],
    ]
    told = (await world.send(None, "GET", f"{BASE}/markets/FINE")).json()["market"]
    assert told["price_ranges"] == [{"start": "0.0001", "end": "0.9999", "step": "0.0001"}]


async def test_candlesticks_cover_the_periods_in_which_something_happened(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    await world.place(ann)
    taken = await world.place(bob, side="no", yes_price=..., no_price=58, count=4)
    answer = await world.send(
        None,
        "GET",
        f"{BASE}/series/ANY/markets/{market}/candlesticks",
        query={"start_ts": 0, "end_ts": 4_000_000_000, "period_interval": 1440},
        headers={"X-Presage-Min-Position": taken.headers["X-Presage-Position"]},
    )
    assert answer.status_code == 200, answer.text
    (candle,) = answer.json()["candlesticks"]
    assert (candle["volume"], candle["open_interest"]) == (4, 4)
    assert (candle["price"]["open"], candle["price"]["close_dollars"]) == (42, "0.4200")


async def test_the_exchange_tells_of_itself(world: World, ann: Person) -> None:
    status = (await world.send(None, "GET", f"{BASE}/exchange/status")).json()
    assert status == {"exchange_active": True, "trading_active": True}
    schedule = (await world.send(None, "GET", f"{BASE}/exchange/schedule")).json()["schedule"]
    assert schedule["standard_hours"][0]["monday"] == [{"open_time": "00:00", "close_time": "24:00"}]
    assert (await world.send(None, "GET", f"{BASE}/exchange/announcements")).json() == {"announcements": []}
    seen = (await world.send(None, "GET", f"{BASE}/exchange/user_data_timestamp")).json()
    assert seen["position"] > 0
    assert seen["as_of_time"].endswith("Z")
    assert seen["lag_ms"] == 0
    assert seen["events_per_s"] >= 0
    limits = (await world.send(ann, "GET", f"{BASE}/account/limits")).json()
    assert limits["batch_max"] == 200


async def test_monitoring_sees_how_far_the_read_models_are(
    world: World, market: str, operator: Person
) -> None:
    assert await world.presage.shown()
    answer = await world.send(operator, "GET", "/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    head = await world.presage.store.head()
    assert f"\npresage_read_models_position {float(head)}\n" in answer.text


async def test_what_describes_the_process_is_public(world: World) -> None:
    alive = (await world.client.get("/healthz")).json()
    assert alive == {"status": "ok", **asdict(world.presage.identity)}
    assert (await world.client.get("/readyz")).json() == {"status": "ready", "conditions": []}
    schemas = (await world.client.get("/schemas/events")).json()
    assert schemas["events"]["OrderPlaced"]["version"] >= 2
    openapi = (await world.client.get("/openapi.json")).json()
    assert f"{ORDERS}/batched" in openapi["paths"]
    page = await world.client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>Presage</title>" in page.text


async def test_many_readers_and_writers_at_once_all_get_their_answers(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    async def one(number: int) -> httpx.Response:
        if number % 3:
            person = ann if number % 2 else bob
            return await world.place(person, yes_price=number % 90 + 1, client_order_id=f"n{number}")
        return await world.send(None, "GET", f"{BASE}/markets/{market}/orderbook")

    answers = await asyncio.gather(*(one(number) for number in range(300)))
    assert {answer.status_code for answer in answers} == {200, 201}
