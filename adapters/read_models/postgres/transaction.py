"""One page's worth of reading and writing in PostgreSQL."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import orjson
import psycopg

from adapters.read_models.checkpoints import CHECKPOINTS, COLUMNS, by_name, row_of
from adapters.read_models.postgres import statements
from projections.running.store import Checkpoint, ParkedEvent
from projections.running.table import Key, Table

R = TypeVar("R")

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class PostgresTransaction:
    """Works through a pipeline: what is written waits for no answer until the end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def checkpoints(self) -> Mapping[str, Checkpoint]:
        """Return all checkpoints, and keep other writers away until the end."""
        await self._connection.execute(statements.ALONE)
        return by_name(await self._fetch(CHECKPOINTS))

    async def load(self, table: Table[R], keys: Collection[Key]) -> Sequence[R]:
        """Return the rows with these keys."""
        rows = await self._fetch(statements.load(table), keys_as_json(table, keys))
        return [table.row(*row) for row in rows]

    async def load_where(self, table: Table[R], column: str, values: Collection[Any]) -> Sequence[R]:
        """Return the rows whose column has one of the values."""
        wanted = rows_as_json([{column: value} for value in values])
        rows = await self._fetch(statements.load_where(table, column), wanted)
        return [table.row(*row) for row in rows]

    async def upsert(self, table: Table[R], rows: Collection[R]) -> None:
        """Write rows over those with the same key, or as new ones."""
        await self._connection.execute(statements.upsert(table), (rows_as_json(list(rows)),))

    async def insert(self, table: Table[R], rows: Collection[R]) -> None:
        """Write rows whose keys are new."""
        await self._connection.execute(statements.insert(table), (rows_as_json(list(rows)),))

    async def delete(self, table: Table[R], keys: Collection[Key]) -> None:
        """Remove rows."""
        await self._connection.execute(statements.delete(table), (keys_as_json(table, keys),))

    async def save(self, checkpoints: Iterable[Checkpoint], parked: Iterable[ParkedEvent]) -> None:
        """Write checkpoints and the events that were left out, and tell those who wait."""
        marks = [dict(zip(COLUMNS, row_of(mark), strict=True)) for mark in checkpoints]
        if marks:
            await self._connection.execute(statements.SAVE_CHECKPOINTS, (rows_as_json(marks),))
        left_out = [asdict(event) for event in parked]
        if left_out:
            await self._connection.execute(statements.PARK, (rows_as_json(left_out),))
        await self._connection.execute(statements.ANNOUNCE)

    async def _fetch(self, sql: str, *parameters: str) -> Sequence[tuple[Any, ...]]:
        cursor = await self._connection.execute(sql, parameters)
        return await cursor.fetchall()


def keys_as_json(table: Table[Any], keys: Collection[Key]) -> str:
    """Return keys as one document."""
    return rows_as_json([dict(zip(table.key, table.key_values(key), strict=True)) for key in keys])


def rows_as_json(rows: Any) -> str:
    """Return rows as one document."""
    text = orjson.dumps(rows).decode()
    # PostgreSQL keeps no NUL in text; readers see the sign for a character that could not be kept.
    return text if "\\u0000" not in text else _without_nul(rows)


def _without_nul(rows: Any) -> str:
    plain = orjson.loads(orjson.dumps(rows))
    for row in plain:
        for name, value in row.items():
            if isinstance(value, str):
                row[name] = value.replace("\0", "\ufffd")
    return orjson.dumps(plain).decode()
