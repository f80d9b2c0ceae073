"""A message queue in Redis Streams, for many processes.

Each level is a stream, the dead letters are another; all of them are in one slot of a cluster. What is more
than one command is a script, so that nothing is ever between two of its steps.
"""

import asyncio
import re
from collections.abc import Sequence
from itertools import chain
from typing import Any

from adapters.queues import redis_scripts as scripts
from adapters.queues.limits import ATTEMPTS_MAX, BOUND, IDLE_S, NEVER_ACKNOWLEDGED
from adapters.queues.redis_connection import RedisConnection
from application.ports.queue import (
    BATCH_MAX,
    DeadLetter,
    Delivery,
    Priority,
    QueueFigures,
    QueueFull,
    QueueMessage,
    refuse_invalid,
)

NAME = re.compile(r"[\w.:-]+", re.ASCII)
_LETTER = re.compile(r"\d+-\d+")

NO_MESSAGE = "not a message: it has no id or no body"

WAIT_S = 1.0
"""How long Redis is asked to wait at once."""


class RedisMessageQueue:
    """Holds at most ``bound`` messages under ``name``, by which every process knows the queue."""

    def __init__(
        self,
        url: str,
        name: str,
        *,
        bound: int = BOUND,
        idle_s: float = IDLE_S,
        attempts_max: int = ATTEMPTS_MAX,
    ) -> None:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a queue: letters, digits and _ . : - only")
        self._connection = RedisConnection(url)
        self._bound = bound
        self._idle_s = idle_s
        self._attempts_max = attempts_max
        self._keys = _keys(name)
        redis = self._connection.redis
        self._put = redis.register_script(scripts.PUT)
        self._retry = redis.register_script(scripts.RETRY)
        self._figures = redis.register_script(scripts.FIGURES)

    async def put(self, messages: Sequence[QueueMessage]) -> None:
        """Put all of the messages or none."""
        refuse_invalid(messages)
        told = chain.from_iterable(
            (message.priority.value, message.message_id, message.body) for message in messages
        )
        arguments = [self._bound, *told]
        held = await self._connection.ask(lambda: self._put(keys=self._keys, args=arguments))
        if held >= 0:
            raise QueueFull(f"the queue holds {held:,} of at most {self._bound:,} messages")

    def taker(self, group: str, consumer: str) -> "RedisTaker":
        """Return a consumer of a group."""
        return RedisTaker(
            self._connection,
            self._keys,
            group=group,
            consumer=consumer,
            bound=self._bound,
            idle_s=self._idle_s,
            attempts_max=self._attempts_max,
        )

    async def figures(self) -> QueueFigures:
        """Return what the queue holds."""
        return _figures_of(*await self._connection.ask(lambda: self._figures(keys=self._keys)))

    async def dead(self, *, most: int) -> Sequence[DeadLetter]:
        """Return dead letters, the oldest first."""
        redis = self._connection.redis
        entries: Any = await self._connection.ask(lambda: redis.xrange(self._keys[-1], count=most))
        return [_dead_letter(entry.decode(), fields) for entry, fields in entries]

    async def retry(self, letters: Sequence[str]) -> int:
        """Put dead letters back at the end of their levels."""
        named = [letter for letter in letters if _LETTER.fullmatch(letter)]
        return int(await self._connection.ask(lambda: self._retry(keys=self._keys, args=named)))

    async def discard(self, letters: Sequence[str]) -> int:
        """Drop dead letters for good."""
        named = [letter for letter in letters if _LETTER.fullmatch(letter)]
        if not named:
            return 0
        redis = self._connection.redis
        return int(await self._connection.ask(lambda: redis.xdel(self._keys[-1], *named)))

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()


