"""Creates, checks and opens the file of the SQLite event store."""

import sqlite3
from pathlib import Path

from adapters.event_stores.data_files import UnusableLog, sync_folder
from adapters.event_stores.sqlite_log.schema import APPLICATION_ID, CREATE, FORMAT_VERSION, QUICK_CHECK

HEADER_BYTES = 100
MAGIC = b"SQLite format 3\x00"
STATEMENTS_KEPT = 256
MAX_CHECKED_BYTES = 1024**3
"""Larger files are not checked at start, because it would take seconds; `presage verify` reads them whole."""


def create_unless_there(path: Path) -> None:
    """Make an empty log under another name and rename it, so that there is never half a file."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    connection = sqlite3.connect(fresh, isolation_level=None)
    try:
        connection.executescript(CREATE)
    finally:
        connection.close()
    fresh.rename(path)
    sync_folder(path.parent)


def check_header(path: Path) -> None:
    """Refuse what is not a log of ours, before SQLite touches it."""
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES or not header.startswith(MAGIC):
        raise UnusableLog(f"{path}: not an SQLite file; choose another data folder or restore a copy")
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise UnusableLog(f"{path}: an SQLite file of another application; choose another data folder")
    version = int.from_bytes(header[60:64], "big")
    if version > FORMAT_VERSION:
        raise UnusableLog(
            f"{path}: written by a newer Presage (format {version}, this one knows {FORMAT_VERSION}); "
            "upgrade Presage"
        )


def check_content(path: Path, connection: sqlite3.Connection) -> None:
    """Refuse a file whose pages are damaged."""
    if path.stat().st_size > MAX_CHECKED_BYTES:
        return
    [finding] = connection.execute(QUICK_CHECK).fetchone()
    if finding != "ok":
        raise UnusableLog(f"{path}: damaged ({finding}); restore a copy")


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open for writing: a commit returns when its bytes are on the disk."""
    connection = _connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open for reading only, beside a writer, or on a disk that nobody can write to."""
    try:
        connection = _readable(path, "mode=rw")
    except sqlite3.OperationalError:
        connection = _connect_unwritable(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _connect_unwritable(path: Path) -> sqlite3.Connection:
    """Open a log in a folder where SQLite cannot make the files it shares with writers."""
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists() and wal.stat().st_size > 0:
        # The newest events are in it, so it must be read too: that takes the file that goes with it.
        return _readable(path, "mode=ro")
    return _readable(path, "mode=ro&immutable=1")


def _readable(path: Path, how: str) -> sqlite3.Connection:
    connection = _connect(path, how)
    try:
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _connect(path: Path, how: str = "mode=rw") -> sqlite3.Connection:
    # The writer's connection is made here and used in its thread.
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?{how}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=STATEMENTS_KEPT,
    )
    connection.execute("PRAGMA cache_size = -16384")
    return connection
