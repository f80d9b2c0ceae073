"""A cancellation that a client loses is one all the same: in every part that asks a Redis."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapters.caches.redis import RedisCache
from adapters.caches.shared_signatures import SharedSignatures
from adapters.caches.used_signatures import MemorySignatures
from adapters.cancellation import cancellable
from adapters.queues.redis_connection import RedisConnection
from adapters.sessions.redis import RedisAttempts, RedisSessions
from application.health import Health
from domain.identifiers import AccountId

NOWHERE = "redis://127.0.0.1:1/0"


class Losing:
    """Stands in for a connection whose client is cancelled while it asks, and answers all the same."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def answer(self, *_: Any, **__: Any) -> Any:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return {"redis_version": "7.0.0"}


def _queue(losing: Losing) -> Awaitable[Any]:
    connection = RedisConnection(NOWHERE)
    connection.redis.info = losing.answer  # type: ignore[method-assign]
    return connection.ask(losing.answer)


def _cache(losing: Losing) -> Awaitable[Any]:
    cache = RedisCache(NOWHERE)
    cache._generation = "1"
    cache._redis.get = losing.answer  # type: ignore[method-assign]
    return cache.get("key")


def _generation(losing: Losing) -> Awaitable[Any]:
    cache = RedisCache(NOWHERE)
    cache._begin_generation = losing.answer  # type: ignore[method-assign]
    return cache.get("key")


def _signatures(losing: Losing) -> Awaitable[Any]:
    health = Health()
    shared = SharedSignatures(NOWHERE, prefix="p", here=MemorySignatures(), health=health)
    shared._redis.set = losing.answer  # type: ignore[method-assign]
    return shared.first(b"digest", for_s=1)


def _sessions(losing: Losing) -> Awaitable[Any]:
    sessions = RedisSessions(NOWHERE)
    sessions._of_account = losing.answer  # type: ignore[assignment]
    return sessions.of_account(AccountId("somebody"))


def _attempts(losing: Losing) -> Awaitable[Any]:
    attempts = RedisAttempts(NOWHERE)
    attempts._redis.delete = losing.answer  # type: ignore[method-assign]
    return attempts.succeeded("somebody")


@pytest.mark.parametrize("part", [_queue, _cache, _generation, _signatures, _sessions, _attempts])
async def test_whoever_was_cancelled_while_asking_is(part: Callable[[Losing], Awaitable[Any]]) -> None:
    losing = Losing()

    async def ask() -> None:
        await part(losing)
        await asyncio.Event().wait()  # goes on as if nothing had been

    asking = asyncio.create_task(ask())
    await losing.asked.wait()
    asking.cancel()
    await asyncio.wait([asking], timeout=5)
    ended = asking.done()
    asking.cancel()
    assert ended
    assert asking.cancelled()


async def test_whoever_was_cancelled_is_even_if_the_answer_is_a_fault() -> None:
    begun = asyncio.Event()

    async def fails() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectionError("broken off") from None

    asking = asyncio.create_task(cancellable(fails()))
    await begun.wait()
    asking.cancel()
    await asyncio.wait([asking])
    assert asking.cancelled()


async def test_an_answer_and_a_fault_go_through_where_nobody_was_cancelled() -> None:
    async def answers() -> int:
        return 3

    async def fails() -> None:
        raise ConnectionError("away")

    assert await cancellable(answers()) == 3
    with pytest.raises(ConnectionError, match="away"):
        await cancellable(fails())