class RedisTaker:
    """One consumer of a group of a :class:`RedisMessageQueue`."""

    def __init__(
        self,
        connection: RedisConnection,
        keys: Sequence[str],
        *,
        group: str,
        consumer: str,
        bound: int,
        idle_s: float,
        attempts_max: int,
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._group = group
        self._consumer = consumer
        self._bound = bound
        self._idle_s = idle_s
        self._attempts_max = attempts_max
        self._looked_s = float("-inf")
        redis = connection.redis
        self._take = redis.register_script(scripts.TAKE)
        self._acknowledge = redis.register_script(scripts.ACKNOWLEDGE)
        self._fail = redis.register_script(scripts.FAIL)

    async def take(self, *, most: int, wait_s: float) -> Sequence[Delivery]:
        """Take the next messages, in their order."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        while True:
            given, ends = await self._given_out(min(most, BATCH_MAX))
            readable = [each for each in given if each.message.message_id]
            if unreadable := [each for each in given if not each.message.message_id]:
                await self.fail(unreadable, NO_MESSAGE, final=True)
            left_s = until - loop.time()
            if readable or left_s <= 0:
                return readable
            if ends:
                await self._wait(ends, min(left_s, WAIT_S, self._idle_s / 4))

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Say that messages were handled."""
        if deliveries:
            arguments = [self._group, *_places(deliveries)]
            await self._connection.ask(lambda: self._acknowledge(keys=self._keys, args=arguments))

    async def fail(self, deliveries: Sequence[Delivery], why: str, *, final: bool = False) -> None:
        """Say that messages were handled in vain."""
        said: list[Any] = [self._group, self._consumer, self._attempts_max, self._bound, int(final), why]
        arguments = [*said, *_places(deliveries)]
        await self._connection.ask(lambda: self._fail(keys=self._keys, args=arguments))

    async def _given_out(self, most: int) -> tuple[list[Delivery], list[bytes]]:
        """Return what this consumer gets now; if there is nothing, where each level ends."""
        now_s = asyncio.get_running_loop().time()
        # To look for what was abandoned Redis goes through all that is in hand: not for every batch.
        look = now_s - self._looked_s >= self._idle_s / 4
        arguments: list[Any] = [
            *(self._group, self._consumer, most, round(self._idle_s * 1_000)),
            *(self._attempts_max, self._bound, int(look), NEVER_ACKNOWLEDGED),
        ]
        given, ends = await self._connection.ask(lambda: self._take(keys=self._keys, args=arguments))
        if look and len(given) < most:
            self._looked_s = now_s
        return [_delivery(*each) for each in given], ends

    async def _wait(self, ends: Sequence[bytes], wait_s: float) -> None:
        """Wait until something is put after the ends. Nothing is taken, so nothing is lost by giving up."""
        redis = self._connection.redis
        after: dict[Any, Any] = dict(zip(self._keys, ends, strict=False))
        await self._connection.ask(lambda: redis.xread(after, count=1, block=max(1, round(wait_s * 1_000))))


class RedisQueues:
    """All queues in a Redis, whoever made them."""

    def __init__(self, url: str) -> None:
        self._connection = RedisConnection(url)
        self._figures = self._connection.redis.register_script(scripts.FIGURES)

    async def names(self) -> list[str]:
        """Return the names of all queues."""
        redis = self._connection.redis

        async def look() -> set[str]:
            found = redis.scan_iter(match=f"{_key('*')}:*", count=1_000, _type="STREAM")
            return {key.decode().partition("{")[2].rpartition("}")[0] async for key in found}

        return sorted(await self._connection.ask(look))

    async def figures(self) -> dict[str, QueueFigures]:
        """Return what each queue holds. Raises :class:`UnusableQueue` for a Redis that cannot serve now."""
        self._connection.look_again()
        return {name: await self._figures_of(_keys(name)) for name in await self.names()}

    async def _figures_of(self, keys: list[str]) -> QueueFigures:
        return _figures_of(*await self._connection.ask(lambda: self._figures(keys=keys)))

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()


async def queue_names(url: str) -> list[str]:
    """Return the names of all queues in a Redis."""
    queues = RedisQueues(url)
    try:
        return await queues.names()
    finally:
        await queues.close()


def _keys(name: str) -> list[str]:
    return [*(f"{_key(name)}:{level.value}" for level in Priority), f"{_key(name)}:dead"]


def _figures_of(dead: int, levels: Sequence[tuple[int, Sequence[tuple[bytes, int]]]]) -> QueueFigures:
    in_hand: dict[str, int] = {}
    for _, groups in levels:
        for name, many in groups:
            in_hand[name.decode()] = in_hand.get(name.decode(), 0) + many
    return QueueFigures(
        held={level: levels[level.value][0] for level in Priority},
        in_hand=dict(sorted(in_hand.items())),
        dead=dead,
    )


def _key(name: str) -> str:
    return f"presage:queue:{{{name}}}"


def _places(deliveries: Sequence[Delivery]) -> list[str]:
    return [part for delivery in deliveries for part in delivery.place.split("/")]


def _delivery(level: int, entry: bytes, attempt: int, fields: Sequence[bytes]) -> Delivery:
    named = dict(zip(fields[::2], fields[1::2], strict=True))
    message = QueueMessage(_id(named) if b"b" in named else "", named.get(b"b", b""), Priority(level))
    return Delivery(message, f"{level}/{entry.decode()}", attempt)


def _id(fields: dict[bytes, bytes]) -> str:
    return fields.get(b"i", b"").decode("utf-8", "backslashreplace")


def _dead_letter(letter: str, fields: dict[bytes, bytes]) -> DeadLetter:
    return DeadLetter(
        letter=letter,
        message=QueueMessage(_id(fields), fields[b"b"], Priority(int(fields[b"l"]))),
        group=fields[b"g"].decode(),
        attempts=int(fields[b"n"]),
        why=fields[b"w"].decode(),
    )
