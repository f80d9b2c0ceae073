"""A follower that is cut off again and again ends with exactly the server's book."""

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
from websockets.exceptions import ConnectionClosed

from adapters.http.feed import feed as feed_module
from adapters.http.feed.line import Line
from adapters.http.serving.serving import serving
from application.requests import AmendRequest, OrderAccepted, OrderRequest
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market.vocabulary import Action, Side, TimeInForce
from domain.quantities import Quantity, Ticks
from tests.integration.http.feed_client import BookMirror, feed_client, hundredths
from tests.integration.http.world import BASE, Person, World

SIZES = (
    pytest.param(1_000, 20, id="a few times"),
    pytest.param(20_000, 200, id="two hundred times", marks=pytest.mark.more),
)
SEEDS = (1, 2, 3) if os.environ.get("PRESAGE_SOAK") == "1" else (1,)


@pytest.fixture
async def url(world: World) -> AsyncIterator[str]:
    async with serving(world.presage.app, "127.0.0.1", 0) as served:
        yield served.url


class Flow:
    """Traders who place, amend, decrease and cancel at random."""

    def __init__(self, world: World, people: list[Person], market: str, seed: int) -> None:
        self.random = random.Random(seed)
        self._trading = world.presage.exchange.trading
        self._people = people
        self._market = Ticker(market)
        self._open: list[tuple[AccountId, OrderId]] = []

    async def step(self) -> None:
        """Have one of them do something."""
        chance = self.random.random()
        if chance < 0.55 or not self._open:
            await self._place()
            return
        account, order_id = self._open.pop(self.random.randrange(len(self._open)))
        if chance < 0.75:
            await self._trading.cancel(account, order_id)
            return
        self._open.append((account, order_id))
        if chance < 0.9:
            amended = AmendRequest(
                account_id=account, order_id=order_id, price_ticks=self._price(), total=self._quantity()
            )
            await self._trading.amend(amended)
        else:
            await self._trading.decrease(account, order_id, by=Quantity(100))

    def _price(self) -> Ticks:
        return Ticks(100 * self.random.randint(30, 70))

    def _quantity(self) -> Quantity:
        return Quantity(100 * self.random.randint(1, 20))

    async def _place(self) -> None:
        waits, fleeting = TimeInForce.GOOD_TILL_CANCELED, TimeInForce.IMMEDIATE_OR_CANCEL
        request = OrderRequest(
            account_id=self.random.choice(self._people).account_id,
            ticker=self._market,
            side=self.random.choice(list(Side)),
            action=Action.BUY,
            quantity=self._quantity(),
            price_ticks=self._price(),
            time_in_force=fleeting if self.random.random() < 0.3 else waits,
        )
        placed = await self._trading.place(request)
        if isinstance(placed, OrderAccepted) and placed.order and placed.order.remaining:
            self._open.append((request.account_id, placed.order_id))


class Follower:
    """Follows a book across cuts."""

    def __init__(self, url: str, market: str, chance: random.Random, *, longest: int) -> None:
        self.mirror = BookMirror()
        self.cuts = 0
        self._longest = longest
        self._url = url
        self._market = market
        self._chance = chance

    async def run(self, cuts: int) -> None:
        """Follow, cut off after a few messages each time, then until cancelled."""
        while True:
            with contextlib.suppress(ConnectionClosed):
                await self._once(self._chance.randint(1, self._longest) if self.cuts < cuts else -1)
            self.cuts += 1
            self.mirror.interrupted()

    async def _once(self, left: int) -> None:
        """Follow for so many messages, or until the server ends it."""
        async with feed_client(self._url) as client:
            await client.say(
                "subscribe",
                channels=["orderbook_delta"],
                market_ticker=self._market,
                from_revision=self.mirror.next_revision,
            )
            assert (await client.next())["type"] == "subscribed"
            seq = 0
            async for text in client.socket:
                document = orjson.loads(text)
                seq += 1
                assert document["seq"] == seq
                self.mirror.take(document)
                if seq == left:
                    break
            client.socket.transport.abort()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("events", "cuts"), SIZES)
