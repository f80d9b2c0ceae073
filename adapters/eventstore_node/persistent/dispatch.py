"""Hands events to the consumers of a group and keeps count of what they did with them. Pure."""

import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import orjson

from adapters.eventstore_node import content
from adapters.eventstore_node.persistent.settings import Nack
from adapters.eventstore_node.records import Delivered

_SCANNED_MESSAGES = 500
_KEPT_IN_ORDER = 1_000
"""How many settled events are kept behind one that is not before they are put together with it."""


@dataclass(slots=True, eq=False)
class Message:
    """An event on its way to a consumer. ``cursor`` is where it stands in the source.

    ``settles`` is the cursor up to which everything is settled once it and all before it are. A replayed
    message was parked before; it stands nowhere and moves no checkpoint.
    """

    delivered: Delivered
    cursor: int
    replayed: bool = False
    retries: int = 0
    done: bool = False
    settles: int = field(init=False)

    def __post_init__(self) -> None:
        self.settles = self.cursor

    @property
    def id(self) -> UUID:
        """The id by which a consumer acknowledges it."""
        return self.delivered.original.id


@dataclass(slots=True, eq=False)
class Consumer:
    """A connected consumer: how many events it takes at once, and those it has."""

    send: Callable[[Message], None]
    slots: int
    peer: str = ""
    name: str = ""
    user: str = "anonymous"
    in_flight: dict[UUID, tuple[Message, float]] = field(default_factory=dict)
    handled: int = 0
    measured: int = 0
    """What was handled when somebody last asked."""

    @property
    def has_room(self) -> bool:
        """Whether it takes another event."""
        return len(self.in_flight) < self.slots


