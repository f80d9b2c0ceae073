"""What the embedded read models of a data folder hold."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from adapters.bootstrap import open_presage
from adapters.settings import Settings
from projections.catalog import TABLES


def rows_when_all_is_seen(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Let an exchange see to all that is in its log, then return its rows, table by table."""
    asyncio.run(_catch_up(Settings.from_environment(data=folder)))
    return rows_of(folder)


def rows_of(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of all read models, table by table, in the order of their keys."""
    with closing(sqlite3.connect(folder / "read.db")) as file:
        return {
            table.name: file.execute(
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
