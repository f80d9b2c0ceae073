"""One page's worth of reading and writing in SQLite."""

import asyncio
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import orjson

from adapters.read_models.checkpoints import CHECKPOINTS, by_name, row_of
from adapters.read_models.sqlite import statements
from projections.running.store import Checkpoint, ParkedEvent
from projections.running.table import Key, Table

R = TypeVar("R")


PIECE = 400
"""After how many rows others have their turn."""


class SqliteTransaction:
    """Works without waiting: everything happens inside the process. Others have their turn in between."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.rows = 0
        """How many rows were written."""

    async def checkpoints(self) -> Mapping[str, Checkpoint]:
        """Return all checkpoints; the transaction holds the write lock from its beginning."""
        return by_name(self._connection.execute(CHECKPOINTS))

    async def load(self, table: Table[R], keys: Collection[Key]) -> Sequence[R]:
        """Return the rows with these keys."""
        wanted = orjson.dumps([table.key_values(key) for key in keys]).decode()
        rows = self._connection.execute(statements.load(table), (wanted,))
        return [table.row(*row) for row in rows]

    async def load_where(self, table: Table[R], column: str, values: Collection[Any]) -> Sequence[R]:
        """Return the rows whose column has one of the values."""
        wanted = orjson.dumps(list(values)).decode()
        rows = self._connection.execute(statements.load_where(table, column), (wanted,))
        return [table.row(*row) for row in rows]

    async def upsert(self, table: Table[R], rows: Collection[R]) -> None:
        """Write rows over those with the same key, or as new ones."""
        self.rows += len(rows)
        await self._many(statements.upsert(table), map(table.values_of, rows))

    async def insert(self, table: Table[R], rows: Collection[R]) -> None:
        """Write rows whose keys are new."""
        self.rows += len(rows)
        await self._many(statements.insert(table), map(table.values_of, rows))

    async def delete(self, table: Table[R], keys: Collection[Key]) -> None:
        """Remove rows."""
        self.rows += len(keys)
        await self._many(statements.delete(table), map(table.key_values, keys))

    async def _many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        rows = iter(rows)
        while piece := list(islice(rows, PIECE)):
            self._connection.executemany(statement, piece)
            if len(piece) == PIECE:
                await asyncio.sleep(0)

    async def save(self, checkpoints: Iterable[Checkpoint], parked: Iterable[ParkedEvent]) -> None:
        """Write checkpoints, and the events that were left out."""
        self._connection.executemany(statements.SAVE_CHECKPOINT, map(row_of, checkpoints))
        self._connection.executemany(
            statements.PARK,
            [
                (each.projection, each.position, each.event_type, each.stream, each.revision, each.error)
                for each in parked
            ],
        )