class Dispatcher:
    """The state of a group in memory. Times are monotonic seconds."""

    def __init__(self, strategy: str, *, message_timeout_s: float, max_retry_count: int) -> None:
        self.consumers: list[Consumer] = []
        self.pending: deque[Message] = deque()
        self.retrying: deque[Message] = deque()
        self.handled = 0
        self.measured = 0
        self._choose = _CHOOSERS.get(strategy, _round_robin)
        self._message_timeout_s = message_timeout_s
        self._max_retry_count = max_retry_count
        self._in_order: deque[Message] = deque()
        self._done_in_order = 0
        self._low_water: int | None = None

    @property
    def outstanding(self) -> int:
        """How many events consumers have."""
        return sum(len(consumer.in_flight) for consumer in self.consumers)

    def offer(self, message: Message) -> None:
        """Add an event from the source, or one that is replayed."""
        if message.replayed:
            self.retrying.append(message)
        else:
            self.pending.append(message)
            self._in_order.append(message)

    def skip_to(self, cursor: int) -> None:
        """Note that the source had nothing wanted up to ``cursor``."""
        if not self._in_order:
            self._low_water = cursor

    def dispatch(self, now: float) -> None:
        """Send what consumers have room for; retries go first."""
        for queue in (self.retrying, self.pending):
            kept: list[Message] = []
            for _ in range(min(len(queue), _SCANNED_MESSAGES)):
                if not any(consumer.has_room for consumer in self.consumers):
                    break
                message = queue.popleft()
                consumer = self._choose(self.consumers, message)
                # Ids are not unique in the log, and a consumer answers by id: one at a time.
                if consumer is None or message.id in consumer.in_flight:
                    kept.append(message)
                    continue
                consumer.in_flight[message.id] = (message, now + self._message_timeout_s)
                consumer.send(message)
            queue.extendleft(reversed(kept))

    def acknowledge(self, consumer: Consumer, ids: Iterable[UUID]) -> None:
        """Note what a consumer has handled."""
        for message in _taken(consumer, ids):
            consumer.handled += 1
            self._finish(message)

    def refuse(self, consumer: Consumer, ids: Iterable[UUID], action: Nack) -> list[Message]:
        """Note what a consumer could not handle; return what is to be parked."""
        taken = list(_taken(consumer, ids))
        if action is Nack.PARK:
            return taken
        if action is Nack.SKIP:
            for message in taken:
                self._finish(message)
            return []
        return self._retry(taken)

    def parked(self, message: Message) -> None:
        """Note that an event was parked, which settles it."""
        self._finish(message)

    def expire(self, now: float) -> list[Message]:
        """Take back what consumers have had for too long; return what is to be parked."""
        if self._message_timeout_s <= 0:
            return []
        late: list[Message] = []
        for consumer in self.consumers:
            ids = [event_id for event_id, (_, deadline) in consumer.in_flight.items() if deadline <= now]
            late.extend(_taken(consumer, ids))
        return self._retry(late)

    def remove(self, consumer: Consumer) -> list[Message]:
        """Take back what a consumer had that has gone; return what is to be parked."""
        self.consumers.remove(consumer)
        return self._retry(list(_taken(consumer, list(consumer.in_flight))))

    def low_water(self) -> int | None:
        """Return the cursor up to which everything was settled, if anything was."""
        while self._in_order and self._in_order[0].done:
            self._low_water = self._in_order.popleft().settles
            self._done_in_order -= 1
        return self._low_water

    def _retry(self, messages: Sequence[Message]) -> list[Message]:
        for message in messages:
            message.retries += 1
        again = [message for message in messages if message.retries <= self._max_retry_count]
        self.retrying.extendleft(reversed(again))
        return [message for message in messages if message.retries > self._max_retry_count]

    def _finish(self, message: Message) -> None:
        message.done = True
        self.handled += 1
        if not message.replayed:
            self._done_in_order += 1
            if self._done_in_order > max(_KEPT_IN_ORDER, len(self._in_order) // 2):
                self._put_together()

    def _put_together(self) -> None:
        """Keep only what is not settled, and with each the cursor that is reached once it is.

        One event that a consumer never settles must not keep all that come after it in memory.
        """
        self.low_water()
        kept: deque[Message] = deque()
        for message in self._in_order:
            if not message.done:
                kept.append(message)
            else:
                kept[-1].settles = message.settles
        self._in_order, self._done_in_order = kept, 0


def _taken(consumer: Consumer, ids: Iterable[UUID]) -> Iterator[Message]:
    for event_id in ids:
        entry = consumer.in_flight.pop(event_id, None)
        if entry is not None:
            yield entry[0]


def _first_with_room(consumers: Sequence[Consumer], _message: Message) -> Consumer | None:
    return next((consumer for consumer in consumers if consumer.has_room), None)


def _round_robin(consumers: list[Consumer], message: Message) -> Consumer | None:
    chosen = _first_with_room(consumers, message)
    if chosen is not None:
        consumers.remove(chosen)
        consumers.append(chosen)
    return chosen


def _pinned(consumers: Sequence[Consumer], key: str) -> Consumer | None:
    chosen = consumers[zlib.crc32(key.encode()) % len(consumers)]
    return chosen if chosen.has_room else None


def _pinned_by_stream(consumers: Sequence[Consumer], message: Message) -> Consumer | None:
    return _pinned(consumers, _source_stream(message))


def _pinned_by_correlation(consumers: Sequence[Consumer], message: Message) -> Consumer | None:
    event = message.delivered.event or message.delivered.original
    metadata, _ = content.unpack(event.metadata)
    try:
        correlation = orjson.loads(metadata).get("$correlationId")
    except (orjson.JSONDecodeError, AttributeError):
        correlation = None
    return _pinned(consumers, correlation if isinstance(correlation, str) else _source_stream(message))


def _source_stream(message: Message) -> str:
    return (message.delivered.event or message.delivered.original).stream


_CHOOSERS: dict[str, Callable[[list[Consumer], Message], Consumer | None]] = {
    "DispatchToSingle": _first_with_room,
    "RoundRobin": _round_robin,
    "Pinned": _pinned_by_stream,
    "PinnedByCorrelation": _pinned_by_correlation,
}
