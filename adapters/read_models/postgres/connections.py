"""Connecting to PostgreSQL, and making the tables of a read model there."""

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from adapters.read_models.migrations.upgrade import HEAD, upgrade
from adapters.read_models.postgres.partitions import make_ahead
from adapters.read_models.postgres.transaction import Connection
from projections.running.store import ReadModelOutdated

SCHEMA = "presage"
"""Where the tables live."""

ALONE = "SELECT pg_advisory_lock(hashtext('presage migrations'))"
"""Held until the connection ends."""


def settings_of(schema: str) -> dict[str, Any]:
    """Return what every connection to a schema is opened with."""
    return {"options": f"-c search_path={schema},public"}


def target(address: str) -> str:
    """Return where an address leads, without any password."""
    parts = conninfo_to_dict(address)
    shown = ((name, parts.get(name)) for name in ("host", "port", "dbname"))
    return " ".join(f"{name}={value}" for name, value in shown if value is not None)


async def connect(address: str, schema: str) -> Connection:
    """Open a connection."""
    return await psycopg.AsyncConnection.connect(
        address, autocommit=True, connect_timeout=5, **settings_of(schema)
    )


async def migrate(address: str, schema: str) -> None:
    """Make the schema and bring its tables up to date. Processes that start at once do so in turn."""
    async with await connect(address, schema) as connection:
        await connection.execute(ALONE)
        revision = await _revision(connection, schema)
        if revision is None or revision < HEAD:
            await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            _upgrade(address, schema)
        elif revision > HEAD:
            raise ReadModelOutdated(
                f"the read model in {target(address)} was made by a newer Presage (revision {revision}; this "
                f"one knows {HEAD}): use that version, or drop the schema {schema} and run "
                "`presage rebuild --all`"
            )
        await make_ahead(connection)


async def _revision(connection: Connection, schema: str) -> str | None:
    try:
        cursor = await connection.execute(f"SELECT version_num FROM {schema}.alembic_version")
        row = await cursor.fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    return None if row is None else str(row[0])


def _upgrade(address: str, schema: str) -> None:
    from sqlalchemy import create_engine  # noqa: PLC0415 - slow to import
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(address, connect_timeout=5, **settings_of(schema)),
        poolclass=NullPool,
    )
    with engine.begin() as opened:
        upgrade(opened)
