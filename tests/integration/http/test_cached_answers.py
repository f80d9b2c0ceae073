"""Answers that are kept are never older than what readers may know, with Redis and whatever happens to it."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from adapters.bootstrap import open_presage
from adapters.caches.memory import MemoryCache
from adapters.caches.near import NearCache
from adapters.caches.redis import RedisCache
from adapters.http.answers.cached_answers import CachedAnswers
from adapters.http.answers.rendered_books import RenderedBooks
from adapters.http.serving.warming import make_warmer
from adapters.settings import Settings
from domain.identifiers import Ticker
from domain.market.vocabulary import Result
from projections.reading.queries import ReadModels
from tests.integration.http.world import BASE, Person, World
from tests.redis_server import RedisServer, running_redis

MARKET = f"{BASE}/markets/FED-CUT"
TRADES = f"{BASE}/markets/trades"


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@asynccontextmanager
async def cached_world(folder: Path, redis_url: str | None) -> AsyncIterator[World]:
    settings = Settings(data=folder, event_store="memory", redis_url=redis_url)
    async with open_presage(settings) as presage:
        await presage.exchange.start()
        transport = httpx.ASGITransport(app=presage.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://presage") as client:
            yield World(presage, client)


async def people(world: World) -> tuple[Person, Person]:
    await world.market(await world.operator())
    ann = await world.person("ann", dollars=1_000)
    return ann, await world.person("bob", dollars=1_000, pair=1)


async def trade(world: World, ann: Person, bob: Person) -> dict[str, str]:
    """Trade once; return the header that asks to see it."""
    await world.place(ann, count=1)
    done = await world.place(bob, side="no", count=1, yes_price=..., no_price=58)
    assert done.status_code == 201, done.text
    return {"X-Presage-Min-Position": done.headers["X-Presage-Position"]}


async def seen(world: World, headers: dict[str, str]) -> tuple[int, int]:
    """Return how many contracts were traded, and how many trades there are, as the two routes tell it."""
    market = await world.client.get(MARKET, headers=headers)
    trades = await world.client.get(TRADES, params={"ticker": "FED-CUT"}, headers=headers)
    assert market.status_code == trades.status_code == 200, market.text + trades.text
    return market.json()["market"]["volume"], len(trades.json()["trades"])


@pytest.mark.parametrize("shared", [False, True], ids=["memory", "redis"])
async def test_a_reader_who_names_a_write_sees_it_though_answers_are_kept(
    *, shared: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("own_redis").url if shared else None
    async with cached_world(tmp_path, url) as world:
        ann, bob = await people(world)
        for number in range(1, 8):
            headers = await trade(world, ann, bob)
            assert await seen(world, headers) == (number, number)
            assert await seen(world, {}) == (number, number)


async def test_redis_is_stopped_frozen_and_wiped_under_load_and_no_answer_is_wrong(
    tmp_path: Path, own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.caches.redis.PAUSE_S", 0.1)
    async with cached_world(tmp_path, own_redis.url) as world:
        ann, bob = await people(world)
        done, reads = asyncio.Event(), 0

        async def read() -> None:
            nonlocal reads
            before = (0, 0)
            while not done.is_set():
                now = await seen(world, {})
                assert now >= before, "what was seen once is seen again"
                before, reads = now, reads + 1
                await asyncio.sleep(0)

        readers = [asyncio.create_task(read()) for _ in range(4)]
        faults: list[Any] = [
            lambda: None,
            lambda: own_redis.process.send_signal(signal.SIGSTOP),
            lambda: own_redis.process.send_signal(signal.SIGCONT),
            own_redis.wipe,
            own_redis.process.kill,
        ]
        traded = 0
        for fault in faults:
            await asyncio.to_thread(fault)
            for _ in range(5):
                headers = await trade(world, ann, bob)
                traded += 1
                assert await seen(world, headers) == (traded, traded)
            await asyncio.sleep(0.15)
        done.set()
        await asyncio.gather(*readers)
        assert reads > 50


async def test_an_answer_of_a_process_that_is_behind_is_not_given_to_who_may_know_better(
    tmp_path: Path,
) -> None:
    async with cached_world(tmp_path, None) as world:
        ann, bob = await people(world)
        shared, changes = MemoryCache(), world.presage.changes
        before = world.presage.reads.freshness.position
        stale = await world.presage.cached.market(Ticker("FED-CUT"))
        headers = await trade(world, ann, bob)
        await seen(world, headers)
        # The late process keeps its old answer, dated with what it knew, after everybody invalidated it.
        fence = await shared.claim("market:FED-CUT", for_s=1)
        assert fence is not None
        await shared.put("market:FED-CUT", before.to_bytes(8, "big") + stale, fence=fence, ttl_s=60)
        answer = await CachedAnswers(world.presage.reads, shared, changes).market(Ticker("FED-CUT"))
        assert b'"volume":1,' in answer


async def test_an_unchanged_market_is_written_out_once(tmp_path: Path) -> None:
    async with cached_world(tmp_path, None) as world:
        await people(world)
        asked = 0
        reads = world.presage.reads
        market = reads.markets.market

        class Counting:
            async def market(self, ticker: Ticker) -> Any:
                nonlocal asked
                asked += 1
                return await market(ticker)

        counted = ReadModels(
            markets=Counting(),  # type: ignore[arg-type]
            books=reads.books,
            orders=reads.orders,
            portfolio=reads.portfolio,
            keys=reads.keys,
            leaderboard=reads.leaderboard,
            freshness=reads.freshness,
        )
        answers = CachedAnswers(counted, MemoryCache(), world.presage.changes)
        for _ in range(20):
            await answers.market(Ticker("FED-CUT"))
        assert asked == 1


async def test_the_warmer_loads_the_busiest_markets_and_stops_with_the_exchange(tmp_path: Path) -> None:
    async with cached_world(tmp_path, None) as world:
        ann, bob = await people(world)
        await seen(world, await trade(world, ann, bob))
        assert await world.presage.warmer.warm() == 1
        assert world.presage.warmer.failures == 0
        world.presage.warmer.start()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "cache warmer"]


async def test_a_warm_market_has_its_summary_its_book_and_its_trades_ready(tmp_path: Path) -> None:
    async with cached_world(tmp_path, None) as world:
        ann, bob = await people(world)
        await seen(world, await trade(world, ann, bob))
        cache, books = MemoryCache(), RenderedBooks()
        cached = CachedAnswers(world.presage.reads, cache, world.presage.changes)
        port = SimpleNamespace(
            reads=world.presage.reads, cached=cached, books=books, exchange=world.presage.exchange
        )
        await make_warmer(port).warm()  # type: ignore[arg-type]
        book = await world.presage.reads.books.book(Ticker("FED-CUT"))
        assert book is not None
        assert await cache.get("market:FED-CUT") is not None
        assert await cache.get("trades:FED-CUT") is not None
        assert books.find(Ticker("FED-CUT"), 0, book.revision) is not None


async def test_a_market_that_ended_is_warm_no_longer_and_makes_room_for_one_that_trades(
    tmp_path: Path,
) -> None:
    async with cached_world(tmp_path, None) as world:
        ann, bob = await people(world)
        await seen(world, await trade(world, ann, bob))
        assert await world.presage.warmer.warm() == 1
        await world.presage.exchange.operations.resolve(Ticker("FED-CUT"), Result.YES)
        assert await world.presage.shown()
        assert await world.presage.warmer.warm() == 0


async def test_a_shared_value_is_copied_near_until_it_is_invalidated(
    own_redis: RedisServer,
) -> None:
    far = RedisCache(own_redis.url)
    cache = NearCache(MemoryCache(), far)
    fence = await cache.claim("k", for_s=1)
    assert fence is not None
    assert await cache.put("k", b"value", fence=fence, ttl_s=60)
    assert await cache.get("k") == b"value"
    await far.invalidate(("k",))
    assert await cache.get("k") == b"value", "near, for a second"
    await cache.invalidate(("k",))
    assert await cache.get("k") is None
    await cache.close()
