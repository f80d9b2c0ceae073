"""What an embedded store asks of its storage: a writer for its thread and a reader for the event loop."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from application.ports.event_store import (
    Appended,
    AppendOutcomeUnknown,
    Filter,
    NewEvent,
    Position,
    RecordedEvent,
)


@dataclass(slots=True, kw_only=True)
class PendingAppend:
    """An append on its way to the disk, and the future its caller waits for."""

    stream: str
    events: Sequence[NewEvent]
    expected: int
    size_bytes: int
    answer: asyncio.Future[Appended]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """A bounded stretch of the whole log: between two positions, both exclusive, from one end or the other.

    ``system`` asks for events whose type starts with ``$`` as well.
    """

    after: int
    before: int
    backwards: bool
    limit: int
    matching: Filter
    system: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSlice:
    """What a query found, and how far it looked: a reader may stop early so that no call takes long."""

    events: Sequence[RecordedEvent]
    position: Position


class SyncFailed(AppendOutcomeUnknown):
    """The disk did not confirm a write: what it holds is known only after opening the log anew."""


class LogWriter(Protocol):
    """Writes the log. Every call comes from the one writer thread, and blocks."""

    def last_revision(self, stream: str) -> int:
        """Return the revision of the stream's last event, ``NO_STREAM`` when there is none."""
        ...

    def slots(self, stream: str, *, first: int, count: int) -> Sequence[RecordedEvent]:
        """Return the stream's events from revision ``first`` on, at most ``count``."""
        ...

    def write(self, appends: Sequence[PendingAppend], recorded_at_us: int) -> list[RecordedEvent]:
        """Make all the appends durable together, or none, and return their events in order.

        Raises :class:`StoreUnavailable` when nothing was recorded, :class:`AppendOutcomeUnknown` when
        that cannot be told but can be looked up, :class:`SyncFailed` when neither.
        """
        ...

    def close(self) -> None:
        """Release what the writer holds."""
        ...


class LogReader(Protocol):
    """Reads the log. Every call comes from the event loop and takes about a millisecond."""

    def last_event(self) -> RecordedEvent | None:
        """Return the last event of the log, whatever its type."""
        ...

    def read_stream(
        self, stream: str, *, from_revision: int, backwards: bool, limit: int
    ) -> Sequence[RecordedEvent]:
        """Return events of a stream from a revision on, inclusive. Backwards, -1 is the end."""
        ...

    def read_log(self, query: LogQuery) -> LogSlice:
        """Return the events of a stretch of the log."""
        ...

    def close(self) -> None:
        """Release what the reader holds."""
        ...
