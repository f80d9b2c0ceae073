"""Signatures that were used in any of the processes that share a Redis."""

from time import monotonic

from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.caches.used_signatures import MemorySignatures
from adapters.cancellation import cancellable
from application.health import Health, Trouble

PART = "used signatures"
REDIS_TIMEOUT_S = 0.5
REDIS_PAUSE_S = 5.0
"""How long Redis is left alone after it failed to answer: meanwhile each process remembers for itself."""


class SharedSignatures:
    """Remembers in Redis as well, where other processes see it."""

    def __init__(self, url: str, *, prefix: str, here: MemorySignatures, health: Health) -> None:
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S
        )
        self._prefix = prefix
        self._here = here
        self._health = health
        self._alone_until_s = 0.0

    async def first(self, digest: bytes, *, for_s: float) -> bool | None:
        """Use something up; return whether it is the first time in any process."""
        first = await self._here.first(digest, for_s=for_s)
        if not first or monotonic() < self._alone_until_s:
            return first
        name = f"{self._prefix}:used:{digest.hex()}"
        try:
            known = await cancellable(self._redis.set(name, b"", nx=True, px=int(for_s * 1_000)))
        except (RedisError, OSError) as error:
            self._health.report(
                PART, Trouble.CACHE_UNAVAILABLE, f"Redis is away, they are remembered here alone: {error}"
            )
            self._alone_until_s = monotonic() + REDIS_PAUSE_S
            return True
        self._health.clear(PART, Trouble.CACHE_UNAVAILABLE)
        return bool(known)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
