"""A follower that is cut off again and again ends with exactly the server's book."""

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator

import orjson
import pytest
from websockets.exceptions import ConnectionClosed

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
