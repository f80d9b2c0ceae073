"""Measurements of service levels in an SQLite file of its own in the data folder."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from application.ports.measurements import Kept, MeasurementsUnkept
from application.slo.objectives import WINDOW_DAYS
from application.slo.tracker import HOUR_MIN, MINUTES_KEPT, WEEKS_KEPT, Tally

T = TypeVar("T")

FILE = "measurements.db"
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
APPLICATION_ID = int.from_bytes(b"PRSM", "big")
HOURS_KEPT = (WINDOW_DAYS + 7 * WEEKS_KEPT) * 24

# A power cut may take the last seconds, which are no money.
CREATE = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS minutes (
    slo    TEXT    NOT NULL,
    minute INTEGER NOT NULL,
    good   INTEGER NOT NULL,
    total  INTEGER NOT NULL,
    PRIMARY KEY (slo, minute)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hours (
    slo   TEXT    NOT NULL,
    hour  INTEGER NOT NULL,
    good  INTEGER NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (slo, hour)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS process (one INTEGER PRIMARY KEY CHECK (one = 1), alive_s INTEGER, ended INTEGER);
PRAGMA application_id = {APPLICATION_ID};
"""

ADD_MINUTE = (
    "INSERT INTO minutes VALUES (?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET good = good + excluded.good, total = total + excluded.total"
)
ADD_HOUR = (
    "INSERT INTO hours VALUES (?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET good = good + excluded.good, total = total + excluded.total"
)
FORGET_MINUTES = "DELETE FROM minutes WHERE minute <= ?"
FORGET_HOURS = "DELETE FROM hours WHERE hour <= ?"
ALIVE = "INSERT OR REPLACE INTO process VALUES (1, ?, ?)"
MINUTES = "SELECT slo, minute, good, total FROM minutes ORDER BY minute"
HOURS = "SELECT slo, hour, good, total FROM hours ORDER BY hour"
PROCESS = "SELECT alive_s, ended FROM process"


class MeasurementsDamaged(MeasurementsUnkept):
    """The file is damaged; the message names it and says what to do."""


class SqliteMeasurements:
    """Keeps measurements in one file, or in memory without one; in a thread of its own.

    With ``reading``, what another process keeps is only looked at.
    """

    def __init__(self, path: Path | None, *, reading: bool = False) -> None:
        self._path = path
        self._reading = reading
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="measurements")
        self._connection: sqlite3.Connection | None = None

    async def load(self) -> Kept:
        """Return all that is kept."""
        return await self._do(_load)

    async def add(
        self, minute: int, counted: Mapping[str, Tally], *, alive_s: int, ended: bool = False
    ) -> None:
        """Keep what was counted in a minute, and that the process was alive."""
        hour = minute // HOUR_MIN
        rows = [(name, tally.good, tally.total) for name, tally in counted.items()]

        def add(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN")
            connection.executemany(ADD_MINUTE, [(name, minute, good, total) for name, good, total in rows])
            connection.executemany(ADD_HOUR, [(name, hour, good, total) for name, good, total in rows])
            connection.execute(FORGET_MINUTES, (minute - MINUTES_KEPT,))
            connection.execute(FORGET_HOURS, (hour - HOURS_KEPT,))
            connection.execute(ALIVE, (alive_s, ended))
            connection.execute("COMMIT")

        await self._do(add)

    async def add_hours(self, hours: Sequence[tuple[str, int, Tally]]) -> None:
        """Keep what was counted in hours that are long over."""
        rows = [(name, hour, tally.good, tally.total) for name, hour, tally in hours]

        def add(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN")
            connection.executemany(ADD_HOUR, rows)
            connection.execute("COMMIT")

        await self._do(add)

    async def close(self) -> None:
        """Release the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, connection.close)
        self._thread.shutdown()

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def do() -> T:
            if self._connection is None:
                self._connection = self._open()
            try:
                return work(self._connection)
            except sqlite3.Error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, do)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorname", "").startswith(_DAMAGED):
                raise MeasurementsDamaged(
                    f"{self._path}: {error}; move the file away to begin with empty measurements"
                ) from error
            raise MeasurementsUnkept(
                f"{self._path}: {error}; nothing is known to be wrong with it; see that the disk has room"
            ) from error

    def _open(self) -> sqlite3.Connection:
        if self._path is None:
            place, uri = ":memory:", False
        else:
            place, uri = f"{self._path.absolute().as_uri()}{'?mode=ro' if self._reading else ''}", True
        connection = sqlite3.connect(place, uri=uri, isolation_level=None, check_same_thread=False)
        try:
            if not self._reading:
                connection.executescript(CREATE)
        except BaseException:
            connection.close()
            raise
        return connection


def _load(connection: sqlite3.Connection) -> Kept:
    minutes: dict[str, list[tuple[int, Tally]]] = {}
    hours: dict[str, list[tuple[int, Tally]]] = {}
    for kept, question in ((minutes, MINUTES), (hours, HOURS)):
        for name, at, good, total in connection.execute(question):
            kept.setdefault(name, []).append((at, Tally(good=good, total=total)))
    alive_s, ended = connection.execute(PROCESS).fetchone() or (None, False)
    return Kept(minutes=minutes, hours=hours, alive_s=alive_s, ended=bool(ended))
