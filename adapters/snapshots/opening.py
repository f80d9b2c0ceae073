"""Opens the snapshots that the settings name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.settings import Settings
from adapters.snapshots.memory import MemorySnapshots
from adapters.snapshots.sqlite import SqliteSnapshots
from application.ports.snapshots import Snapshots


@asynccontextmanager
async def open_snapshots(settings: Settings) -> AsyncIterator[Snapshots]:
    """Open the snapshots that the settings name."""
    if settings.event_store == "memory":
        yield MemorySnapshots()
        return
    snapshots = SqliteSnapshots(settings.snapshots_file)
    try:
        yield snapshots
    finally:
        await snapshots.close()
