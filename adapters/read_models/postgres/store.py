"""Read models in PostgreSQL: one connection writes, a pool reads."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from adapters.read_models.postgres.connections import SCHEMA, connect, settings_of, target
from adapters.read_models.postgres.statements import in_driver_style
from adapters.read_models.postgres.transaction import Connection, PostgresTransaction
from projections.running.store import ReadModelUnavailable

READERS = 8
"""How many questions are asked of the database at the same time."""

PATIENCE_S = 2.0
"""How long a question waits for a connection before it is given up."""

ANSWER_S = 4.0
"""How long a question may take in all, the wait for a connection included: the server may be frozen."""

RECONNECT_S = 2.0
"""How long the pool tries in vain to connect before it leaves it to the next question to try again.

In between it waits longer and longer, and so would a server that has come back.
"""


_AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    PoolTimeout,
    PoolClosed,
)
"""What says that the server is away, or is a standby: until it is not."""

T = TypeVar("T")

InTime = Callable[[Coroutine[Any, Any, Sequence[tuple[Any, ...]]]], Awaitable[Sequence[tuple[Any, ...]]]]
"""Waits for rows, for as long as a question may take."""


class PostgresReadStore:
    """A read model in a schema of a PostgreSQL database, whose tables are there already."""

    def __init__(self, address: str, *, schema: str = SCHEMA, readers: int = READERS) -> None:
        self.address = address
        self.schema = schema
        self._writer: Connection | None = None
        self._writing = asyncio.Lock()
        self._given_up: set[asyncio.Future[Any]] = set()
        self._readers: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            address,
            kwargs={"autocommit": True, "connect_timeout": 5, **settings_of(schema)},
            min_size=1,
            max_size=readers,
            timeout=PATIENCE_S,
            reconnect_timeout=RECONNECT_S,
            open=False,
        )

    async def open(self) -> None:
        """Open the pool; connections are made as they are needed."""
        await self._readers.open()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        """Open a transaction: committed at the end of the block, rolled back when it raises."""
        async with self._writing:
            with self._faults():
                writer = await self._connected()
                try:
                    async with writer.pipeline(), writer.transaction():
                        yield PostgresTransaction(writer)
                except psycopg.errors.ReadOnlySqlTransaction:
                    # Another server may have become the one that takes writes.
                    self._writer = None
                    await writer.close()
                    raise
                except BaseException:
                    if writer.broken or writer.closed:
                        self._writer = None
                    raise

    async def _connected(self) -> Connection:
        if self._writer is None or self._writer.closed:
            self._writer = await connect(self.address, self.schema)
            # Losing the last transactions with the server is harmless: their checkpoints go with them.
            await self._writer.execute("SET synchronous_commit = off")
        return self._writer

    async def fetch(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
        """Return all rows of a question; parameters stand in it as ``:name``."""
        with self._faults():
            return await self._in_time(self._fetch(sql, parameters))

    async def _fetch(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
        while True:
            async with self._readers.connection() as connection:
                try:
                    cursor = await connection.execute(in_driver_style(sql), parameters)
                    return await cursor.fetchall()
                except psycopg.OperationalError:
                    if not connection.closed:
                        raise
            # It was lost while nobody used it. The server may be there again, or another in its place.

    async def _in_time(self, question: Coroutine[Any, Any, T]) -> T:
        """Wait for an answer, but not for a server that does not give one: not even to be interrupted."""
        asking = asyncio.ensure_future(question)
        try:
            done, _ = await asyncio.wait({asking}, timeout=ANSWER_S)
            if not done:
                raise psycopg.OperationalError(f"it has not answered for {ANSWER_S:.0f} s")
            return asking.result()
        finally:
            if not asking.done():
                asking.cancel()
                self._given_up.add(asking)
                asking.add_done_callback(self._given_up.discard)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator["Snapshot"]:
        """Let all questions asked of the snapshot see the same moment."""
        with self._faults():
            connection = await self._in_time(self._begun())
            try:
                yield Snapshot(connection, self._in_time)
                await self._in_time(connection.rollback())
            except BaseException:
                # Whatever it is in the middle of: the pool closes it and makes another.
                await connection.close()
                raise
            finally:
                await self._readers.putconn(connection)

    async def _begun(self) -> Connection:
        """Return a connection that sees one moment."""
        while True:
            connection = await self._readers.getconn()
            try:
                await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            except BaseException as error:
                lost = connection.closed and isinstance(error, psycopg.OperationalError)
                await connection.close()
                await self._readers.putconn(connection)
                if not lost:
                    raise
            else:
                return connection

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except _AWAY as error:
            raise ReadModelUnavailable(
                f"the database of the read models ({target(self.address)}) cannot be reached: {_why(error)}"
            ) from error

    async def close(self) -> None:
        """Close all connections."""
        async with self._writing:
            if self._writer is not None:
                await self._writer.close()
            await self._readers.close()


class Snapshot:
    """One moment of the database. Every question has the same time as any other."""

    def __init__(self, connection: Connection, in_time: InTime) -> None:
        self._connection = connection
        self._in_time = in_time

    async def fetch(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
        """Return all rows of a question."""
        return await self._in_time(self._fetch(sql, parameters))

    async def _fetch(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
        cursor = await self._connection.execute(in_driver_style(sql), parameters)
        return await cursor.fetchall()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator["Snapshot"]:
        """Stay at the same moment."""
        yield self


def _why(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
