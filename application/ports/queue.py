"""Message queues: who sends, who takes, and what operators look at.

A queue carries; it never holds the only copy of what must not be lost. Order is strict between levels of
priority and first in, first out within a level. Each consumer group gets every message, each message goes to
one consumer of a group, at least once. What a queue holds, dead letters included, never exceeds its bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Protocol

BATCH_MAX = 1_000
"""How many messages are put, taken or acknowledged at once."""

ID_CHARACTERS = 200
BODY_BYTES = 1_048_576


class Priority(IntEnum):
    """The levels of a queue, the most urgent first: who wants out of a market comes before who wants in."""

    CANCEL = 0
    AMENDMENT = 1
    NEW_ORDER = 2


class QueueMessage(NamedTuple):
    """What is sent; ``message_id`` is the sender's name for it, the same when it is sent again."""

    message_id: str
    body: bytes
    priority: Priority = Priority.NEW_ORDER


class Delivery(NamedTuple):
    """A message in the hands of a consumer for the ``attempt``-th time; ``place`` is the queue's own."""

    message: QueueMessage
    place: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that was given up, handled in vain or unreadable; the queue knows it by ``letter``."""

    letter: str
    message: QueueMessage
    group: str
    attempts: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """What a queue holds: messages of each level, those in hand by group, and dead letters."""

    held: Mapping[Priority, int]
    in_hand: Mapping[str, int]
    dead: int


class QueueError(Exception):
    """A queue did not do what was asked of it. Nothing was lost, and nothing done by halves."""


class QueueFull(QueueError):
    """There is no room. Nothing was put; try again later."""


class QueueUnavailable(QueueError):
    """The queue cannot be reached or written now. Whether a message was put is not known: put it again."""


class UnusableQueue(QueueError):
    """What is behind the queue cannot serve as one; somebody has to change its configuration."""


class InvalidMessage(QueueError):
    """A message that no queue takes: without an id, or too large. Nothing was put."""


class MessageSender(Protocol):
    """Puts messages into a queue."""

    async def put(self, messages: Sequence[QueueMessage]) -> None:
        """Put all of the messages, in one round trip, or none.

        Raises :class:`QueueFull`, :class:`InvalidMessage`, :class:`QueueUnavailable`, :class:`UnusableQueue`.
        """
        ...


class MessageTaker(Protocol):
    """One consumer of a group."""

    async def take(self, *, most: int, wait_s: float) -> Sequence[Delivery]:
        """Take the next messages, in their order; wait up to ``wait_s`` for the first one.

        What another consumer took and did not acknowledge for the idle time comes first in its level.
        """
        ...

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Say that messages were handled: their group never sees them again."""
        ...

    async def fail(self, deliveries: Sequence[Delivery], why: str, *, final: bool = False) -> None:
        """Say that messages were handled in vain.

        They are given out again after the idle time, or become dead letters: after their last attempt, or at
        once if it is ``final`` because they can never be handled.
        """
        ...


class DeadLetterBox(Protocol):
    """What operators do with a queue."""

    async def figures(self) -> QueueFigures:
        """Return what the queue holds."""
        ...

    async def dead(self, *, most: int) -> Sequence[DeadLetter]:
        """Return dead letters, the oldest first."""
        ...

    async def retry(self, letters: Sequence[str]) -> int:
        """Put dead letters back at the end of their levels, their attempts forgotten; return how many."""
        ...

    async def discard(self, letters: Sequence[str]) -> int:
        """Drop dead letters for good; return how many there were."""
        ...


class MessageQueue(MessageSender, DeadLetterBox, Protocol):
    """A queue whole, for the place that opens it."""

    def taker(self, group: str, consumer: str) -> MessageTaker:
        """Return a consumer of a group. The group's first one finds everything that is still there."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


def refuse_invalid(messages: Sequence[QueueMessage]) -> None:
    """Raise :class:`InvalidMessage` for what no queue takes, before anything is put."""
    if len(messages) > BATCH_MAX:
        raise InvalidMessage(f"{len(messages):,} messages at once; at most {BATCH_MAX:,} are put")
    for message in messages:
        if not message.message_id:
            raise InvalidMessage("a message has no id, so nobody could tell that it came twice")
        if len(message.message_id) > ID_CHARACTERS:
            raise InvalidMessage(
                f"a message's id has {len(message.message_id)} characters; at most {ID_CHARACTERS}"
            )
        if len(message.body) > BODY_BYTES:
            raise InvalidMessage(
                f"{message.message_id}: {len(message.body):,} bytes; at most {BODY_BYTES:,} are put"
            )
