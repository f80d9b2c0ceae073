"""Opens read models in PostgreSQL, waiting for a database that is away."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from adapters.read_models.postgres.connections import SCHEMA, migrate, target
from adapters.read_models.postgres.durability import refuse_unsafe
from adapters.read_models.postgres.statements import SEARCH
from adapters.read_models.postgres.store import PostgresReadStore

log = logging.getLogger(__name__)

LONGEST_PAUSE_S = 2.0


@asynccontextmanager
async def postgres(address: str, schema: str = SCHEMA) -> AsyncIterator[tuple[PostgresReadStore, str]]:
    """Open the store at an address, making its tables if they are not there.

    Raises :class:`adapters.read_models.postgres.durability.UnsafeDatabase`.
    """
    await _migrated(address, schema)
    store = PostgresReadStore(address, schema=schema)
    await store.open()
    try:
        yield store, SEARCH
    finally:
        await store.close()


async def _migrated(address: str, schema: str) -> None:
    pause_s = 0.1
    while True:
        try:
            await migrate(address, schema)
            await refuse_unsafe(address, schema)
        except (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction) as error:
            log.warning("waiting for the database at %s: %s", target(address), str(error).strip())
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        else:
            return
