"""Messages through a queue in Redis, in batches, beside bare commands with the same bytes (exercise 18).

One process puts a batch, takes it and acknowledges it, and the next one. ``bare`` does so with pipelines of
XADD, one XREADGROUP, and one XACK and XDEL with all ids: no levels, no bound, no take-over, no dead letters.
The runs take turns.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
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


def run(n: int = 50_000) -> dict[str, Any]:
    """Send ``n`` messages each way, three times."""
    with some_redis() as url:
        rates = asyncio.run(_run(url, n))
    return {
        "bench": "queue",
        "n": n,
        "conditions": {"batch": BATCH, "body_bytes": len(BODY), "levels": len(Priority)},
        "ours": {name: {"messages_per_s": rate} for name, rate in rates.items() if name != "bare"},
        "peers": {"bare XADD, XREADGROUP, XACK, XDEL": {"messages_per_s": rates["bare"]}},
        "ratios": {name: round(rate / rates["bare"], 2) for name, rate in rates.items() if name != "bare"},
    }


async def _run(url: str, n: int) -> dict[str, int]:
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
    rates = dict.fromkeys(ways, 0)
    for _ in range(ROUNDS):
        for name, way in ways.items():
            batches = _batches(n)
            begin = time.perf_counter()
            await way(batches)
            rates[name] = max(rates[name], round(n / (time.perf_counter() - begin)))
    for each in (queue, handled):
        await each.close()
    await redis.aclose()
    return rates


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
            pipeline.xadd(name, {"i": message.id, "b": message.body})
        await pipeline.execute()
        found: Any = await redis.xreadgroup("engine", "bench", {name: ">"}, count=BATCH)
        ids = [entry for entry, _ in found[0][1]]
        assert len(ids) == len(batch)
        await redis.xack(name, "engine", *ids)
        await redis.xdel(name, *ids)
