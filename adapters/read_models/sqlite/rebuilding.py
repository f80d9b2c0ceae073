"""Rebuilding beside a read model in SQLite: in a file of its own, copied over in one transaction."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

from adapters.read_models.sqlite import statements
from adapters.read_models.sqlite.connections import connect
from adapters.read_models.sqlite.store import SqliteReadStore
from adapters.read_models.sqlite.transaction import SqliteTransaction
from projections.catalog import TABLES
from projections.running.rebuilder import RebuildRunning
from projections.running.store import Checkpoint

WAIT_S = 0.01
"""How long to wait before the lock of the file is tried again."""


class SqliteRebuild:
    """A read model's file, and one beside it in which new rows grow."""

    def __init__(self, path: Path, *, resume: bool) -> None:
        """Open both files; what an earlier rebuild left is used if it is to be resumed."""
        self._path = path
        self._new = path.with_name(path.name + ".rebuild")
        SqliteReadStore.prepare(path)
        self._alone = _alone(path.with_name(path.name + ".rebuild.lock"))
        try:
            if not resume:
                self._discard()
            self.beside = SqliteReadStore(self._new)
        except BaseException:
            os.close(self._alone)
            raise

    def _discard(self) -> None:
        for ending in ("", "-wal", "-shm"):
            self._new.with_name(self._new.name + ending).unlink(missing_ok=True)

    async def checkpoints(self) -> Mapping[str, Checkpoint]:
        """Return how far the rows in use have come."""
        with closing(connect(self._path)) as connection:
            return await SqliteTransaction(connection).checkpoints()

    @asynccontextmanager
    async def held_still(self) -> AsyncIterator["_Still"]:
        """Hold the write lock of the file in use; readers go on, its projector waits."""
        with closing(connect(self._path)) as connection:
            connection.execute("ATTACH ? AS beside", (str(self._new),))
            await _lock(connection)
            try:
                yield _Still(connection, await SqliteTransaction(connection).checkpoints())
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    async def close(self, *, done: bool) -> None:
        """Close the file beside; it goes once it is ``done``."""
        try:
            await self.beside.close()
            if done:
                self._discard()
        finally:
            os.close(self._alone)


def _alone(path: Path) -> int:
    """Keep other rebuilds away until the file that is returned is closed, however this process ends."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise RebuildRunning(f"{path}: another rebuild runs; wait until it has ended, or stop it") from None
    return lock


class _Still:
    """The file in use, held still."""

    def __init__(self, connection: sqlite3.Connection, checkpoints: Mapping[str, Checkpoint]) -> None:
        self._connection = connection
        self.checkpoints = checkpoints

    async def adopt(self, names: Sequence[str]) -> None:
        """Copy the new rows over those in use."""
        execute = self._connection.execute
        for name in names:
            for table in TABLES[name]:
                execute(statements.empty(table))
                execute(statements.adopt(table))
            for statement in statements.ADOPT_CHECKPOINT:
                execute(statement, {"name": name})


async def _lock(connection: sqlite3.Connection) -> None:
    """Take the write lock of the main file only: the other one is still written."""
    while True:
        connection.execute("BEGIN")
        try:
            connection.execute("DELETE FROM main.checkpoints WHERE FALSE")
        except sqlite3.OperationalError as error:
            connection.execute("ROLLBACK")
            if "locked" not in str(error):
                raise
            await asyncio.sleep(WAIT_S)
        else:
            return
