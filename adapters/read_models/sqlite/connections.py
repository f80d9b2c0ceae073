"""Opening a read model's SQLite file, and saying what is wrong when that fails."""

import sqlite3
from pathlib import Path

from adapters.read_models.migrations.upgrade import HEAD, upgrade
from projections.running.store import ReadModelBusy, ReadModelDamaged, ReadModelOutdated, ReadModelUnavailable

SETTINGS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA wal_autocheckpoint = 0;
PRAGMA cache_size = -65536;
PRAGMA temp_store = MEMORY;
"""
"""Losing the last transactions with the power is harmless: their checkpoints go with them."""


PATIENCE_S = 20.0
"""How long to wait for another process that is making the tables."""


def connect(path: Path, *, patience_s: float = 0.0) -> sqlite3.Connection:
    """Open a connection that begins transactions only when told to, and by itself waits for no lock."""
    connection = sqlite3.connect(path, timeout=patience_s, isolation_level=None, check_same_thread=False)
    try:
        connection.executescript(SETTINGS)
    except BaseException:
        connection.close()
        raise
    return connection


def migrate(path: Path) -> None:
    """Bring the tables up to date. Processes that start at once do so in turn."""
    try:
        connection = connect(path, patience_s=PATIENCE_S)
    except sqlite3.DatabaseError as error:
        raise _unusable(path, error) from error
    try:
        revision = _revision(connection)
        if revision is None or revision < HEAD:
            _upgrade(connection)
        elif revision > HEAD:
            raise ReadModelOutdated(
                f"{path} was made by a newer Presage (revision {revision}; this one knows {HEAD}): "
                "use that version, or delete the file and run `presage rebuild --all`"
            )
    except sqlite3.DatabaseError as error:
        raise _unusable(path, error) from error
    finally:
        connection.close()


def _revision(connection: sqlite3.Connection) -> str | None:
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        return None
    return None if row is None else str(row[0])


def _upgrade(connection: sqlite3.Connection) -> None:
    from sqlalchemy import create_engine, event  # noqa: PLC0415 - slow to import
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415
    from sqlalchemy.pool import StaticPool  # noqa: PLC0415

    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    # The driver would begin transactions when it sees fit; all tables are to come into being at once.
    event.listen(engine, "begin", lambda opened: opened.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as opened:
            upgrade(opened)
    except DBAPIError as error:
        raise error.orig or error from error


_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
"""What SQLite says of a file that is damaged. Of anything else the file may be intact."""


def unavailable(path: Path, error: sqlite3.Error) -> Exception:
    """Return what a fault of the database means to those who use it."""
    if _is_damaged(error):
        return _unusable(path, error)
    if isinstance(error, sqlite3.ProgrammingError) or not isinstance(error, sqlite3.OperationalError):
        return error
    text = str(error)
    if "locked" in text or "full" in text:
        return ReadModelBusy(f"the read model {path} does not take writes: {text}")
    if "disk" in text or "unable to open" in text or "readonly" in text:
        return ReadModelUnavailable(f"the read model {path} cannot be reached: {text}")
    return error


def _unusable(path: Path, error: sqlite3.Error) -> Exception:
    if _is_damaged(error):
        return ReadModelDamaged(
            f"{path} is not a read model, or is damaged ({error}): delete it and run `presage rebuild --all`"
        )
    return ReadModelUnavailable(
        f"{path} cannot be opened now ({error}), though nothing is known to be wrong with it: see that the "
        "disk has room and the folder can be written"
    )


def _is_damaged(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith(_DAMAGED)
