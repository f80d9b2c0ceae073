"""Reads the SQLite log, a bounded number of rows a call."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from adapters.event_stores.embedded.log import LogQuery, LogSlice
from adapters.event_stores.sqlite_log import schema as sql
from adapters.event_stores.sqlite_log.errors import read_error
from adapters.event_stores.sqlite_log.rows import recorded_event
from application.ports.event_store import Filter, Position, RecordedEvent

SCANNED_AT_ONCE = 4096
"""How many events of the whole log one call looks at: a sparse filter must not hold up the event loop."""

END_OF_STREAM = 2**63 - 1


class SqliteLogReader:
    """Reads through a connection of its own. No read transaction stays open between calls."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    def last_event(self) -> RecordedEvent | None:
        """Return the last event of the log."""
        found = self._select(sql.LAST_EVENT, ())
        return found[0] if found else None

    def read_stream(
        self, stream: str, *, from_revision: int, backwards: bool, limit: int
    ) -> Sequence[RecordedEvent]:
        """Return events of one stream."""
        if not backwards:
            return self._select(sql.STREAM_FORWARDS, (stream, from_revision, limit))
        begin = END_OF_STREAM if from_revision < 0 else from_revision
        return self._select(sql.STREAM_BACKWARDS, (stream, begin, limit))

    def read_log(self, query: LogQuery) -> LogSlice:
        """Return matching events among the next few thousand of the log."""
        low, high = _scanned(query)
        conditions, parameters = _conditions(query.matching, system=query.system)
        order = sql.LOG_BACKWARDS if query.backwards else sql.LOG_FORWARDS
        statement = " AND ".join([sql.LOG_STRETCH, *conditions]) + order
        events = self._select(statement, (low, high, *parameters, query.limit))
        if len(events) == query.limit:
            return LogSlice(events=events, position=events[-1].position)
        return LogSlice(events=events, position=Position(low + 1 if query.backwards else high - 1))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _select(self, statement: str, parameters: Sequence[object]) -> list[RecordedEvent]:
        try:
            rows = self._connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise read_error(self._path, error) from error
        return [recorded_event(row) for row in rows]


def _scanned(query: LogQuery) -> tuple[int, int]:
    if query.backwards:
        return max(query.after, query.before - SCANNED_AT_ONCE - 1), query.before
    return query.after, min(query.before, query.after + SCANNED_AT_ONCE + 1)


def _conditions(matching: Filter, *, system: bool) -> tuple[list[str], list[object]]:
    conditions: list[str] = []
    parameters: list[object] = []
    if not system:
        conditions.append(sql.NO_SYSTEM_EVENTS)
    if matching.types:
        conditions.append(sql.TYPE_NAMES.format(", ".join("?" * len(matching.types))))
        parameters += matching.types
    if matching.stream_prefixes:
        conditions.append(f"({' OR '.join([sql.STREAM_PREFIX] * len(matching.stream_prefixes))})")
        for prefix in matching.stream_prefixes:
            parameters += (len(prefix), prefix)
    return conditions, parameters
