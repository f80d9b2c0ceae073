"""Rebuilding beside a read model in PostgreSQL: in a schema of its own, whose tables then move over."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from adapters.read_models.postgres import statements
from adapters.read_models.postgres.connections import SCHEMA, connect, migrate, target
from adapters.read_models.postgres.store import PostgresReadStore
from adapters.read_models.postgres.transaction import Connection, PostgresTransaction
from projections.catalog import TABLES
from projections.running.rebuilder import RebuildRunning
from projections.running.store import Checkpoint


class PostgresRebuild:
    """A read model's schema, and one beside it in which new rows grow."""

    def __init__(self, address: str, *, schema: str = SCHEMA) -> None:
        self._address = address
        self._schema = schema
        self._new = schema + "_rebuild"
        self._alone: Connection | None = None
        self.beside = PostgresReadStore(address, schema=self._new, readers=1)

    async def open(self, *, resume: bool) -> None:
        """Make both schemas; what an earlier rebuild left is used if it is to be resumed."""
        await migrate(self._address, self._schema)
        self._alone = await self._kept_alone()
        if not resume:
            await self._discard()
        await migrate(self._address, self._new)

    async def _kept_alone(self) -> Connection:
        """Keep other rebuilds away as long as the connection is open."""
        connection = await connect(self._address, self._schema)
        cursor = await connection.execute(statements.REBUILD_ALONE)
        if await cursor.fetchone() == (True,):
            return connection
        await connection.close()
        raise RebuildRunning(
            f"another rebuild of the read models in {target(self._address)} runs; wait until it has ended, "
            "or stop it"
        )

    async def _discard(self) -> None:
        async with await connect(self._address, self._schema) as connection:
            await connection.execute(f"DROP SCHEMA IF EXISTS {self._new} CASCADE")

    async def checkpoints(self) -> Mapping[str, Checkpoint]:
        """Return how far the rows in use have come."""
        async with await connect(self._address, self._schema) as connection, connection.transaction():
            return await PostgresTransaction(connection).checkpoints()

    @asynccontextmanager
    async def held_still(self) -> AsyncIterator["_Still"]:
        """Keep projectors off the rows in use; readers go on until the tables change places."""
        assert self._alone is not None
        await self._alone.execute("SELECT 1")  # if the server has ended meanwhile, so has the lock
        async with await connect(self._address, self._schema) as connection, connection.transaction():
            checkpoints = await PostgresTransaction(connection).checkpoints()
            yield _Still(connection, checkpoints, self._schema, self._new)

    async def close(self, *, done: bool) -> None:
        """Close all connections; the schema beside goes once it is ``done``."""
        try:
            await self.beside.close()
            if done:
                await self._discard()
        finally:
            if self._alone is not None:
                await self._alone.close()


class _Still:
    """The rows in use, held still."""

    def __init__(
        self, connection: Connection, checkpoints: Mapping[str, Checkpoint], schema: str, new: str
    ) -> None:
        self._connection = connection
        self._schema = schema
        self._new = new
        self.checkpoints = checkpoints

    async def adopt(self, names: Sequence[str]) -> None:
        """Move the new tables to where those in use were."""
        for name in names:
            for table in TABLES[name]:
                await self._move(table.name)
            for statement in statements.adopt_checkpoint(self._schema, self._new):
                await self._connection.execute(statement, {"name": name})

    async def _move(self, table: str) -> None:
        cursor = await self._connection.execute(statements.PARTITIONS, {"table": f"{self._new}.{table}"})
        await self._connection.execute(f"DROP TABLE {self._schema}.{table}")
        for (part,) in await cursor.fetchall():
            await self._connection.execute(f"ALTER TABLE {part} SET SCHEMA {self._schema}")
