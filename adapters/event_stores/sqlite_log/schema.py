"""Every SQL statement of the SQLite event store, and the format of its file.

An event is one row. Stream and type names are stored once, in tables of their own. The row id of ``events``
is the position in the whole log: given by the writer, gapless, never reused, because nothing is deleted.
"""

APPLICATION_ID = int.from_bytes(b"PRSG", "big")
"""Marks the file as a Presage log (SQLite header, offset 68)."""

FORMAT_VERSION = 1
"""The version of the tables below (SQLite header, offset 60)."""

CREATE = f"""
BEGIN;
CREATE TABLE streams (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE types (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE events (
    position       INTEGER PRIMARY KEY,
    stream_id      INTEGER NOT NULL REFERENCES streams (id),
    revision       INTEGER NOT NULL,
    type_id        INTEGER NOT NULL REFERENCES types (id),
    id             BLOB    NOT NULL,
    recorded_at_us INTEGER NOT NULL,
    metadata       BLOB    NOT NULL,
    data           BLOB    NOT NULL
);
CREATE UNIQUE INDEX events_by_stream ON events (stream_id, revision);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT_VERSION};
COMMIT;
"""

EVENT_COLUMNS = 8

INSERT_EVENTS = "INSERT INTO events SELECT * FROM (VALUES {}) WHERE column1 IS NOT NULL"
ONE_EVENT = "(?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_STREAM = "INSERT INTO streams VALUES (?, ?)"
INSERT_TYPE = "INSERT INTO types VALUES (?, ?)"

HEAD = "SELECT coalesce(max(position), 0) FROM events"
LAST_STREAM_ID = "SELECT coalesce(max(id), 0) FROM streams"
ALL_TYPES = "SELECT name, id FROM types"
STREAM_ID = "SELECT id FROM streams WHERE name = ?"
LAST_REVISION = "SELECT coalesce(max(revision), -1) FROM events WHERE stream_id = ?"

# The order of the columns is that of the rows in rows.py.
SELECT_EVENTS = """
SELECT e.position, s.name, e.revision, t.name, e.id, e.recorded_at_us, e.metadata, e.data
FROM events e JOIN streams s ON s.id = e.stream_id JOIN types t ON t.id = e.type_id
"""
LAST_EVENT = SELECT_EVENTS + "ORDER BY e.position DESC LIMIT 1"
STREAM_FORWARDS = SELECT_EVENTS + "WHERE s.name = ? AND e.revision >= ? ORDER BY e.revision LIMIT ?"
STREAM_BACKWARDS = SELECT_EVENTS + "WHERE s.name = ? AND e.revision <= ? ORDER BY e.revision DESC LIMIT ?"
LOG_STRETCH = SELECT_EVENTS + "WHERE e.position > ? AND e.position < ?"
LOG_FORWARDS = " ORDER BY e.position LIMIT ?"
LOG_BACKWARDS = " ORDER BY e.position DESC LIMIT ?"

NO_SYSTEM_EVENTS = "substr(t.name, 1, 1) <> '$' AND substr(s.name, 1, 1) <> '$'"
STREAM_PREFIX = "substr(s.name, 1, ?) = ?"
"""Parameters: the length of the prefix in characters, the prefix."""
TYPE_NAMES = "t.name IN ({})"

QUICK_CHECK = "PRAGMA quick_check(1)"
