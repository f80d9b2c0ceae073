"""Writes the SQLite log: whole groups of appends, each in one transaction."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from adapters.event_stores.data_files import OpenedPlace
from adapters.event_stores.embedded.log import PendingAppend
from adapters.event_stores.sqlite_log import schema as sql
from adapters.event_stores.sqlite_log.errors import read_error, write_error
from adapters.event_stores.sqlite_log.names import SqliteNames
from adapters.event_stores.sqlite_log.rows import recorded_event
from application.ports.event_store import NO_STREAM, Position, RecordedEvent

SIZES = sorted({2**power * quarters // 4 for power in range(11) for quarters in (4, 5, 6, 7)})
"""For how many rows there are statements; those that are left over are null, and not inserted."""


class SqliteLogWriter:
    """The one writer of the file.

    Rows go in by one statement of many rows, not by many statements: Python gives up its lock several times
    at every call into SQLite, and beside a busy event loop each return costs a whole switch interval.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, place: OpenedPlace) -> None:
        self._path = path
        self._connection = connection
        self._place = place
        self._head = 0
        self._names: SqliteNames | None = None
        most = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // sql.EVENT_COLUMNS
        self._sizes = [size for size in SIZES if size <= most]
        self._statements = {
            size: sql.INSERT_EVENTS.format(", ".join([sql.ONE_EVENT] * size)) for size in self._sizes
        }

    def last_revision(self, stream: str) -> int:
        """Return the revision of the stream's last event."""
        try:
            found = self._connection.execute(sql.STREAM_ID, (stream,)).fetchone()
            if found is None:
                return NO_STREAM
            [revision] = self._connection.execute(sql.LAST_REVISION, found).fetchone()
        except sqlite3.Error as error:
            raise read_error(self._path, error) from error
        return int(revision)

    def slots(self, stream: str, *, first: int, count: int) -> Sequence[RecordedEvent]:
        """Return the stream's events from revision ``first`` on."""
        try:
            rows = self._connection.execute(sql.STREAM_FORWARDS, (stream, first, count)).fetchall()
        except sqlite3.Error as error:
            raise read_error(self._path, error) from error
        return [recorded_event(row) for row in rows]

    def write(self, appends: Sequence[PendingAppend], recorded_at_us: int) -> list[RecordedEvent]:
        """Commit all the appends together, unless the file was replaced."""
        self._place.check()
        try:
            names = self._names or self._look_up()
            parameters, recorded = _rows(appends, names, self._head, recorded_at_us)
            self._insert(parameters, names)
        except BaseException as error:
            self._names = None
            if self._connection.in_transaction:
                self._connection.rollback()
            if isinstance(error, sqlite3.Error):
                raise write_error(self._path, error) from error
            raise
        self._head = recorded[-1].position
        return recorded

    def close(self) -> None:
        """Move what the write-ahead log holds into the file, and close it."""
        self._connection.close()

    def _look_up(self) -> SqliteNames:
        [self._head] = self._connection.execute(sql.HEAD).fetchone()
        self._names = SqliteNames(self._connection)
        return self._names

    def _insert(self, parameters: list[object], names: SqliteNames) -> None:
        step = self._sizes[-1] * sql.EVENT_COLUMNS
        if len(parameters) <= step and not names.new_streams and not names.new_types:
            # A statement alone is a transaction of its own.
            self._insert_rows(parameters)
            return
        self._connection.execute("BEGIN IMMEDIATE")
        names.insert_new()
        for start in range(0, len(parameters), step):
            self._insert_rows(parameters[start : start + step])
        self._connection.execute("COMMIT")

    def _insert_rows(self, parameters: list[object]) -> None:
        size = next(size for size in self._sizes if size * sql.EVENT_COLUMNS >= len(parameters))
        missing = size * sql.EVENT_COLUMNS - len(parameters)
        # Unlike execute, this does not ask for the last row's number, which would be one more return.
        self._connection.executemany(self._statements[size], [parameters + [None] * missing])


def _rows(
    appends: Sequence[PendingAppend], names: SqliteNames, head: int, recorded_at_us: int
) -> tuple[list[object], list[RecordedEvent]]:
    """Return the flat parameters of the rows, and the events as they will be read back."""
    parameters: list[object] = []
    recorded: list[RecordedEvent] = []
    position = head
    for append in appends:
        stream_id, revision = names.stream_id(append.stream), append.expected
        for event in append.events:
            position += 1
            revision += 1
            parameters += (
                position,
                stream_id,
                revision,
                names.type_id(event.type),
                event.id.bytes,
                recorded_at_us,
                event.metadata,
                event.data,
            )
            recorded.append(
                RecordedEvent(
                    id=event.id,
                    type=event.type,
                    data=event.data,
                    metadata=event.metadata,
                    stream=append.stream,
                    revision=revision,
                    position=Position(position),
                    recorded_at_us=recorded_at_us,
                )
            )
    return parameters, recorded
