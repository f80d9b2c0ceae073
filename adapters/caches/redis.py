"""A cache in Redis, shared by many processes.

While Redis is away every read is a miss and nothing is kept, so readers get slower and never wrong. What
could not be invalidated meanwhile is dropped whole, by a new generation of keys, before Redis is used
again; other processes see at most values that are as old as their time to live.
"""

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from adapters.cancellation import cancellable
from application.health import Health, Trouble
from application.ports.cache import UNFENCED

T = TypeVar("T")

CONNECTIONS = 16
TIMEOUT_S = 1.0
PART = "shared cache"
PAUSE_S = 1.0
"""How long Redis is left alone after it failed to answer."""

FENCE_S = 3_600
"""How long a fence is kept after its last use: far longer than any computation."""

_CLAIM = """
if redis.call('EXISTS', KEYS[2]) == 1 then return false end
local fence = redis.call('INCR', KEYS[3])
redis.call('SET', KEYS[1], fence, 'EX', ARGV[2])
redis.call('SET', KEYS[2], fence, 'PX', ARGV[1])
return fence
"""

_PROLONG = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
"""

_PUT = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
"""

_GIVE_UP = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 1
"""

_INVALIDATE = """
local fence = redis.call('INCR', KEYS[4])
redis.call('SET', KEYS[1], fence, 'EX', ARGV[1])
redis.call('DEL', KEYS[2], KEYS[3])
return 1
"""


class RedisCache:
    """Keeps values in a Redis under ``prefix``, which is away if it does not answer for ``timeout_s``."""

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "presage",
        health: Health | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        # Callers wait their turn for a connection: a burst must not look like a Redis that is away.
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=10 * timeout_s,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
        )
        self._redis: Redis = Redis(connection_pool=pool)
        self._pool = pool
        self._prefix = prefix
        self._health = health or Health()
        self._generation = ""
        self._alone_until_s = 0.0
        self._claim = self._redis.register_script(_CLAIM)
        self._prolong = self._redis.register_script(_PROLONG)
        self._put = self._redis.register_script(_PUT)
        self._give_up = self._redis.register_script(_GIVE_UP)
        self._invalidate = self._redis.register_script(_INVALIDATE)

    async def get(self, key: str) -> bytes | None:
        """Return what is kept under a key."""

        async def ask() -> bytes | None:
            return cast("bytes | None", await self._redis.get(self._name("value", key)))

        return await self._carefully(ask, None)

    async def claim(self, key: str, *, for_s: float) -> int | None:
        """Take the right to compute a key."""

        async def ask() -> int | None:
            keys = [self._name("fence", key), self._name("claim", key), self._name("fences", "")]
            fence = await self._claim(keys=keys, args=[int(for_s * 1_000), FENCE_S])
            return None if fence is None else int(fence)

        return await self._carefully(ask, UNFENCED)

    async def prolong(self, key: str, *, fence: int, for_s: float) -> bool:
        """Have a claim last longer, unless the key was invalidated or claimed again meanwhile."""
        if fence == UNFENCED:
            return False

        async def ask() -> bool:
            keys = [self._name("fence", key), self._name("claim", key)]
            return bool(await self._prolong(keys=keys, args=[fence, int(for_s * 1_000)]))

        return await self._carefully(ask, default=False)

    async def put(self, key: str, value: bytes, *, fence: int, ttl_s: float) -> bool:
        """Keep a computed value unless the key was invalidated or claimed again meanwhile."""
        if fence == UNFENCED:
            return False

        async def ask() -> bool:
            keys = [self._name("fence", key), self._name("claim", key), self._name("value", key)]
            return bool(await self._put(keys=keys, args=[fence, value, int(ttl_s * 1_000)]))

        return await self._carefully(ask, default=False)

    async def give_up(self, key: str, *, fence: int) -> None:
        """Give a claim up without a value."""

        async def ask() -> None:
            await self._give_up(keys=[self._name("fence", key), self._name("claim", key)], args=[fence])

        if fence != UNFENCED:
            await self._carefully(ask, None)

    async def invalidate(self, keys: tuple[str, ...]) -> None:
        """Forget keys, and what is being computed for them."""

        async def ask() -> bool:
            for key in keys:
                names = [self._name(kind, key) for kind in ("fence", "claim", "value")]
                await self._invalidate(keys=[*names, self._name("fences", "")], args=[FENCE_S])
            return True

        if not await self._carefully(ask, default=False):
            self._generation = ""

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
        await self._pool.aclose()

    def _name(self, kind: str, key: str) -> str:
        return f"{self._prefix}:{self._generation}:{kind}:{key}"

    async def _carefully(self, ask: Callable[[], Awaitable[T]], default: T) -> T:
        """Ask Redis, or give the default while it is away."""
        if monotonic() < self._alone_until_s:
            return default
        try:
            if not self._generation:
                await cancellable(self._begin_generation())
            answer = await cancellable(ask())
        except (RedisError, OSError) as error:
            self._health.report(
                PART, Trouble.CACHE_UNAVAILABLE, f"Redis is away, reads go on without it: {error}"
            )
            self._alone_until_s = monotonic() + PAUSE_S
            return default
        self._health.clear(PART, Trouble.CACHE_UNAVAILABLE)
        return answer

    async def _begin_generation(self) -> None:
        """Join the present generation of keys, or begin a new one after invalidations were lost."""
        name = f"{self._prefix}:generation"
        lost = self._alone_until_s > 0
        number = await self._redis.incr(name) if lost else await self._redis.get(name)
        self._generation = str(int(number or 0))
