"""The feed's bounds: who is let in, who is sent away, and how much anybody may have."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from adapters.engine_lines.shared_notes import SharedNotes, notes_file
from adapters.http.feed import feed as feed_module
from adapters.http.feed.limits import FeedLimits
from adapters.http.feed.socket import PATH
from adapters.http.serving.serving import serving
from application.health import Trouble
from application.ports.event_store import Position
from domain.identity.aggregate import Scope
from tests.integration.http.feed_client import FeedClient, feed_client
from tests.integration.http.world import BASE, Person, World
from tests.unit.http.keys import key_pair, signed_headers


@pytest.fixture
async def url(world: World) -> AsyncIterator[str]:
    async with serving(world.presage.app, "127.0.0.1", 0) as served:
        yield served.url


async def refusal(url: str, person: Person | None = None, **headers: str) -> tuple[int, str]:
    """Return the status and the code with which a handshake is refused."""
    with pytest.raises(InvalidStatus) as refused:
        async with feed_client(url, person, **headers):
            pass
    answer = refused.value.response
    return answer.status_code, orjson.loads(answer.body or b"{}")["code"]


async def ending(client: FeedClient) -> tuple[int, str]:
    """Return the code and the reason with which a socket is closed, passing over what comes before."""
    with pytest.raises(ConnectionClosed) as closed:
        await client.until(lambda _: False)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


async def test_a_handshake_that_is_not_right_is_refused_as_any_request_is(
    world: World, url: str, ann: Person
) -> None:
    stranger = Person(account_id=ann.account_id, key_id="nobody", private_pem=ann.private_pem)
    forger = Person(account_id=ann.account_id, key_id=ann.key_id, private_pem=key_pair(7)[0])
    assert await refusal(url, stranger) == (401, "unknown_key")
    assert await refusal(url, forger) == (401, "invalid_signature")
    assert await refusal(url, **{"KALSHI-ACCESS-KEY": ann.key_id}) == (401, "not_authenticated")
    late = signed_headers(ann.key_id, ann.private_pem, "GET", PATH, at_ms=1)
    assert await refusal(url, **late) == (401, "stale_timestamp")
    assert await refusal(url, Cookie="presage=nonsense") == (401, "session_over")


async def test_pages_of_other_origins_do_not_listen_in_somebodys_name(url: str, ann: Person) -> None:
    assert await refusal(url, ann, Origin="https://evil.example") == (403, "foreign_origin")
    assert await refusal(url, Origin="null") == (403, "foreign_origin")
    async with feed_client(url, ann, Origin=url) as home:
        assert (await home.ask("list_subscriptions"))["msg"] == []


async def test_a_strict_key_signs_its_handshake_strictly(world: World, url: str) -> None:
    eve = await world.person("eve", strict=True, pair=2)
    assert await refusal(url, eve) == (401, "invalid_signature")
    signed = signed_headers(eve.key_id, eve.private_pem, "GET", PATH, strict=True)
    async with feed_client(url, **signed) as client:
        assert (await client.ask("subscribe", channels=["fill"]))["type"] == "subscribed"


async def test_a_key_that_may_not_read_hears_nothing_of_its_account(world: World, url: str) -> None:
    trader = await world.person("tom", (Scope.TRADE,), pair=3)
    async with feed_client(url, trader) as client:
        assert (await client.ask("subscribe", channels=["fill"]))["msg"]["code"] == 104


async def test_a_socket_is_closed_within_a_second_of_its_key_being_revoked(
    world: World, url: str, ann: Person
) -> None:
    other = await world.person("ann", pair=4)
    async with feed_client(url, ann) as client, feed_client(url, other) as spared:
        await client.ask("subscribe", channels=["fill"])
        gone = await world.send(ann, "DELETE", f"{BASE}/api_keys/{ann.key_id}")
        assert gone.status_code in (200, 204), gone.text
        async with asyncio.timeout(1):
            assert await ending(client) == (1008, "the key was revoked")
        assert (await spared.ask("list_subscriptions"))["type"] == "ok"


async def test_a_socket_is_closed_when_its_session_ends(world: World, url: str, ann: Person) -> None:
    session_id, _ = await sessions(world).create_session(ann.account_id)
    async with feed_client(url, None, Cookie=f"presage={session_id}", Origin=url) as client:
        assert (await client.ask("subscribe", channels=["fill"]))["type"] == "subscribed"
        await sessions(world).destroy_session(session_id)
        async with asyncio.timeout(2):
            assert await ending(client) == (1008, "the session has ended")


def sessions(world: World) -> Any:
    return world.presage.feed._sessions


async def test_an_account_has_so_many_sockets_and_an_address_without_one_too(
    world: World, url: str, ann: Person, bob: Person
) -> None:
    world.presage.feed.limits = FeedLimits(sockets_per_account=2)
    async with feed_client(url, ann), feed_client(url, bob):
        async with feed_client(url, ann):
            assert await refusal(url, ann) == (429, "too_many_feeds")
        async with feed_client(url, ann):  # there is room again
            pass
    while world.presage.feed._lines:  # noqa: ASYNC110 (nobody in the product waits for it)
        await asyncio.sleep(0.01)
    assert not world.presage.feed._open, "who has left is not remembered"
    world.presage.feed.limits = FeedLimits(sockets=1)
    async with feed_client(url):
        assert await refusal(url) == (503, "overloaded")
    world.presage.feed.limits = FeedLimits(sockets_per_address=0)
    world.presage.feed._exempt = frozenset()
    assert await refusal(url) == (429, "too_many_feeds")


async def test_feeds_of_other_processes_count_until_these_have_ended(
    world: World, url: str, ann: Person, bob: Person
) -> None:
    feed, notes = world.presage.feed, SharedNotes(notes_file())
    feed.limits, feed._others = FeedLimits(sockets_per_account=2), notes.feeds(0)
    other = notes.feeds(1)
    other.changed(f"account {ann.account_id}", 1)
    async with feed_client(url, ann), feed_client(url, bob):
        assert other.elsewhere(f"account {ann.account_id}") == 1
        assert await refusal(url, ann) == (429, "too_many_feeds")
        assert other.elsewhere(f"account {ann.account_id}") == 1, "who was refused is not counted"
        notes.forget_feeds(1)
        async with feed_client(url, ann):
            assert other.elsewhere(f"account {ann.account_id}") == 2
    while feed._lines:  # noqa: ASYNC110 (nobody in the product waits for it)
        await asyncio.sleep(0.01)
    assert other.elsewhere(f"account {ann.account_id}") == 0
    feed._others.changed("account of a process that was killed", 7)
    assert notes.feeds(0).elsewhere("account of a process that was killed") == 0
    assert other.elsewhere("account of a process that was killed") == 0


async def test_a_socket_has_so_many_subscriptions_and_markets(
    world: World, url: str, market: str, operator: Person
) -> None:
    await world.market(operator, "OTHER")
    world.presage.feed.limits = FeedLimits(subscriptions_per_socket=2, markets_per_socket=2)
    async with feed_client(url) as client:
        said = await client.ask("subscribe", channels=["trade"], market_tickers=[market, "OTHER"])
        assert said["type"] == "subscribed"
        said = await client.ask("subscribe", channels=["trade"], market_tickers=[market])
        assert said["msg"]["code"] == 26
        assert (await client.ask("subscribe", channels=["trade", "ticker"]))["msg"]["code"] == 103
        assert (await client.ask("subscribe", channels=["trade"]))["type"] == "subscribed"


async def test_too_many_commands_are_refused_and_the_socket_stays_open(
    world: World, url: str, ann: Person
) -> None:
    async with feed_client(url, ann) as client:
        for _ in range(250):
            await client.say("list_subscriptions")
        answers = [await client.next() for _ in range(250)]
        assert answers[0]["type"] == "ok"
        assert answers[-1]["msg"]["code"] == 27


async def test_a_message_that_is_far_too_large_ends_the_socket(url: str) -> None:
    async with feed_client(url) as client:
        await client.socket.send("x" * 1_100_000)
        assert (await ending(client))[0] == 1009


async def test_who_does_not_keep_up_is_cut_off_with_a_reason_and_others_go_on(
    world: World, url: str, market: str, ann: Person
) -> None:
    for cents in range(1, 60):
        await world.place(ann, count=1, yes_price=cents)
    world.presage.feed.limits = FeedLimits(pending=30)
    where = url.replace("http://", "ws://") + PATH
    async with (
        feed_client(url) as sound,
        connect(where, compression=None, proxy=None, max_queue=1) as stuck,
    ):
        client = FeedClient(stuck)
        await client.ask("subscribe", channels=["orderbook_delta"], market_ticker=market)
        hub = world.presage.feed.hub
        line = next(each for each in world.presage.feed._lines if each.subscriptions)
        [subscription] = line.subscriptions.values()
        for _ in range(20_000):
            subscription.tell(hub.snapshot(market))
            if line.closed:
                break
            await asyncio.sleep(0)
        assert line.closed
        code, reason = await ending(client)
        assert code == 1008
        assert reason.startswith("slow consumer")
        assert (await sound.ask("list_subscriptions"))["type"] == "ok"
    assert 'presage_feed_cut_total{why="slow"} 1.0' in world.presage.watch.metrics().decode()


async def test_sockets_are_told_when_the_process_ends(world: World, url: str) -> None:
    async with feed_client(url) as client:
        await client.ask("subscribe", channels=["trade"])
        await world.presage.feed.close()
        code, reason = await ending(client)
        assert (code, "restarting" in reason) == (1012, True)
        assert await refusal(url) == (425, "starting")


async def test_metrics_say_who_listens_to_what(world: World, url: str, market: str) -> None:
    async with feed_client(url) as client:
        await client.ask("subscribe", channels=["trade"], market_ticker=market)
        told = world.presage.watch.metrics().decode()
        assert "presage_feed_sockets 1.0" in told
        assert 'presage_feed_subscriptions{channel="trade"} 1.0' in told


async def test_a_feed_that_stands_still_shows_in_readiness_and_in_the_heartbeat(
    world: World, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "BEHIND_S", 0.0)

    async def further() -> Position:
        return Position(10**12)

    async with feed_client(url) as client:
        await client.ask("subscribe", channels=["heartbeat"])
        monkeypatch.setattr(world.presage.store, "head", further)
        beat = await client.until(lambda each: each["msg"].get("lag_ms", 0) > 0)
        assert beat["type"] == "heartbeat"
        told = {each.code for each in world.presage.exchange.health.conditions}
        assert Trouble.FEED_BEHIND in told
        monkeypatch.undo()
        await client.until(lambda each: each["msg"].get("lag_ms") == 0)
        assert not world.presage.exchange.health.conditions
