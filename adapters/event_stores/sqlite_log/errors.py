"""Turns SQLite's errors into the port's."""

import sqlite3
from pathlib import Path

from adapters.event_stores.data_files import UnusableLog
from adapters.event_stores.embedded.log import SyncFailed
from application.ports.event_store import EventStoreError, StoreUnavailable

DAMAGED = {"SQLITE_CORRUPT", "SQLITE_NOTADB"}


def write_error(path: Path, error: sqlite3.Error) -> EventStoreError:
    """Say what became of a failed write.

    Only a failed sync leaves it open: the bytes were handed over, and may or may not survive.
    """
    name = _name(error)
    if name.endswith("FSYNC"):
        return SyncFailed(f"{path}: {name}: {error}")
    return StoreUnavailable(f"{path}: {name}: {error}; nothing was recorded")


def read_error(path: Path, error: sqlite3.Error) -> EventStoreError:
    """Say why a read failed."""
    name = _name(error)
    if any(name.startswith(prefix) for prefix in DAMAGED):
        return UnusableLog(f"{path}: damaged ({error}); restore a copy")
    return StoreUnavailable(f"{path}: {name}: {error}")


def open_error(path: Path, error: sqlite3.Error) -> UnusableLog:
    """Say why a log cannot be opened: only what is damaged is to be replaced."""
    if any(_name(error).startswith(prefix) for prefix in DAMAGED):
        return UnusableLog(f"{path}: damaged ({error}); restore a copy")
    return UnusableLog(
        f"{path}: cannot be opened now ({error}), though nothing is known to be wrong with it; see that the "
        "disk has room and the folder can be written"
    )


def _name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", type(error).__name__)
