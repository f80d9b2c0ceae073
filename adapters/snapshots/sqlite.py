"""Snapshots in an SQLite file of their own beside the log. A file that is damaged is started anew."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from adapters.snapshots.encoding import decoded, encoded
from application.ports.event_store import Position
from application.ports.snapshots import Snapshot

log = logging.getLogger(__name__)

T = TypeVar("T")

APPLICATION_ID = int.from_bytes(b"PRSS", "big")

CREATE = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS snapshots (
    stream   TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    at_us    INTEGER NOT NULL,
    schema   TEXT    NOT NULL,
    position INTEGER NOT NULL,
    event_id BLOB    NOT NULL,
    digest   TEXT    NOT NULL,
    document BLOB    NOT NULL,
    UNIQUE (stream, revision)
);
CREATE INDEX IF NOT EXISTS snapshots_by_time ON snapshots (stream, schema, at_us, revision);
CREATE INDEX IF NOT EXISTS snapshots_by_revision ON snapshots (stream, schema, revision);
PRAGMA application_id = {APPLICATION_ID};
"""

SAVE = "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
COLUMNS = "SELECT stream, revision, at_us, schema, position, event_id, digest, document FROM snapshots "
LATEST = COLUMNS + "WHERE stream = ? AND schema = ? AND revision <= ? ORDER BY revision DESC LIMIT 1"
LATEST_BY = (
    COLUMNS + "WHERE stream = ? AND schema = ? AND at_us <= ? ORDER BY at_us DESC, revision DESC LIMIT 1"
)
REVISIONS = "SELECT revision FROM snapshots WHERE stream = ? AND schema = ? ORDER BY revision"
DROP = "DELETE FROM snapshots WHERE stream = ? AND revision = ?"
RETIRE = "DELETE FROM snapshots WHERE stream = ? AND schema <> ?"

NO_LIMIT = 2**63 - 1


class SqliteSnapshots:
    """Keeps snapshots in one file. Everything is done in one thread of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="snapshots")
        self._connection: sqlite3.Connection | None = None
        self._closed = False

    async def save(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; if that cannot be done, say so and go on."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(SAVE, _row(snapshot))

        await self._do(write, None)

    async def find(
        self, stream: str, *, schema: str, revision: int | None = None, at_us: int | None = None
    ) -> Snapshot | None:
        """Return a stream's latest snapshot, if given the latest not after a revision or a time."""
        statement, limit = (LATEST, revision) if at_us is None else (LATEST_BY, at_us)

        def read(connection: sqlite3.Connection) -> Snapshot | None:
            while True:
                found = connection.execute(
                    statement, (stream, schema, NO_LIMIT if limit is None else limit)
                ).fetchone()
                if found is None:
                    return None
                try:
                    return _snapshot(found)
                except ValueError as error:
                    log.warning("%s: the snapshot of %s at revision %s is %s", self._path, *found[:2], error)
                    connection.execute(DROP, found[:2])

        return await self._do(read, None)

    async def revisions(self, stream: str, *, schema: str) -> Sequence[int]:
        """Return the revisions of a stream's snapshots, in order."""

        def read(connection: sqlite3.Connection) -> Sequence[int]:
            return [revision for (revision,) in connection.execute(REVISIONS, (stream, schema))]

        return await self._do(read, ())

    async def drop(self, stream: str, revision: int) -> None:
        """Forget a snapshot."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute(DROP, (stream, revision))

        await self._do(delete, None)

    async def retire(self, stream: str, *, schema: str) -> int:
        """Forget a stream's snapshots of any other schema; return how many there were."""

        def delete(connection: sqlite3.Connection) -> int:
            return connection.execute(RETIRE, (stream, schema)).rowcount

        return await self._do(delete, 0)

    async def close(self) -> None:
        """Close the file. What is asked for after that is not there."""
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    async def _do(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Do something with the file, or return ``otherwise`` when the file does not let us."""
        if self._closed:
            return otherwise
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._attempt, work, otherwise)

    # -------------------------------------------------------------------------------- in the thread

    def _attempt(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        try:
            if self._connection is None:
                self._connection = _connect(self._path)
            return work(self._connection)
        except sqlite3.OperationalError as error:
            log.warning("snapshots cannot be kept in %s now: %s", self._path, error)
        except sqlite3.DatabaseError as error:
            log.warning("%s is damaged (%s); snapshots are started anew", self._path, error)
            self._disconnect()
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        return otherwise

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.executescript(CREATE)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _row(snapshot: Snapshot) -> tuple[object, ...]:
    return (
        snapshot.stream,
        snapshot.revision,
        snapshot.at_us,
        snapshot.schema,
        snapshot.position,
        snapshot.event_id.bytes,
        snapshot.digest,
        encoded(snapshot.document),
    )


def _snapshot(row: tuple[str, int, int, str, int, bytes, str, bytes]) -> Snapshot:
    stream, revision, at_us, schema, position, event_id, digest, document = row
    return Snapshot(
        stream=stream,
        revision=revision,
        position=Position(position),
        event_id=UUID(bytes=event_id),
        at_us=at_us,
        schema=schema,
        digest=digest,
        document=decoded(document),
    )
