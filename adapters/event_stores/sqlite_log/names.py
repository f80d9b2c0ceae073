"""Stream and type names of the SQLite log, each stored once, and the ids that stand for them."""

import sqlite3

from adapters.event_stores.sqlite_log import schema as sql

MAX_KNOWN_STREAMS = 100_000


class SqliteNames:
    """Knows the ids of names; gives ids to new ones, which the writer inserts with their first events."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._streams: dict[str, int] = {}
        self._types: dict[str, int] = dict(connection.execute(sql.ALL_TYPES))
        [self._last_stream_id] = connection.execute(sql.LAST_STREAM_ID).fetchone()
        self.new_streams: list[tuple[int, str]] = []
        self.new_types: list[tuple[int, str]] = []

    def stream_id(self, name: str) -> int:
        """Return the id of a stream, a new one for a new stream."""
        known = self._streams.get(name)
        return known if known is not None else self._find_or_add_stream(name)

    def type_id(self, name: str) -> int:
        """Return the id of an event type, a new one for a new type."""
        known = self._types.get(name)
        return known if known is not None else self._add_type(name)

    def insert_new(self) -> None:
        """Insert the names that were added; the transaction is the caller's."""
        self._connection.executemany(sql.INSERT_STREAM, self.new_streams)
        self._connection.executemany(sql.INSERT_TYPE, self.new_types)
        self.new_streams.clear()
        self.new_types.clear()

    def _find_or_add_stream(self, name: str) -> int:
        if len(self._streams) >= MAX_KNOWN_STREAMS and not self.new_streams:
            self._streams.clear()
        found = self._connection.execute(sql.STREAM_ID, (name,)).fetchone()
        if found is None:
            self._last_stream_id += 1
            self.new_streams.append((self._last_stream_id, name))
        stream_id: int = self._last_stream_id if found is None else found[0]
        self._streams[name] = stream_id
        return stream_id

    def _add_type(self, name: str) -> int:
        type_id = self._types[name] = len(self._types) + 1
        self.new_types.append((type_id, name))
        return type_id
