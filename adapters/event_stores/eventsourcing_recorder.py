"""An event store over any application recorder of the ``eventsourcing`` package.

So a Presage log can live wherever that package keeps events: SQLite, PostgreSQL, plain Python objects. A
stream is an originator, a type its topic; the rest of an event travels in the state. One process writes.
"""

import struct
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    PersistenceError,
    StoredEvent,
)

from adapters.event_stores.data_files import UnusableLog
from adapters.event_stores.embedded.log import LogQuery, LogSlice, PendingAppend
from adapters.event_stores.embedded.store import EmbeddedEventStore
from adapters.event_stores.filtering import admits
from application.ports.event_store import (
    AppendOutcomeUnknown,
    NewEvent,
    Position,
    RecordedEvent,
    StoreUnavailable,
)

SCANNED_AT_ONCE = 512
STATE_HEADER = struct.Struct(">16sQI")
"""Event id, microseconds since the Unix epoch, bytes of metadata; then the metadata, then the data."""


class RecorderEventStore(EmbeddedEventStore):
    """An event log in an application recorder. Make it in the event loop that uses it.

    The recorder must accept text as originator id. ``release`` closes what the recorder stands on.
    """

    def __init__(self, recorder: ApplicationRecorder, *, release: Callable[[], None]) -> None:
        positions = StreamPositions(recorder)
        super().__init__(
            RecorderWriter(recorder, positions), RecorderReader(recorder, positions), release=release
        )


class StreamPositions:
    """Where each event of each stream stands in the whole log, in 8 bytes of memory an event.

    A recorder does not tell positions when it reads one originator, so they are collected at the start.
    """

    def __init__(self, recorder: ApplicationRecorder) -> None:
        self._by_stream: dict[str, array[int]] = {}
        found: Sequence[Notification] = recorder.select_notifications(1, SCANNED_AT_ONCE)
        while found:
            for notification in found:
                self._add_stored(notification)
            found = recorder.select_notifications(found[-1].id, SCANNED_AT_ONCE, inclusive_of_start=False)

    def add(self, stream: str, position: int) -> None:
        """Note the next event of a stream."""
        self._by_stream.setdefault(stream, array("Q")).append(position)

    def of(self, stream: str) -> Sequence[int]:
        """Return the positions of a stream's events, in order."""
        return self._by_stream.get(stream, array("Q"))

    def _add_stored(self, notification: Notification) -> None:
        stream = str(notification.originator_id)
        if notification.originator_version != len(self.of(stream)):
            raise UnusableLog(
                f"notification {notification.id}: version {notification.originator_version} of {stream} "
                f"where {len(self.of(stream))} should come; not a log of Presage"
            )
        self.add(stream, notification.id)


class RecorderReader:
    """Reads a recorder."""

    def __init__(self, recorder: ApplicationRecorder, positions: StreamPositions) -> None:
        self._recorder = recorder
        self._positions = positions

    def last_event(self) -> RecordedEvent | None:
        """Return the last event of the log."""
        with read_errors():
            last = self._recorder.max_notification_id()
            return None if last is None else _logged(self._recorder.select_notifications(last, 1)[0])

    def read_stream(
        self, stream: str, *, from_revision: int, backwards: bool, limit: int
    ) -> Sequence[RecordedEvent]:
        """Return events of one stream."""
        above = None if backwards else from_revision - 1
        below = from_revision if backwards and from_revision >= 0 else None
        with read_errors():
            stored = self._recorder.select_events(stream, gt=above, lte=below, desc=backwards, limit=limit)
        positions = self._positions.of(stream)
        return [_recorded(event, positions[event.originator_version]) for event in stored]

    def read_log(self, query: LogQuery) -> LogSlice:
        """Return matching events among the next few hundred of the log."""
        low, high = query.after, query.before
        if query.backwards:
            low = max(low, high - 1 - SCANNED_AT_ONCE)
        with read_errors():
            scanned = self._recorder.select_notifications(
                low, SCANNED_AT_ONCE, high - 1, query.matching.types, inclusive_of_start=False
            )
        events = [_logged(found) for found in scanned if _wanted(found, query)]
        if query.backwards:
            events.reverse()
        if len(events) >= query.limit:
            return LogSlice(events=events[: query.limit], position=events[query.limit - 1].position)
        if query.backwards:
            return LogSlice(events=events, position=Position(low + 1))
        complete = len(scanned) < SCANNED_AT_ONCE
        return LogSlice(events=events, position=Position(high - 1 if complete else scanned[-1].id))

    def close(self) -> None:
        """The recorder belongs to who made it."""


class RecorderWriter:
    """Writes to a recorder: a whole group in one insertion."""

    def __init__(self, recorder: ApplicationRecorder, positions: StreamPositions) -> None:
        self._recorder = recorder
        self._positions = positions
        self._reader = RecorderReader(recorder, positions)

    def last_revision(self, stream: str) -> int:
        """Return the revision of the stream's last event."""
        return len(self._positions.of(stream)) - 1

    def slots(self, stream: str, *, first: int, count: int) -> Sequence[RecordedEvent]:
        """Return the stream's events from revision ``first`` on."""
        return self._reader.read_stream(stream, from_revision=first, backwards=False, limit=count)

    def write(self, appends: Sequence[PendingAppend], recorded_at_us: int) -> list[RecordedEvent]:
        """Insert the events of all the appends."""
        stored = [
            _stored(append.stream, append.expected + offset, event, recorded_at_us)
            for append in appends
            for offset, event in enumerate(append.events, start=1)
        ]
        try:
            positions = self._recorder.insert_events(stored)
        except IntegrityError as error:
            raise StoreUnavailable(f"another process writes to this log: {error}") from error
        except PersistenceError as error:
            raise AppendOutcomeUnknown(f"the recorder failed: {error}") from error
        if positions is None:
            raise TypeError("the recorder does not tell the positions of what it inserts")
        recorded = [_recorded(event, position) for event, position in zip(stored, positions, strict=True)]
        for event in recorded:
            self._positions.add(event.stream, event.position)
        return recorded

    def close(self) -> None:
        """The recorder belongs to who made it."""


@contextmanager
def read_errors() -> Iterator[None]:
    """Turn the package's errors into the port's."""
    try:
        yield
    except PersistenceError as error:
        raise StoreUnavailable(f"the recorder failed: {error}") from error


def _wanted(found: Notification, query: LogQuery) -> bool:
    return admits(query.matching, str(found.originator_id), found.topic, system=query.system)


def _stored(stream: str, revision: int, event: NewEvent, recorded_at_us: int) -> StoredEvent:
    header = STATE_HEADER.pack(event.id.bytes, recorded_at_us, len(event.metadata))
    return StoredEvent(
        originator_id=stream,
        originator_version=revision,
        topic=event.type,
        state=header + event.metadata + event.data,
    )


def _logged(found: Notification) -> RecordedEvent:
    return _recorded(found, found.id)


def _recorded(stored: StoredEvent, position: int) -> RecordedEvent:
    event_id, recorded_at_us, metadata_bytes = STATE_HEADER.unpack_from(stored.state)
    data_begins = STATE_HEADER.size + metadata_bytes
    return RecordedEvent(
        id=UUID(bytes=event_id),
        type=stored.topic,
        data=stored.state[data_begins:],
        metadata=stored.state[STATE_HEADER.size : data_begins],
        stream=str(stored.originator_id),
        revision=stored.originator_version,
        position=Position(position),
        recorded_at_us=recorded_at_us,
    )
