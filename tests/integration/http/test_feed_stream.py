"""The feed as server-sent events: the same messages, and coming back with Last-Event-ID."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest

from adapters.http.feed import stream
from adapters.http.feed.stream import PATH
from adapters.http.serving.serving import serving
from tests.integration.http.feed_client import BookMirror
from tests.integration.http.test_feed_resume import Flow, stood
from tests.integration.http.world import Person, World, error
from tests.unit.http.keys import signed_headers


@pytest.fixture
async def url(world: World) -> AsyncIterator[str]:
    async with serving(world.presage.app, "127.0.0.1", 0) as served:
        yield served.url


class Events:
    """What a browser makes of a stream: the data of each event, and the last id."""

    def __init__(self, answer: httpx.Response, last_id: str = "") -> None:
        self.last_id = last_id
        self._lines = answer.aiter_lines()

    async def next(self) -> tuple[str, dict[str, Any]]:
        """Return the next event's name and data."""
        name, data = "message", ""
        async with asyncio.timeout(10):
            async for line in self._lines:
                field, _, value = line.partition(": ")
                if field == "id":
                    self.last_id = value
                elif field == "event":
                    name = value
                elif field == "data":
                    data = value
                elif not line and data:
                    return name, orjson.loads(data)
        raise AssertionError("the stream has ended")


@asynccontextmanager
async def events(
    url: str, query: str, person: Person | None = None, last_id: str = "", **headers: str
) -> AsyncIterator[Events]:
    signed = signed_headers(person.key_id, person.private_pem, "GET", PATH) if person else {}
    sent = signed | headers | ({"Last-Event-ID": last_id} if last_id else {})
    async with (
        httpx.AsyncClient(base_url=url) as client,
        client.stream("GET", f"{PATH}?{query}", headers=sent) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"] == "text/event-stream"
        yield Events(answer, last_id)


async def test_a_stream_tells_a_markets_book_and_trades_and_goes_on_where_it_was_left(
    world: World, url: str, market: str, ann: Person, bob: Person
) -> None:
    query = f"channels=orderbook_delta,trade&market_tickers={market}"
    async with events(url, query) as heard:
        begun = [(await heard.next())[1]["msg"] for _ in range(3)]
        assert begun[:1] + begun[2:] == [
            {"channel": "orderbook_delta", "sid": 1},
            {"channel": "trade", "sid": 2},
        ]
        assert begun[1]["yes"] == []
        await world.place(ann, count=3, yes_price=42)
        _, told = await heard.next()
        assert told["type"] == "orderbook_delta"
        assert heard.last_id == str(told["msg"]["revision"])
        last_id = heard.last_id
    await world.place(bob, side="no", count=1, yes_price=..., no_price=58)
    async with events(url, query, last_id=last_id) as heard:
        again = [(await heard.next())[1] for _ in range(4)]
        assert {each["type"] for each in again[:2]} == {"subscribed"}
        assert {each["type"] for each in again[2:]} == {"orderbook_delta", "trade"}
        assert {each["msg"]["revision"] for each in again[2:]} == {int(heard.last_id)}


async def test_a_reader_of_a_stream_that_is_cut_off_ends_with_the_servers_book(
    world: World, url: str, market: str, ann: Person, bob: Person
) -> None:
    flow, mirror, last_id = Flow(world, [ann, bob], market, 11), BookMirror(), "-1"
    query = f"channels=orderbook_delta,ticker,trade,market_lifecycle_v2&market_ticker={market}"

    async def follow(heard: Events) -> None:
        """Take in the next event, once all of it has been told."""
        nonlocal last_id
        parts = []
        while heard.last_id == last_id:
            parts.append((await heard.next())[1])
        last_id = heard.last_id
        for told in parts:
            if told["type"] == "orderbook_delta":
                mirror.take(told)

    async with events(url, f"{query}&from_revision=0") as heard:
        heard.last_id = "-1"
        await follow(heard)
    for _ in range(8):
        async with events(url, query, last_id=last_id) as heard:
            await asyncio.gather(*(flow.step() for _ in range(40)))
            for _ in range(flow.random.randint(2, 15)):
                await follow(heard)
            for _ in range(flow.random.randint(0, 3)):
                await heard.next()  # which is not the end of an event, or is lost on the way
    book = await stood(world, market)
    async with events(url, query, last_id=last_id) as heard, asyncio.timeout(10):
        while mirror.levels != book:
            await follow(heard)
    assert mirror.snapshots == 0


async def test_an_account_hears_of_itself_in_a_stream_too(
    world: World, url: str, market: str, ann: Person
) -> None:
    await world.place(ann, count=3, yes_price=42)
    query = "channels=user_orders,fill&send_initial_snapshot=true"
    async with events(url, query, ann) as heard:
        told = [(await heard.next())[1] for _ in range(3)]
        assert {each["type"] for each in told} == {"subscribed", "user_order"}
        await world.place(ann, count=4, yes_price=41)
        _, placed = await heard.next()
        assert (placed["type"], placed["msg"]["initial_count_fp"]) == ("user_order", "4.00")
        assert heard.last_id == ""


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("", (400, "invalid_parameter")),
        ("channels=gossip", (400, "invalid_parameter")),
        ("channels=trade&channels=ticker", (400, "invalid_parameter")),
        ("channels=trade&sesame=1", (400, "invalid_parameter")),
        ("channels=trade&market_ticker=NO", (404, "market_not_found")),
        ("channels=trade&market_ticker=FED-CUT&from_revision=x", (400, "invalid_parameter")),
        ("channels=trade&market_ticker=FED-CUT&from_revision=999", (400, "invalid_parameter")),
        ("channels=fill", (401, "not_authenticated")),
    ],
)
async def test_a_stream_that_cannot_be_is_refused_as_any_request_is(
    world: World, market: str, query: str, refused: tuple[int, str]
) -> None:
    assert error(await world.send(None, "GET", f"{PATH}?{query}")) == refused


async def test_a_stream_is_asked_for_with_get(world: World, market: str) -> None:
    for method in ("HEAD", "POST"):
        assert (await world.send(None, method, f"{PATH}?channels=trade")).status_code == 405


async def test_a_last_event_id_that_no_stream_gave_is_refused(world: World, market: str) -> None:
    query = f"channels=trade&market_ticker={market}"
    for sent, refused in (("abc", "invalid_header"), ("99999", "invalid_parameter")):
        answer = await world.send(None, "GET", f"{PATH}?{query}", headers={"Last-Event-ID": sent})
        assert error(answer) == (400, refused)


async def test_a_silent_stream_shows_that_it_is_alive_and_says_why_it_ends(
    world: World, url: str, market: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SILENCE_S", 0.02)
    async with (
        httpx.AsyncClient(base_url=url) as client,
        client.stream("GET", f"{PATH}?channels=trade") as answer,
    ):
        lines = answer.aiter_lines()
        async for line in lines:
            if line == ":":
                break
        await world.presage.feed.close()
        rest = [line async for line in lines]
    assert "event: end" in rest
    assert any("1012" in line for line in rest)
