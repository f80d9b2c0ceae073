"""The Redis behind the queues: that it can serve, and what its failures mean."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError, ResponseError

from adapters.cancellation import cancellable
from application.ports.queue import QueueError, QueueFull, QueueUnavailable, UnusableQueue

T = TypeVar("T")

OLDEST = (6, 2)
"""The first version with ``XAUTOCLAIM``."""

TIMEOUT_S = 5.0


class RedisConnection:
    """Asks a Redis, once it is known to be one that can serve."""

    def __init__(self, url: str) -> None:
        # Whoever asks repeats it; what the client repeated by itself would be put twice.
        self.redis: Redis = Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        )
        self._known_to_serve = False

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """Ask something; every failure is an error of the queue's own."""
        try:
            if not self._known_to_serve:
                refuse_unusable(await cancellable(self.redis.info()))
                self._known_to_serve = True
            return await cancellable(question())
        except (RedisError, OSError) as error:
            raise error_of(error) from error

    def look_again(self) -> None:
        """Have it known anew, at the next question, whether the Redis can serve."""
        self._known_to_serve = False

    async def close(self) -> None:
        """Close the connections."""
        await self.redis.aclose()


def refuse_unusable(info: dict[str, object]) -> None:
    """Raise :class:`UnusableQueue` if a Redis cannot serve, going by what it says of itself."""
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise UnusableQueue(f"Redis is {version}; queues take {'.'.join(map(str, OLDEST))} or newer")
    policy = str(info.get("maxmemory_policy"))
    if info.get("maxmemory") and policy.startswith("allkeys"):
        raise UnusableQueue(
            f"Redis drops queues without a word when its memory is full (maxmemory-policy {policy}); "
            "set it to volatile-lru, which drops what is cached, or to noeviction"
        )


def error_of(error: Exception) -> QueueError:
    """Return what a fault of Redis, or of the way to it, means."""
    said = str(error)
    # Within a script every version of Redis says it in other words, but with the same codes.
    if isinstance(error, OutOfMemoryError) or "OOM " in said:
        return QueueFull("Redis has no memory left (maxmemory): nothing can be put into it")
    if isinstance(error, ReadOnlyError) or "READONLY " in said:
        return QueueUnavailable("Redis is a read-only replica; REDIS_URL has to name the primary")
    if isinstance(error, ResponseError):
        return UnusableQueue(f"Redis refuses: {said}")
    return QueueUnavailable(f"Redis cannot be reached: {said or type(error).__name__}")
