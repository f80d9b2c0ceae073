"""The event store as the application needs it: append with a fence, read, subscribe.

Streams are named logs with gapless revisions from 0. The whole log (``$all``) orders every event by a
:data:`Position`: opaque outside the adapter, but ordered, and always greater than :data:`START`.
Reads and subscriptions deliver pages rather than single events, because consumers commit per page.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import NewType, Protocol
from uuid import UUID

from domain.messages import Message

Position = NewType("Position", int)
"""Where an event stands in the whole log. Compare it, store it, hand it back; never compute with it."""

START = Position(0)
"""Before the first event of the log."""

NO_STREAM = -1
"""The expected revision of a stream that must not exist yet."""


class NewEvent(Message, frozen=True, kw_only=True):
    """An event to be appended. ``data`` and ``metadata`` are JSON documents in UTF-8."""

    id: UUID
    type: str
    data: bytes
    metadata: bytes = b"{}"


def stored_size(event: NewEvent) -> int:
    """Return how many bytes of an append's limit an event takes."""
    return len(event.data) + len(event.metadata) + 2 * len(event.type)


class RecordedEvent(Message, frozen=True, kw_only=True):
    """An event as the store keeps it. ``recorded_at_us`` is microseconds since the Unix epoch, UTC."""

    id: UUID
    type: str
    data: bytes
    metadata: bytes
    stream: str
    revision: int
    position: Position
    recorded_at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """The answer to a durable append: the revision and position of its last event."""

    revision: int
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which events of the whole log are wanted; an empty tuple admits every one.

    The store's own events (type or stream starting with ``$``) are never delivered through this port.
    """

    stream_prefixes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some events in order, and how far the log has been read to find them.

    ``position`` may lie past the last event when a filter skipped events. ``caught_up`` says that the
    reader stood at the end of the log when the page was made. An empty page with ``caught_up`` marks the
    transition to live.
    """

    events: Sequence[RecordedEvent]
    position: Position
    caught_up: bool = False


class EventStoreError(Exception):
    """A fault of the store; the message says what to do."""


class WrongExpectedRevision(EventStoreError):
    """The stream is not where the writer thought: another writer was faster."""

    def __init__(self, stream: str, *, expected: int, current: int | None = None) -> None:
        found = "" if current is None else f", found {current}"
        super().__init__(f"stream {stream}: expected revision {expected}{found}")
        self.stream = stream
        self.expected = expected
        self.current = current


class AppendOutcomeUnknown(EventStoreError):
    """The store did not answer in time: the events may or may not be there.

    Repeat the append as it was until the answer is another, and decide nothing anew before: a store may hold
    events that no read shows yet, and keeps the first bytes that it was given under an id.
    """


class StoreUnavailable(EventStoreError):
    """The store cannot be reached or cannot write now (stopped, disk full); nothing was recorded."""


class LogReplaced(StoreUnavailable):
    """The log is not the one that was opened; nothing was recorded."""


class StoreMisconfigured(EventStoreError):
    """The store's address, user or certificates are not right, or it is of a version that loses events.

    Nothing was recorded, and nothing will be until the setting or the server is another.
    """


class AppendTooLarge(EventStoreError):
    """One append holds more bytes than the store accepts; nothing was recorded."""


class StreamReader(Protocol):
    """Reads one stream."""

    def read_stream(
        self,
        stream: str,
        *,
        from_revision: int = 0,
        backwards: bool = False,
        limit: int | None = None,
    ) -> AsyncIterator[Sequence[RecordedEvent]]:
        """Yield pages of the stream's events, from ``from_revision`` on (inclusive, both ways).

        Backwards, ``from_revision=-1`` starts at the end. A stream that does not exist yields nothing.
        """
        ...


class LogReader(Protocol):
    """Reads the whole log."""

    def read_all(
        self,
        *,
        after: Position = START,
        backwards: bool = False,
        limit: int | None = None,
        matching: Filter = Filter(),
    ) -> AsyncIterator[Page]:
        """Yield pages of events after ``after`` (exclusive) up to the present end of the log.

        Backwards starts at the end when ``after`` is :data:`START`, and otherwise before ``after``.
        """
        ...

    async def head(self) -> Position:
        """Return the position of the last event in the log, :data:`START` when it is empty."""
        ...


class LogSubscriber(Protocol):
    """Follows the whole log."""

    def subscribe(
        self, *, after: Position = START, matching: Filter = Filter()
    ) -> AsyncGenerator[Page, None]:
        """Yield pages of events after ``after`` (exclusive), then go on with new ones as they commit.

        A page with ``caught_up`` is delivered at every transition to live, at once when started at the
        end. The subscription reconnects by itself; it ends only when the iterator is closed.
        """
        ...


class StreamAppender(Protocol):
    """Appends to one stream."""

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        """Append all events or none, and return once they are durable.

        ``expected`` is the revision of the stream's last event, :data:`NO_STREAM` for a new stream. The
        same events (by id) appended again at the same ``expected`` return the original answer.

        Raises :class:`WrongExpectedRevision`, :class:`AppendOutcomeUnknown`, :class:`StoreUnavailable`
        or :class:`AppendTooLarge`.
        """
        ...


class EventStore(StreamReader, LogReader, LogSubscriber, StreamAppender, Protocol):
    """All that the application asks of an event store."""

    async def close(self) -> None:
        """Finish what was accepted, then release files and connections."""
        ...
