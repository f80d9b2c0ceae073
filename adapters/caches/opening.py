"""Opens the cache that the settings name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.caches.memory import MemoryCache
from adapters.caches.used_signatures import MemorySignatures
from application.health import Health
from application.ports.cache import Cache
from application.ports.used_signatures import UsedSignatures


@asynccontextmanager
async def open_cache(redis_url: str | None, *, exchange: str, health: Health) -> AsyncIterator[Cache]:
    """Open a cache in memory; with a Redis, one that is shared with every process of the same exchange."""
    cache: Cache = MemoryCache(keys=KEYS)
    if redis_url is not None:
        from adapters.caches.near import NearCache  # noqa: PLC0415 - only where it is used
        from adapters.caches.redis import RedisCache  # noqa: PLC0415

        far = RedisCache(redis_url, prefix=f"presage:{exchange}", health=health)
        cache = NearCache(MemoryCache(keys=KEYS), far)
    try:
        yield cache
    finally:
        await cache.close()


@asynccontextmanager
async def open_used_signatures(
    redis_url: str | None, *, exchange: str, health: Health
) -> AsyncIterator[UsedSignatures]:
    """Open the memory of used signatures; with a Redis, one for all processes of the same exchange."""
    here = MemorySignatures()
    if redis_url is None:
        yield here
        return
    from adapters.caches.shared_signatures import SharedSignatures  # noqa: PLC0415 - only where it is used

    shared = SharedSignatures(redis_url, prefix=f"presage:{exchange}", here=here, health=health)
    try:
        yield shared
    finally:
        await shared.close()


KEYS = 10_000
"""How many answers are kept in memory: about 30 kB each for a page of trades."""
