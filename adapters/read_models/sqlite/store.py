"""Read models in one SQLite file, written and read inside the process.

Neither writing nor reading leaves the event loop's thread: a batch or a page takes a millisecond, less than
handing it to a thread and waiting for the interpreter's lock takes under load. What does take time, carrying
the write-ahead log into the file and waiting for the disk, happens in a thread.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.read_models.sqlite.connections import connect, migrate, unavailable
from adapters.read_models.sqlite.transaction import SqliteTransaction

log = logging.getLogger(__name__)

CARRIED_ROWS = 2_000
"""After how many rows the write-ahead log is carried into the file, beside the writer."""

LOG_ROWS = 20_000
"""After how many rows the log begins again, for which the writer has to wait. It holds some 4 kB for each."""


class SqliteReadStore:
    """A read model in a file. One process writes it; others may read it, or swap rows in between."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it and its tables if they are not there.

        Raises :class:`projections.running.store.ReadModelDamaged` for a file that is not a read model.
        """
        self.path = path
        self.prepare(path)
        self._writer = connect(path)
        self._reader = connect(path)
        self._reader.execute("PRAGMA query_only = ON")
        self._carrier = connect(path)
        self._writing = asyncio.Lock()
        self._rows = 0
        self._log_rows = 0
        self._carrying: asyncio.Task[None] | None = None

    @staticmethod
    def prepare(path: Path) -> None:
        """Make the file and its tables, or bring them up to date."""
        path.parent.mkdir(parents=True, exist_ok=True)
        migrate(path)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqliteTransaction]:
        """Open a transaction: committed at the end of the block, rolled back when it raises."""
        async with self._writing:
            transaction = SqliteTransaction(self._writer)
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                yield transaction
                self._writer.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                raise unavailable(self.path, error) from error
            except BaseException:
                self._roll_back()
                raise
            self._carry_if_due(transaction.rows)

    def _roll_back(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    def _carry_if_due(self, rows: int) -> None:
        self._rows += rows
        self._log_rows += rows
        if self._rows >= CARRIED_ROWS and (self._carrying is None or self._carrying.done()):
            self._rows = 0
            self._carrying = asyncio.create_task(self._carry())

    async def _carry(self) -> None:
        """Carry the log into the file; now and then all of it, so that it begins again instead of growing."""
        await asyncio.to_thread(self._carry_now)
        if self._log_rows >= LOG_ROWS:
            # The writer waits only for what was written during the second of these.
            await asyncio.to_thread(self._carry_now)
            async with self._writing:
                await asyncio.to_thread(self._carry_now)
                self._log_rows = 0

    def _carry_now(self) -> None:
        try:
            self._carrier.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            log.warning("cannot carry the log of %s into the file now: %s", self.path, error)

    async def fetch(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
        """Return all rows of a question; parameters stand in it as ``:name``."""
        try:
            return self._reader.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise unavailable(self.path, error) from error

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator["SqliteReadStore"]:
        """Let all questions asked within the block see the same moment; nothing else may be awaited in it."""
        self._reader.execute("BEGIN")
        try:
            yield self
        finally:
            self._reader.execute("COMMIT")

    async def close(self) -> None:
        """Finish what is being carried over, then close the file."""
        if self._carrying is not None:
            await self._carrying
        async with self._writing:
            for connection in (self._carrier, self._reader, self._writer):
                connection.close()
