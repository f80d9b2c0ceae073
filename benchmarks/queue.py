"""Messages through a queue in Redis, in batches, beside bare commands with the same bytes (exercise 18).

One process puts a batch, takes it and acknowledges it, and the next one. ``bare`` does so with pipelines of
XADD, one XREADGROUP, and one XACK and XDEL with all ids: no levels, no bound, no take-over, no dead letters.
The runs take turns.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypedDict
from uuid import uuid4

from redis.asyncio import Redis

from adapters.clock import SystemClock
from adapters.queues.memory import InMemoryMessageQueue
from adapters.queues.memory_handled import InMemoryHandled
from adapters.queues.redis import RedisMessageQueue
from adapters.queues.redis_handled import RedisHandled
from application.ports.handled import HandledMessages
from application.ports.queue import MessageQueue, Priority, QueueMessage
from application.queues.consumer import handle_next
from application.queues.idempotent import IdempotentHandler
from benchmarks._redis import some_redis

BATCH = 500
BODY = bytes(200)
ROUNDS = 3
"""How often each way has its turn; the best counts, as the others were disturbed."""

Batches = Sequence[Sequence[QueueMessage]]
Way = Callable[[Batches], Awaitable[None]]


class Best(TypedDict):
    """The best of the rounds: how fast, and how long processors worked here and in Redis for a message.

    Put, take and acknowledge wait for one another: ``by_processor_per_s`` is how many that lets through,
    and how many go where nobody else wants the processors.
    """

    messages_per_s: int
    processor_us_here: float
    processor_us_redis: float
    by_processor_per_s: int


def run(n: int = 50_000) -> dict[str, Any]:
    """Send ``n`` messages each way, three times."""
    with some_redis() as url:
        best = asyncio.run(_run(url, n))
    bare = best.pop("bare")
    return {
        "bench": "queue",
        "n": n,
        "conditions": {"batch": BATCH, "body_bytes": len(BODY), "levels": len(Priority)},
        "ours": best,
        "peers": {"bare XADD, XREADGROUP, XACK, XDEL": bare},
        "ratios": {
            name: round(each["messages_per_s"] / bare["messages_per_s"], 2) for name, each in best.items()
        },
    }


async def _run(url: str, n: int) -> dict[str, Best]:
    redis = Redis.from_url(url)
    queue = RedisMessageQueue(url, f"bench-{uuid4()}")
    handled = RedisHandled(url, f"bench-{uuid4()}")
    in_memory = InMemoryMessageQueue(clock=SystemClock())
    ways: dict[str, Way] = {
        "bare": lambda batches: _bare(redis, batches),
        "redis": lambda batches: _through(queue, batches),
        "redis, each handled once": lambda batches: _handled(queue, handled, batches),
        "memory": lambda batches: _through(in_memory, batches),
        "memory, each handled once": lambda batches: _handled(
            in_memory, InMemoryHandled(clock=SystemClock()), batches
        ),
    }
    best: dict[str, Best] = {}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            measured = await _measured(redis, way, _batches(n), n)
            if name not in best or measured["messages_per_s"] > best[name]["messages_per_s"]:
                best[name] = measured
    for each in (queue, handled):
        await each.close()
    await redis.aclose()
    return best


async def _measured(redis: Redis, way: Way, batches: Batches, n: int) -> Best:
    redis_s, here_s, begin = await _redis_s(redis), time.process_time(), time.perf_counter()
    await way(batches)
    took_s, here_s = time.perf_counter() - begin, time.process_time() - here_s
    redis_s = await _redis_s(redis) - redis_s
    return Best(
        messages_per_s=round(n / took_s),
        processor_us_here=round(here_s / n * 1e6, 1),
        processor_us_redis=round(redis_s / n * 1e6, 1),
        by_processor_per_s=round(n / (here_s + redis_s)),
    )


async def _redis_s(redis: Redis) -> float:
    used = await redis.info("cpu")
    return float(used["used_cpu_user"] + used["used_cpu_sys"])


def _batches(n: int) -> Batches:
    levels = list(Priority)
    made = [QueueMessage(str(uuid4()), BODY, levels[number % len(levels)]) for number in range(n)]
    return [made[at : at + BATCH] for at in range(0, n, BATCH)]


async def _through(queue: MessageQueue, batches: Batches) -> None:
    taker = queue.taker("engine", "bench")
    for batch in batches:
        await queue.put(batch)
        taken = await taker.take(most=BATCH, wait_s=1)
        assert len(taken) == len(batch)
        await taker.acknowledge(taken)


async def _handled(queue: MessageQueue, handled: HandledMessages, batches: Batches) -> None:
    async def handle(_: QueueMessage) -> None:
        return

    taker, handler = queue.taker("engine", "bench"), IdempotentHandler(handle, handled)
    for batch in batches:
        await queue.put(batch)
        assert await handle_next(taker, handler, most=BATCH, wait_s=1) == len(batch)


async def _bare(redis: Redis, batches: Batches) -> None:
    name = f"bench-{uuid4()}"
    await redis.xgroup_create(name, "engine", id="0", mkstream=True)
    for batch in batches:
        pipeline = redis.pipeline(transaction=False)
        for message in batch:
            pipeline.xadd(name, {"i": message.message_id, "b": message.body})
        await pipeline.execute()
        found: Any = await redis.xreadgroup("engine", "bench", {name: ">"}, count=BATCH)
        ids = [entry for entry, _ in found[0][1]]
        assert len(ids) == len(batch)
        await redis.xack(name, "engine", *ids)
        await redis.xdel(name, *ids)
