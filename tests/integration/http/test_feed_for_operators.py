"""What operators hear of the exchange as a whole, and nobody else does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import orjson
import pytest
from websockets.exceptions import ConnectionClosed

from adapters.engine_lines.line import EngineLine
from adapters.http.feed import feed as feed_module
from adapters.http.feed.stream import PATH as STREAM
from adapters.http.serving.serving import serving
from adapters.http_process import EngineOverview
from application.health import Health, Trouble
from application.watching.alerts import Concern
from tests.integration.http.feed_client import FeedClient, feed_client
from tests.integration.http.world import ADMIN, BASE, Person, World, in_one_process
from tests.unit.http.keys import signed_headers

FLOW = Concern.ORDER_FLOW


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "BEAT_S", 0.02)


@pytest.fixture
async def url(world: World) -> AsyncIterator[str]:
    async with serving(world.client._transport.app, "127.0.0.1", 0) as served:  # type: ignore[attr-defined]
        yield served.url


async def told_whole(client: FeedClient) -> dict[str, dict[str, object]]:
    """Return how everything stands, as a new subscription is told it."""
    whole = {}
    while True:
        each = await client.next()
        if each["type"] == "subscribed":
            continue
        whole[each["type"]] = each["msg"]
        if each["type"] == "admin_lag":
            return whole


async def test_a_new_subscription_is_told_how_everything_stands_and_then_what_changes(
    world: World, url: str, operator: Person
) -> None:
    alerts, health = world.presage.watch.alerts, world.presage.exchange.health
    alerts.begin(FLOW, "FED-CUT", "30 orders in a minute")
    async with feed_client(url, operator) as client, feed_client(url, operator) as late:
        assert (await client.ask("subscribe", channels=["admin"]))["msg"] == {"channel": "admin", "sid": 1}
        whole = await told_whole(client)
        overview = (await world.send(operator, "GET", f"{ADMIN}/overview")).json()
        assert whole["admin_readiness"] == overview["readiness"] == {"status": "ready", "conditions": []}
        assert whole["admin_service_levels"]["window_days"] == 30
        assert set(whole["admin_figures"]) == set(overview["figures"])
        assert whole["admin_alert"] == overview["alerts"]["active"][0]
        assert set(whole["admin_lag"]) == {"ts_ms", "lag_ms", "position"}

        alerts.begin(Concern.MARKET_MANIPULATION, "wash FED-CUT ann bob", "they trade with each other")
        found = (await client.of_kind("admin_alert"))["msg"]
        assert (found["concern"], found["message"]) == ("market_manipulation", "they trade with each other")
        alerts.begin(FLOW, "FED-CUT", "50 orders in a minute")
        renewed = (await client.of_kind("admin_alert"))["msg"]
        assert (renewed["message"], renewed["until"]) == ("50 orders in a minute", None)
        alerts.end(FLOW, "FED-CUT")
        over = (await client.of_kind("admin_alert"))["msg"]
        assert over["since"] == renewed["since"]
        assert over["until"]
        health.report("cache", Trouble.CACHE_UNAVAILABLE, "it is away")
        unwell = (await client.of_kind("admin_readiness"))["msg"]
        assert (unwell["status"], unwell["conditions"][0]["code"]) == ("degraded", "cache_unavailable")
        health.clear("cache", Trouble.CACHE_UNAVAILABLE)
        last = await client.of_kind("admin_readiness")
        assert last["msg"]["status"] == "ready"

        await late.ask("subscribe", channels=["admin"])
        whole = await told_whole(late)
        assert whole["admin_alert"] == found
        assert whole["admin_readiness"]["status"] == "ready"


async def test_numbers_have_no_gap(url: str, operator: Person) -> None:
    async with feed_client(url, operator) as client:
        await client.ask("subscribe", channels=["admin"])
        assert [(await client.next())["seq"] for _ in range(20)] == list(range(1, 21))


async def test_nobody_else_is_let_in(world: World, url: str, ann: Person, operator: Person) -> None:
    async with feed_client(url, ann) as hers, feed_client(url) as anybody, feed_client(url, operator) as own:
        assert (await hers.ask("subscribe", channels=["trade", "admin"]))["msg"]["code"] == 104
        assert (await anybody.ask("subscribe", channels=["admin"]))["msg"]["code"] == 9
        assert (await own.ask("subscribe", channels=["admin"], market_ticker="X"))["msg"]["code"] == 11
        assert (await own.ask("subscribe", channels=["admin"], from_revision=0))["msg"]["code"] == 11
        assert (await hers.ask("list_subscriptions"))["msg"] == []


@in_one_process
async def test_a_key_that_was_revoked_is_told_nothing_more_not_even_what_was_about_to_be(
    world: World, url: str, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "LOOK_S", 60.0)  # nobody looks but who is about to tell
    async with feed_client(url, operator) as client:
        await client.ask("subscribe", channels=["admin"])
        await told_whole(client)
        revoked = await world.send(operator, "DELETE", f"{BASE}/api_keys/{operator.key_id}")
        assert revoked.status_code == 204
        world.presage.watch.alerts.begin(FLOW, "SECRET", "not for them")
        with suppress(ConnectionClosed):
            async for each in heard(client):
                assert b"SECRET" not in each
        assert client.socket.close_code == 1008


async def heard(client: FeedClient) -> AsyncIterator[bytes]:
    """Yield all that comes until the socket is closed."""
    async with asyncio.timeout(10):
        while True:
            yield orjson.dumps(await client.next())


async def test_an_http_process_without_an_engine_says_so(tmp_path: Path) -> None:
    health = Health()
    overview = EngineOverview(EngineLine(tmp_path / "nobody", lambda: pytest.fail("nobody asked")), health)
    readiness = (await overview.look())["readiness"]
    assert readiness["status"] == "starting"
    assert [each["code"] for each in readiness["conditions"]] == ["engine_away"]


async def test_the_same_comes_as_a_stream_of_events(world: World, url: str, operator: Person) -> None:
    world.presage.watch.alerts.begin(FLOW, "FED-CUT", "30 orders in a minute")
    headers = signed_headers(operator.key_id, operator.private_pem, "GET", STREAM)
    kinds = set()
    async with (
        httpx.AsyncClient() as client,
        client.stream("GET", f"{url}{STREAM}?channels=admin", headers=headers) as stream,
    ):
        assert stream.status_code == 200
        async with asyncio.timeout(20):
            async for line in stream.aiter_lines():
                if line.startswith("data: "):
                    kinds.add(orjson.loads(line.removeprefix("data: "))["type"])
                if "admin_lag" in kinds:
                    break
    assert kinds >= {"admin_alert", "admin_readiness", "admin_service_levels", "admin_figures"}
