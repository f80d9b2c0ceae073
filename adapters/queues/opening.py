"""Opens what watches the queues of the Redis that the settings name."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from application.health import Health, kept_running
from application.watching.queues import Queues


@asynccontextmanager
async def watching_queues(redis_url: str | None, health: Health) -> AsyncIterator[list[Queues]]:
    """Watch all queues while the block runs; without a Redis there are none.

    Raises :class:`application.ports.queue.UnusableQueue` for a Redis that can be asked and cannot serve. One
    that is away may come back, and is waited for.
    """
    if redis_url is None:
        yield []
        return
    from adapters.queues.redis import RedisQueues  # noqa: PLC0415 - only where it is used

    found = RedisQueues(redis_url)
    queues = Queues(found.figures, health)
    looking = None
    try:
        await queues.look()
        looking = asyncio.create_task(kept_running(queues.run, health=health, part="watch on the queues"))
        yield [queues]
    finally:
        if looking is not None:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
        await found.close()
