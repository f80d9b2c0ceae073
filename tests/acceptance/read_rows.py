"""What the read models of a data folder hold: embedded ones, or those of a cluster that it stands for."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from adapters.bootstrap import open_presage
from adapters.read_models.postgres.connections import SCHEMA, settings_of
from adapters.settings import Settings
from projections.catalog import TABLES
from tests.acceptance.in_a_cluster import environment_of
from tests.acceptance.presage_process import settings_in_force


def rows_when_all_is_seen(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Let an exchange see to all that is in its log, then return its rows, table by table."""
    with settings_in_force(environment_of(folder)):
        asyncio.run(_catch_up(Settings.from_environment(data=folder)))
    return rows_of(folder)


def rows_of(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of all read models, table by table, in the order of their keys."""
    database = environment_of(folder).get("DATABASE_URL")
    opened: Any = (
        psycopg.connect(database, **settings_of(SCHEMA)) if database else sqlite3.connect(folder / "read.db")
    )
    with closing(opened) as rows:
        return {
            table.name: rows.execute(
                f"SELECT {', '.join(table.columns)} FROM {table.name} ORDER BY {', '.join(table.key)}"
            ).fetchall()
            for tables in TABLES.values()
            for table in tables
        }


async def _catch_up(settings: Settings) -> None:
    async with open_presage(settings) as presage:
        await presage.start()
        await presage.exchange.settled()
        assert await presage.shown()
