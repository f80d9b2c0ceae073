"""The limiter beside ``limits`` (exercise 27): in memory, in memory that processes share, and in Redis.

In Redis a decision takes one round trip. ``limits`` has no token bucket; it is asked for a sliding window and
a fixed one, which knows less. All are asked the same in turns, for 1,000 accounts, and in memory by the time
of the processor; the best of the rounds counts.
"""

import asyncio
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from redis.asyncio import Redis

from adapters.engine_lines.shared_notes import SharedNotes, notes_file
from adapters.limits.redis import RedisTokenBucketRateLimiter
from application.limiting.token_bucket import Rate, TokenBucketRateLimiter
from benchmarks._redis import some_redis

ACCOUNTS = 1_000
ROUNDS = 5
IN_REDIS = 2_000

RATE = Rate(per_s=500, burst=5_000, strikes=100)


def run(n: int = 200_000) -> dict[str, Any]:
    """Decide ``n`` times in each round."""
    names = [f"write:trader-{number}" for number in range(ACCOUNTS)]
    asked = [names[number % ACCOUNTS] for number in range(n)]
    mapped = SharedNotes(notes_file()).buckets
    ways = {"ours": _ours(), "mapped": lambda name: mapped.take(name, RATE), **_peers()}
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, decide in ways.items():
            best[name] = min(best[name], _us_each(decide, asked))
    ours = {
        "memory_us": round(best.pop("ours"), 2),
        "mapped_us": round(best.pop("mapped"), 2),
        **asyncio.run(_in_redis()),
    }
    return {
        "bench": "limiter",
        "n": n,
        "conditions": {"accounts": ACCOUNTS, "rounds": ROUNDS, "decisions_in_redis": IN_REDIS},
        "ours": ours,
        "peers": {name: {"memory_us": round(us, 2)} for name, us in best.items()},
        "ratios": {name: round(ours["memory_us"] / us, 2) for name, us in best.items()},
    }


def _ours() -> Callable[[str], object]:
    limiter = TokenBucketRateLimiter()
    return lambda name: limiter.take(name, RATE)


def _peers() -> dict[str, Callable[[str], object]]:
    limits: Any = import_module("limits")
    item = limits.RateLimitItemPerSecond(RATE.burst, RATE.burst // RATE.per_s)

    def asking(strategy: Any) -> Callable[[str], object]:
        limiter = strategy(limits.storage.MemoryStorage())
        return lambda name: limiter.hit(item, name)

    return {
        "limits_sliding_window": asking(limits.strategies.SlidingWindowCounterRateLimiter),
        "limits_fixed_window": asking(limits.strategies.FixedWindowRateLimiter),
    }


def _us_each(decide: Callable[[str], object], names: list[str]) -> float:
    begin = time.process_time()  # what else the machine does takes none of it
    for name in names:
        decide(name)
    return 1e6 * (time.process_time() - begin) / len(names)


async def _in_redis() -> dict[str, float]:
    """Return how long a decision takes beside a ``PING``, and how many commands it is."""
    with some_redis() as url:
        limiter, bare = RedisTokenBucketRateLimiter(url, prefix="bench"), Redis.from_url(url)
        await limiter.take("warm", RATE)
        before = await _commands(bare)
        begin = time.perf_counter()
        for number in range(IN_REDIS):
            await limiter.take(f"write:trader-{number % ACCOUNTS}", RATE)
        ours_us = 1e6 * (time.perf_counter() - begin) / IN_REDIS
        asked = await _commands(bare) - before
        begin = time.perf_counter()
        for _ in range(IN_REDIS):
            await bare.ping()
        ping_us = 1e6 * (time.perf_counter() - begin) / IN_REDIS
        await limiter.close()
        await bare.aclose()
    return {
        "redis_us": round(ours_us, 1),
        "redis_ping_us": round(ping_us, 1),
        "redis_round_trips": round(asked / IN_REDIS, 3),
    }


async def _commands(redis: Redis) -> int:
    """Return how many scripts a Redis was asked to run or load: what these do within it is no round trip."""
    told = await redis.info("commandstats")
    asked = ("cmdstat_evalsha", "cmdstat_eval", "cmdstat_script|load")
    return sum(told[name]["calls"] for name in asked if name in told)
