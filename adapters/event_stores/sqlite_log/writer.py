"""Writes the SQLite log: whole groups of appends, each in one transaction."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from adapters.event_stores.embedded.log import PendingAppend
from adapters.event_stores.sqlite_log import schema as sql
from adapters.event_stores.sqlite_log.errors import read_error, write_error
from adapters.event_stores.sqlite_log.names import SqliteNames
from adapters.event_stores.sqlite_log.rows import recorded_event
from application.ports.event_store import NO_STREAM, Position, RecordedEvent

ROWS_AT_ONCE = 120
"""Stays under 999 parameters, the limit of older SQLite libraries."""

INSERT_ROWS = [sql.INSERT_EVENTS + ", ".join([sql.ONE_EVENT] * count) for count in range(ROWS_AT_ONCE + 1)]


class SqliteLogWriter:
    """The one writer of the file.

    Rows go in by one statement of many rows, not by many statements: Python gives up its lock at every
    call into SQLite, and beside a busy event loop each return would cost a whole switch interval.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._head = 0
        self._names: SqliteNames | None = None

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
        """Commit all the appends together."""
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
        count = len(parameters) // sql.EVENT_COLUMNS
        if count <= ROWS_AT_ONCE and not names.new_streams and not names.new_types:
            # A statement alone is a transaction of its own.
            self._connection.execute(INSERT_ROWS[count], parameters)
            return
        self._connection.execute("BEGIN IMMEDIATE")
        names.insert_new()
        step = ROWS_AT_ONCE * sql.EVENT_COLUMNS
        for start in range(0, len(parameters), step):
            chunk = parameters[start : start + step]
            self._connection.execute(INSERT_ROWS[len(chunk) // sql.EVENT_COLUMNS], chunk)
        self._connection.execute("COMMIT")


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
