"""A cache in this process in front of one that many share.

What was found in the shared cache is kept here for a moment, so that a busy key costs one round trip now
and then. Fences and claims are those of the shared cache.
"""

from adapters.caches.memory import MemoryCache
from application.ports.cache import Cache

NEAR_TTL_S = 1.0
"""How long a copy is believed: other processes' invalidations do not reach it."""


class NearCache:
    """Reads ``near`` first, then ``far``."""

    def __init__(self, near: MemoryCache, far: Cache, *, near_ttl_s: float = NEAR_TTL_S) -> None:
        self._near = near
        self._far = far
        self._near_ttl_s = near_ttl_s

    async def get(self, key: str) -> bytes | None:
        """Return what is kept under a key."""
        value = await self._near.get(key)
        if value is not None:
            return value
        # An invalidation that comes while the shared cache is asked takes this fence down.
        fence = await self._near.claim(key, for_s=0)
        value = await self._far.get(key)
        if value is not None and fence is not None:
            await self._near.put(key, value, fence=fence, ttl_s=self._near_ttl_s)
        return value

    async def claim(self, key: str, *, for_s: float) -> int | None:
        """Take the right to compute a key."""
        return await self._far.claim(key, for_s=for_s)

    async def prolong(self, key: str, *, fence: int, for_s: float) -> bool:
        """Have a claim last longer."""
        return await self._far.prolong(key, fence=fence, for_s=for_s)

    async def put(self, key: str, value: bytes, *, fence: int, ttl_s: float) -> bool:
        """Keep a computed value, here as soon as it is read."""
        return await self._far.put(key, value, fence=fence, ttl_s=ttl_s)

    async def give_up(self, key: str, *, fence: int) -> None:
        """Give a claim up without a value."""
        await self._far.give_up(key, fence=fence)

    async def invalidate(self, keys: tuple[str, ...]) -> None:
        """Forget keys, here and for everybody."""
        await self._near.invalidate(keys)
        await self._far.invalidate(keys)

    async def close(self) -> None:
        """Release connections."""
        await self._far.close()