async def test_a_follower_that_is_cut_off_at_random_ends_with_the_servers_book(
    world: World, url: str, market: str, ann: Person, bob: Person, seed: int, events: int, cuts: int
) -> None:
    print(f"seed {seed}")  # noqa: T201 (so that a failure can be had again)
    flow = Flow(world, [ann, bob], market, seed)
    follower = Follower(url, market, random.Random(seed + 1_000), longest=2 * events // cuts)
    feed = world.presage.feed
    async with following(follower, cuts) as task:
        steps = 0
        while steps % 50 or await last_revision(world, market) < events or follower.cuts < cuts:
            await asyncio.gather(*(flow.step() for _ in range(5)))
            steps += 5
            if flow.random.random() < 0.02:
                # The server may end it as well, in the middle of anything.
                for line in list(feed._lines):
                    feed.cut(line, "slow", 1008, "test")
            if task.done():
                task.result()
        book = await stood(world, market)
        async with asyncio.timeout(60):
            while follower.mirror.levels != book and not task.done():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        if task.done():
            task.result()
    assert follower.mirror.levels == book
    assert follower.mirror.snapshots == 0
    assert follower.cuts >= cuts


@contextlib.asynccontextmanager
async def following(follower: Follower, cuts: int) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(follower.run(cuts))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def last_revision(world: World, market: str) -> int:
    pages = world.presage.store.read_stream(f"market-{market}", from_revision=-1, backwards=True, limit=1)
    async for page in pages:
        return page[0].revision
    return -1


async def stood(world: World, market: str) -> dict[tuple[str, str], int]:
    """Return the server's book once it shows all that happened."""
    await world.presage.shown()
    answer = (await world.send(None, "GET", f"{BASE}/markets/{market}/orderbook")).json()["orderbook_fp"]
    return {
        (side, price): hundredths(count)
        for side in ("yes", "no")
        for price, count in answer[f"{side}_dollars"]
    }


class Several:
    """Follows the books of several markets with one subscription, across cuts, by positions of the log."""

    def __init__(self, url: str, markets: list[str]) -> None:
        self.mirrors = {ticker: BookMirror() for ticker in markets}
        self.position = 0
        self._url = url

    async def follow(self, until: Callable[[], bool]) -> None:
        """Follow until something is so, which is looked at after each message."""
        async with feed_client(self._url) as client:
            resumed = {"channels": ["orderbook_delta"], "market_tickers": list(self.mirrors)}
            said = await client.ask("subscribe", **resumed, from_position=self.position)
            assert said["type"] == "subscribed", said
            await client.say("subscribe", channels=["heartbeat"])
            while not until():
                self._take(await client.next())
        for mirror in self.mirrors.values():
            mirror.interrupted()

    def _take(self, document: dict[str, Any]) -> None:
        told = document["msg"]
        if document["type"] == "heartbeat":
            self.position = told["position"]
        elif document["type"] == "orderbook_delta":
            mirror = self.mirrors[told["market_ticker"]]
            if told["revision"] >= mirror.next_revision:  # what came after the last heartbeat comes again
                mirror.take(document)


async def test_who_follows_several_markets_comes_back_at_a_position_of_the_log(
    world: World, url: str, market: str, operator: Person, ann: Person, bob: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(feed_module, "BEAT_S", 0.01)
    markets = [market, "SECOND", "SECOND-HALF"]
    for ticker in markets[1:]:
        await world.market(operator, ticker)
    flows = [Flow(world, [ann, bob], ticker, seed) for seed, ticker in enumerate(markets)]
    several, chance = Several(url, markets[:2]), random.Random(3)

    async def happens(steps: int) -> None:
        for _ in range(steps):
            await chance.choice(flows).step()

    for _ in range(4):
        await happens(10)
        acting, left = asyncio.create_task(happens(20)), chance.randint(1, 30)

        def enough() -> bool:
            nonlocal left
            left -= 1
            return left < 0

        await several.follow(enough)
        await acting
    head = await world.presage.store.head()
    await several.follow(lambda: several.position >= head)
    for ticker, mirror in several.mirrors.items():
        assert mirror.levels == await stood(world, ticker)


async def test_a_heartbeat_tells_no_more_than_has_been_replayed(
    world: World, url: str, market: str, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "BEAT_S", 0.01)
    going_on, stands = asyncio.Event(), asyncio.Event()
    flow = Flow(world, [ann, bob], market, 1)
    for _ in range(40):
        await flow.step()
    head = await world.presage.store.head()

    async def wait(_: Line) -> None:
        stands.set()
        await going_on.wait()

    monkeypatch.setattr(Line, "wait", wait)
    async with feed_client(url) as client:
        await client.say("subscribe", channels=["trade"], market_tickers=[market], from_position=1)
        await stands.wait()
        await client.ask("subscribe", channels=["heartbeat"])
        assert (await client.of_kind("heartbeat"))["msg"]["position"] <= head
        monkeypatch.setattr(world.presage.feed.hub, "position", head + 1_000)
        beat = (await client.of_kind("heartbeat"))["msg"]
        assert beat["position"] <= head
        monkeypatch.setattr(world.presage.feed.hub, "position", head)
        going_on.set()
        await client.until(lambda each: each["type"] == "heartbeat" and each["msg"]["position"] == head)


async def test_a_position_goes_with_named_markets_and_nothing_else(
    world: World, url: str, market: str, ann: Person
) -> None:
    head, snapshot = await world.presage.store.head(), {"send_initial_snapshot": True}
    async with feed_client(url, ann) as client:
        for channels, more, code in (
            (["trade"], {"from_position": 1}, 11),
            (["trade"], {"from_position": 1, "market_tickers": [f"M{n}" for n in range(101)]}, 11),
            (["trade"], {"from_position": 1, "market_ticker": market, "from_revision": 0}, 11),
            (["orderbook_delta"], {"from_position": 1, "market_ticker": market, **snapshot}, 11),
            (["fill"], {"from_position": 1, "market_ticker": market}, 11),
            (["trade"], {"from_position": -1, "market_ticker": market}, 11),
            (["trade"], {"from_position": head + 1, "market_ticker": market}, 101),
        ):  # fmt: skip
            said = await client.ask("subscribe", channels=channels, **more)
            assert (said["type"], said["msg"]["code"]) == ("error", code), (channels, more)
