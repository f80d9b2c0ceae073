"""What keeping answers saves: a stampede on a cold key, and reads from memory, Redis, the board and SQL."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from adapters.bootstrap import open_presage
from adapters.caches.memory import MemoryCache
from adapters.caches.near import NearCache
from adapters.caches.redis import RedisCache
from adapters.http.answers.cached_answers import CachedAnswers
from adapters.http.answers.markets import MarketAnswer, market_answer
from adapters.settings import Settings
from application.caching.stampede import StampedeGuard
from application.ports.cache import Cache
from application.requests import Accepted
from benchmarks._redis import some_redis
from domain.identifiers import Ticker
from domain.market.commands import CreateMarket

CALLERS = 1_000
TICKER = Ticker("FED-CUT")


def run(n: int = 5_000) -> dict[str, Any]:
    """Measure ``n`` reads each way."""
    with some_redis() as url:
        return asyncio.run(_run(n, url))


async def _run(n: int, url: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder), event_store="memory")
        async with open_presage(settings) as presage:
            await presage.exchange.start()
            await presage.exchange.operations.create_market(CreateMarket(ticker=TICKER, title="A cut?"))
            made = await presage.exchange.operations.activate(TICKER)
            assert isinstance(made, Accepted)
            await presage.reads.freshness.await_position(made.position, 5)
            redis, near = RedisCache(url, prefix="bench"), RedisCache(url, prefix="bench-near")
            caches: dict[str, Cache] = {
                "memory": MemoryCache(),
                "redis_behind_memory": NearCache(MemoryCache(), near),
                "redis": redis,
            }
            ours: dict[str, dict[str, Any]] = {}
            for name, cache in caches.items():
                answers = CachedAnswers(presage.reads, cache, presage.changes)
                ours[name] = {
                    "reads_per_s": await _rate(partial(answers.market, TICKER), n),
                    "stampede": await _stampede(cache),
                }
            peers: dict[str, dict[str, Any]] = {
                "not kept, from the board": {
                    "reads_per_s": await _rate(lambda: _rendered(presage.reads.markets), n)
                },
                "not kept, from SQL": {
                    "reads_per_s": await _rate(lambda: presage.reads.markets.markets(limit=1), n // 10)
                },
            }
            await redis.close()
            await near.close()
    uncached = peers["not kept, from the board"]["reads_per_s"]
    return {
        "bench": "cache",
        "n": n,
        "conditions": {
            "callers_of_the_cold_key": CALLERS,
            "read": "the answer about a market, one at a time",
        },
        "ours": ours,
        "peers": peers,
        "ratios": {name: round(each["reads_per_s"] / uncached, 2) for name, each in ours.items()},
    }


async def _rendered(markets: Any) -> bytes:
    return orjson.dumps(MarketAnswer(market=market_answer(await markets.market(TICKER))))


async def _rate(read: Callable[[], Awaitable[object]], n: int) -> int:
    begin = time.perf_counter()
    for _ in range(n):
        await read()
    return round(n / (time.perf_counter() - begin))


async def _stampede(cache: Cache) -> dict[str, float]:
    computed = 0

    async def compute() -> bytes:
        nonlocal computed
        computed += 1
        await asyncio.sleep(0.05)
        return b"value"

    guard = StampedeGuard(cache)
    begin = time.perf_counter()
    await asyncio.gather(*(guard.stampede_protected_get("cold", compute, ttl_s=60) for _ in range(CALLERS)))
    return {"computed": computed, "ms_for_all": round((time.perf_counter() - begin) * 1_000, 1)}
