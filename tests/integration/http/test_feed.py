"""The live feed over real sockets: who may listen, what is told, and what is refused."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.http.serving.serving import serving
from tests.integration.http.feed_client import FeedClient, feed_client
from tests.integration.http.world import ADMIN, Person, World


@pytest.fixture
async def url(world: World) -> AsyncIterator[str]:
    async with serving(world.presage.app, "127.0.0.1", 0) as served:
        yield served.url


@pytest.fixture
async def client(url: str) -> AsyncIterator[FeedClient]:
    async with feed_client(url) as connected:
        yield connected


async def test_a_subscriber_gets_the_book_and_then_every_change_of_it(
    world: World, market: str, ann: Person, bob: Person, client: FeedClient
) -> None:
    await world.place(ann, count=7, yes_price=40)
    await world.presage.shown()
    said = await client.ask("subscribe", channels=["orderbook_delta"], market_ticker=market)
    assert said == {"type": "subscribed", "id": 1, "msg": {"channel": "orderbook_delta", "sid": 1}}
    snapshot = await client.next()
    assert (snapshot["type"], snapshot["sid"], snapshot["seq"]) == ("orderbook_snapshot", 1, 1)
    assert snapshot["msg"]["yes_dollars_fp"] == [["0.4000", "7.00"]]
    assert snapshot["msg"]["yes"] == [[40, 7]]

    await world.place(bob, side="no", count=3, yes_price=..., no_price=55)
    await world.place(ann, count=5, yes_price=41)
    taken = [await client.next() for _ in range(2)]
    assert [(each["type"], each["seq"]) for each in taken] == [("orderbook_delta", 2), ("orderbook_delta", 3)]
    told = [
        (each["msg"]["side"], each["msg"]["price_dollars"], each["msg"]["delta_fp"], each["msg"]["delta"])
        for each in taken
    ]
    # Three no at 55 cents meet nothing at 40; then five yes at 41 rest.
    assert told == [("no", "0.5500", "3.00", 3), ("yes", "0.4100", "5.00", 5)]
    assert taken[0]["msg"]["revision"] < taken[1]["msg"]["revision"]


async def test_a_trade_reaches_everybody_and_each_fill_only_its_owner(
    world: World, url: str, market: str, ann: Person, bob: Person
) -> None:
    async with feed_client(url, ann) as hers, feed_client(url, bob) as his, feed_client(url) as anybody:
        for each in (hers, his):
            await each.ask("subscribe", channels=["fill"])
        await anybody.ask("subscribe", channels=["trade", "ticker"], market_tickers=[market])
        await world.place(ann, count=4, yes_price=42)
        await world.place(bob, side="no", count=4, yes_price=..., no_price=58)
        mine, yours = await hers.next(), await his.next()
        assert (mine["type"], mine["msg"]["side"], mine["msg"]["is_taker"]) == ("fill", "yes", False)
        assert (yours["type"], yours["msg"]["side"], yours["msg"]["is_taker"]) == ("fill", "no", True)
        assert mine["msg"]["trade_id"] == yours["msg"]["trade_id"]
        assert mine["msg"]["count_fp"] == "4.00"
        trade = await anybody.of_kind("trade")
        assert trade["msg"]["trade_id"] == mine["msg"]["trade_id"]
        assert trade["msg"]["taker_side"] == "no"
        assert "order_id" not in trade["msg"]
        ticker = await anybody.until(lambda each: each["msg"].get("volume_fp") == "4.00")
        assert ticker["msg"]["price_dollars"] == "0.4200"
        await hers.ask("list_subscriptions")
        refused = await anybody.ask("subscribe", channels=["fill"])
        assert refused["msg"]["code"] == 9


async def test_what_happened_is_told_from_any_point_on_and_goes_on_live(
    world: World, market: str, ann: Person, operator: Person, client: FeedClient
) -> None:
    for cents in range(10, 20):
        await world.place(ann, count=1, yes_price=cents)
    await client.say("subscribe", channels=["orderbook_delta"], market_ticker=market, from_revision=0)
    prices = []
    while len(prices) < 10:
        each = await client.next()
        if each["type"] == "orderbook_delta":
            prices.append(each["msg"]["price"])
    assert prices == list(range(10, 20))
    await world.place(ann, count=1, yes_price=30)
    live = await client.next()
    assert (live["seq"], live["msg"]["price"]) == (11, 30)

    last = live["msg"]["revision"]
    said = await client.ask(
        "subscribe", channels=["orderbook_delta"], market_ticker=market, from_revision=last + 2
    )
    assert said["msg"]["code"] == 101
    said = await client.ask(
        "subscribe",
        channels=["orderbook_delta"],
        market_ticker=market,
        from_revision=last,
        send_initial_snapshot=True,
    )
    assert said["type"] == "subscribed"
    before, again = await client.next(), await client.next()
    assert [price for price, _ in before["msg"]["yes"]] == list(range(10, 20))
    assert (again["msg"]["price"], again["msg"]["revision"]) == (30, last)


async def test_a_markets_life_is_told(
    world: World, market: str, operator: Person, client: FeedClient
) -> None:
    await client.ask("subscribe", channels=["market_lifecycle_v2"])
    for step, body in (
        ("pause", {"reason": "news"}),
        ("resume", {}),
        ("close", {}),
        ("determine", {"result": "yes", "evidence": "seen"}),
        ("finalize", {}),
    ):
        done = await world.send(operator, "POST", f"{ADMIN}/markets/{market}/{step}", body=body)
        assert done.status_code < 300, done.text
    told = [(await client.next())["msg"] for _ in range(5)]
    assert [each["event_type"] for each in told] == [
        "deactivated",
        "activated",
        "closed",
        "determined",
        "settled",
    ]
    assert told[-1]["settlement_value"] == "1.0000"


WRONG = [
    ("", 1),
    ("[]", 1),
    ("{", 1),
    ('{"id": 1}', 5),
    ('{"id": 1, "cmd": "shout", "params": {}}', 5),
    ('{"id": 1, "cmd": "subscribe"}', 2),
    ('{"id": 1, "cmd": "subscribe", "params": {}}', 3),
    ('{"id": 1, "cmd": "subscribe", "params": {"channels": []}}', 3),
    ('{"id": 1, "cmd": "subscribe", "params": {"channels": ["gossip"]}}', 8),
    ('{"id": 1, "cmd": "subscribe", "params": {"channels": ["orderbook_delta"]}}', 14),
    ('{"id": 1, "cmd": "subscribe", "params": {"channels": ["trade"], "market_ticker": "NO"}}', 16),
    ('{"id": 1, "cmd": "subscribe", "params": {"channels": ["trade"], "market_tickers": "NO"}}', 11),
    ('{"id": 1, "cmd": "subscribe", "params": {"channels": ["trade"], "sesame": 1}}', 11),
    ('{"id": 1, "cmd": "subscribe", "params": {"channels": ["trade"], "from_revision": 1}}', 11),
    ('{"id": 1, "cmd": "subscribe", "params": {"channels": ["trade"], "conflate_ms": 5}}', 11),
    ('{"id": 1, "cmd": "subscribe", "params": {"channels": ["ticker"], "conflate_ms": -5}}', 11),
    ('{"id": 1, "cmd": "unsubscribe", "params": {}}', 4),
    ('{"id": 1, "cmd": "unsubscribe", "params": {"sids": [3]}}', 7),
    ('{"id": 1, "cmd": "update_subscription", "params": {"sids": [1, 2]}}', 12),
    ('{"id": 1, "cmd": "update_subscription", "params": {"sids": [1]}}', 15),
    ('{"id": 1, "cmd": "update_subscription", "params": {"sids": [1], "action": "x"}}', 13),
    ('{"id": 1, "cmd": "update_subscription", "params": {"sids": [1], "action": "add_markets"}}', 14),
    ('{"id": 1, "cmd": "subscribe", "params": {"channels": ["' + "x" * 40_000 + '"]}}', 102),
]


async def test_what_is_wrong_with_a_command_is_told_by_a_code_and_the_socket_stays_open(
    client: FeedClient,
) -> None:
    for sent, code in WRONG:
        await client.socket.send(sent)
        answer = await client.next()
        assert (answer["type"], answer["msg"]["code"]) == ("error", code), sent[:100]
    assert (await client.ask("list_subscriptions"))["msg"] == []


async def test_commands_come_as_binary_frames_too(client: FeedClient) -> None:
    await client.socket.send(b'{"id": 7, "cmd": "list_subscriptions"}')
    assert (await client.next()) == {"type": "ok", "id": 7, "msg": []}


async def test_markets_come_and_go_within_a_subscription(
    world: World, market: str, ann: Person, operator: Person, client: FeedClient
) -> None:
    await world.market(operator, "OTHER")
    await client.ask("subscribe", channels=["orderbook_delta"], market_ticker=market)
    await client.next()
    said = await client.ask(
        "update_subscription", sids=[1], action="add_markets", market_tickers=["OTHER", market]
    )
    assert said["market_tickers"] == said["msg"]["market_tickers"] == [market, "OTHER"]
    assert said["seq"] == 1
    added = await client.next()
    assert (added["type"], added["seq"], added["msg"]["market_ticker"]) == ("orderbook_snapshot", 2, "OTHER")
    await client.ask("update_subscription", sids=[1], action="delete_markets", market_tickers=[market])
    await world.place(ann)
    await world.place(ann, ticker="OTHER")
    told = await client.next()
    assert (told["seq"], told["msg"]["market_ticker"]) == (3, "OTHER")
    await client.ask("update_subscription", sids=[1], action="get_snapshot", market_tickers=["OTHER"])
    again = await client.next()
    assert (again["type"], again["seq"], again["msg"]["yes"]) == ("orderbook_snapshot", 4, [[42, 10]])
    said = await client.ask("unsubscribe", sids=[1])
    assert (said["type"], said["sid"], said["seq"]) == ("unsubscribed", 1, 4)
    await world.place(ann, ticker="OTHER")
    assert (await client.ask("list_subscriptions"))["msg"] == []


async def test_a_heartbeat_says_how_far_the_feed_is_behind(client: FeedClient) -> None:
    await client.ask("subscribe", channels=["heartbeat"])
    beat = await client.of_kind("heartbeat")
    assert beat["msg"]["lag_ms"] == 0
    assert beat["msg"]["position"] >= 0


async def test_a_book_can_be_told_less_often_and_adds_up_all_the_same(
    world: World, market: str, ann: Person, client: FeedClient
) -> None:
    await client.ask("subscribe", channels=["orderbook_delta"], market_ticker=market, conflate_ms=200)
    await client.next()
    await asyncio.gather(*(world.place(ann, count=1, yes_price=cents) for cents in (10, 10, 10, 11)))
    told = [await client.next() for _ in range(2)]
    assert {(each["msg"]["price"], each["msg"]["delta"]) for each in told} == {(10, 3), (11, 1)}
    assert [each["msg"].get("more", False) for each in told] == [True, False]
    assert told[0]["msg"]["revision"] == told[1]["msg"]["revision"]
