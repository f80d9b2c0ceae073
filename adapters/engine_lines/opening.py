"""Opens the lines between the engines of a cluster, and those of an API to them."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.engine_lines.engines import Engines
from adapters.engine_lines.names import Doing, Names, NoSuchEngine
from adapters.engine_lines.post import Post, post_of
from adapters.queues.redis_connection import error_of, refuse_unusable
from adapters.read_models.opening import founded_at_us
from adapters.settings import Settings
from application.cluster.membership import Membership
from application.cluster.placement import Placement
from application.founding import found, founding_of
from application.health import Health
from application.log.whole_streams import FollowedLog
from application.ports.clock import Clock
from application.ports.codec import EventCodec
from application.ports.event_store import EventStore, StoreUnavailable
from application.ports.queue import QueueError


async def _refuse_unusable(redis: Redis) -> None:
    try:
        refuse_unusable(await redis.info())
    except (RedisError, OSError) as error:
        raise error_of(error) from error


class Running(NamedTuple):
    """An engine that runs: how many entries wait in Redis to be taken by it, and what it tells of itself."""

    post: int
    doing: Doing | None


@asynccontextmanager
async def open_engines(
    settings: Settings,
    store: EventStore,
    codec: EventCodec,
    clock: Clock,
    health: Health,
    *,
    engine: str | None,
) -> AsyncIterator[Engines | None]:
    """Open the lines of an engine to the others, founding the exchange if it is new; none where it is alone.

    Raises :class:`application.ports.queue.QueueError` for a Redis that cannot be used.
    """
    if engine is None:
        yield None
        return
    await found(store, codec, clock, partitions=settings.partitions)
    async with open_lines(settings, store, codec, health, engine=engine) as engines:
        yield engines


@asynccontextmanager
async def open_lines(
    settings: Settings, log: FollowedLog, codec: EventCodec, health: Health, *, engine: str | None = None
) -> AsyncIterator[Engines]:
    """Open lines to all engines of the exchange in a log."""
    founding = await founding_of(log, codec)
    if founding is None:
        raise StoreUnavailable("the log holds no exchange yet: the first engine founds it")
    assert settings.redis_url is not None, "whoever asks for lines has looked"
    prefix = await _prefix(log, codec)
    post = Post(settings.redis_url, prefix=prefix, health=health)
    try:
        await _refuse_unusable(post.redis)
    except QueueError:
        await post.redis.aclose()
        raise
    placement = Placement(Membership(log, codec), engine)
    engines = Engines(
        post, Names(post.redis, prefix), placement, partitions=founding.partitions, health=health
    )
    async with post.running(), engines.running():
        yield engines


async def running_engines(
    settings: Settings, log: FollowedLog, codec: EventCodec, engines: Iterable[str]
) -> dict[str, Running]:
    """Return how those engines get on that run. Raises :class:`application.ports.queue.QueueError`."""
    assert settings.redis_url is not None, "whoever asks has looked"
    running: dict[str, Running] = {}
    async with Redis.from_url(settings.redis_url) as redis:
        names = Names(redis, prefix := await _prefix(log, codec))
        try:
            for engine in engines:
                with suppress(NoSuchEngine):
                    waiting = await redis.xlen(post_of(prefix, await names.find(engine)))
                    running[engine] = Running(waiting, await names.doing(engine))
        except (RedisError, OSError) as error:
            raise error_of(error) from error
    return running


async def _prefix(log: FollowedLog, codec: EventCodec) -> str:
    """Return how the names of an exchange begin in Redis."""
    return f"presage:{await founded_at_us(log, codec)}"
