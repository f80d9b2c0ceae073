"""Under which name an engine is found by others: kept in Redis, and put there again when it is lost.

It decides nothing but where questions go. That two engines of one name do no harm is seen to by the log.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.cancellation import cancellable
from adapters.queues.redis_connection import error_of
from application.health import Health, kept_running

LASTS_S = 3.0
LOOK_S = 0.5
"""For how long a name is kept for whoever has it, and how often it says that it is still there."""

WAIT_S = 2 * LASTS_S
"""How long a new engine waits for its name: one that was killed cannot give it back."""


class NameTaken(Exception):
    """Another engine of this name is running."""


class NoSuchEngine(OSError):
    """No engine of this name runs."""


class Doing(msgspec.Struct, frozen=True):
    """How an engine gets on: up to which position of the log it has seen to what follows from events.

    ``commands`` wait in its mailboxes, ``notices`` in its outbox.
    """

    position: int
    commands: int
    notices: int


class Names:
    """The names of the engines of an exchange."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    async def find(self, engine: str) -> str:
        """Return the address of an engine. Raises :class:`NoSuchEngine`, or ``OSError`` where Redis fails."""
        try:
            address = await cancellable(self._redis.get(self._key(engine)))
        except RedisError as error:
            raise OSError(str(error)) from error
        if address is None:
            raise NoSuchEngine(f"no engine {engine} runs")
        return address if isinstance(address, str) else address.decode()

    async def doing(self, engine: str) -> Doing | None:
        """Return how an engine has last told that it gets on, ``None`` where it has not."""
        told = await self._redis.get(f"{self._key(engine)}:doing")
        return None if told is None else msgspec.json.decode(told, type=Doing)

    @asynccontextmanager
    async def held(
        self,
        engine: str,
        address: str,
        lost: asyncio.Event,
        health: Health,
        doing: Callable[[], Doing] | None = None,
    ) -> AsyncIterator[None]:
        """Keep a name for an address while the block runs; ``lost`` is set if another engine has it then.

        What it is ``doing`` can be asked by its name.
        Raises :class:`NameTaken` if another engine has it now, and keeps it, and
        :class:`application.ports.queue.QueueError` where Redis does not take it.
        """
        try:
            await self._take(engine, address)
        except (RedisError, OSError) as error:
            raise error_of(error) from error
        part = f"name {engine}"
        keeping = asyncio.create_task(
            kept_running(partial(self._keep, engine, address, lost, doing), health=health, part=part),
            name=part,
        )
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            with suppress(RedisError, OSError):
                if await self._is_ours(engine, address):
                    await self._redis.delete(self._key(engine))

    async def _take(self, engine: str, address: str) -> None:
        until = asyncio.get_running_loop().time() + WAIT_S
        while not await self._is_ours(engine, address):
            if asyncio.get_running_loop().time() > until:
                raise NameTaken(f"an engine {engine} is running already: every engine has a name of its own")
            await asyncio.sleep(LOOK_S / 2)

    async def _keep(
        self, engine: str, address: str, lost: asyncio.Event, doing: Callable[[], Doing] | None
    ) -> None:
        while not lost.is_set():
            with suppress(RedisError, OSError):  # told by whoever sends messages by it
                if not await self._is_ours(engine, address):
                    lost.set()
                elif doing is not None:
                    told, kept_ms = msgspec.json.encode(doing()), int(1_000 * LASTS_S)
                    await cancellable(self._redis.set(f"{self._key(engine)}:doing", told, px=kept_ms))
            await asyncio.sleep(LOOK_S)
        await asyncio.Event().wait()  # the process ends

    async def _is_ours(self, engine: str, address: str) -> bool:
        """Return whether a name stands for an address, having it stand for that longer, or if it was free."""
        key, kept_ms = self._key(engine), int(1_000 * LASTS_S)
        if await cancellable(self._redis.set(key, address, px=kept_ms, nx=True)):
            return True
        if await cancellable(self._redis.get(key)) != address.encode():
            return False
        await cancellable(self._redis.pexpire(key, kept_ms))
        return True

    def _key(self, engine: str) -> str:
        return f"{self._prefix}:engine:{engine}"
