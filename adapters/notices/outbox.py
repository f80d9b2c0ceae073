"""What is to be sent, in an SQLite file of its own beside the log; up to where in the log all of it is here.

It can be made again from the log: without the file, everything since a webhook was set is sent again.
"""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from application.log.landmarks import Landmark
from application.notices.notice import Delivery, Lane
from application.ports.event_store import Position
from domain.identifiers import AccountId, Ticker

T = TypeVar("T")

APPLICATION_ID = int.from_bytes(b"PRSN", "big")

# Transactions become durable in their order, if late: what a power cut takes is taken from the log again.
CREATE = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS deliveries (
    account_id TEXT    NOT NULL,
    webhook    TEXT    NOT NULL,
    notice_id  TEXT    NOT NULL,
    ticker     TEXT    NOT NULL,
    revision   INTEGER NOT NULL,
    body       BLOB    NOT NULL,
    due_us     INTEGER NOT NULL,
    tries      INTEGER NOT NULL,
    PRIMARY KEY (account_id, webhook, notice_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS deliveries_by_time ON deliveries (account_id, webhook, due_us);
CREATE TABLE IF NOT EXISTS landmarks (
    name     TEXT    PRIMARY KEY,
    position INTEGER NOT NULL,
    event_id BLOB    NOT NULL,
    stream   TEXT    NOT NULL,
    revision INTEGER NOT NULL
) WITHOUT ROWID;
PRAGMA application_id = {APPLICATION_ID};
"""

PUT = "INSERT OR IGNORE INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
NEXT = "SELECT * FROM deliveries WHERE account_id = ? AND webhook = ? ORDER BY due_us LIMIT 1"
POSTPONE = (
    "UPDATE deliveries SET due_us = ?, tries = ? WHERE account_id = ? AND webhook = ? AND notice_id = ?"
)
REMOVE = "DELETE FROM deliveries WHERE account_id = ? AND webhook = ? AND notice_id = ?"
CLEAR_LANE = "DELETE FROM deliveries WHERE account_id = ? AND webhook = ?"
CLEAR = "DELETE FROM deliveries"
WAITING = "SELECT account_id, webhook, count(*) FROM deliveries GROUP BY account_id, webhook"
SAVE = "INSERT OR REPLACE INTO landmarks VALUES (?, ?, ?, ?, ?)"
LOAD = "SELECT position, event_id, stream, revision FROM landmarks WHERE name = ?"


class OutboxDamaged(Exception):
    """The file cannot be read; the message names it and says what to do."""


class SqliteOutbox:
    """Keeps deliveries in one file, or in memory without one. Everything is done in one thread of its own."""

    def __init__(self, path: Path | None) -> None:
        self._path = ":memory:" if path is None else str(path)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")
        self._connection: sqlite3.Connection | None = None

    async def load(self, name: str) -> Landmark | None:
        """Return the landmark kept under a name."""
        row = await self._do(lambda connection: connection.execute(LOAD, (name,)).fetchone())
        if row is None:
            return None
        position, event_id, stream, revision = row
        return Landmark(
            position=Position(position), event_id=UUID(bytes=event_id), stream=stream, revision=revision
        )

    async def save(self, name: str, landmark: Landmark) -> None:
        """Keep a landmark."""
        row = (name, landmark.position, landmark.event_id.bytes, landmark.stream, landmark.revision)
        await self._do(lambda connection: connection.execute(SAVE, row))

    async def waiting(self) -> Mapping[Lane, int]:
        """Return how many deliveries wait, by webhook."""
        rows = await self._do(lambda connection: connection.execute(WAITING).fetchall())
        return {(AccountId(account), webhook): count for account, webhook, count in rows}

    async def put(self, deliveries: Sequence[Delivery]) -> Mapping[Lane, int]:
        """Keep deliveries in one transaction; return how many are new, by webhook."""

        def put(connection: sqlite3.Connection) -> Mapping[Lane, int]:
            new: Counter[Lane] = Counter()
            connection.execute("BEGIN IMMEDIATE")
            try:
                for each in deliveries:
                    new[each.lane] += connection.execute(PUT, _row(each)).rowcount
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            return new

        return await self._do(put)

    async def next(self, lane: Lane) -> Delivery | None:
        """Return what a webhook is to be sent next."""
        row = await self._do(lambda connection: connection.execute(NEXT, lane).fetchone())
        return None if row is None else _delivery(row)

    async def postpone(self, delivery: Delivery) -> None:
        """Keep another time and number of tries."""
        row = (delivery.due_us, delivery.tries, *delivery.lane, delivery.notice_id)
        await self._do(lambda connection: connection.execute(POSTPONE, row))

    async def remove(self, delivery: Delivery) -> None:
        """Forget a delivery."""
        row = (*delivery.lane, delivery.notice_id)
        await self._do(lambda connection: connection.execute(REMOVE, row))

    async def clear(self, lane: Lane | None = None) -> None:
        """Forget all deliveries to a webhook, or all there are."""
        await self._do(
            lambda connection: connection.execute(CLEAR if lane is None else CLEAR_LANE, lane or ())
        )

    async def close(self) -> None:
        """Close the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._attempt, work)

    # -------------------------------------------------------------------------------- in the thread

    def _attempt(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._connection is None:
                self._connection = _connect(self._path)
            return work(self._connection)
        except sqlite3.OperationalError:
            raise  # it may be better another time
        except sqlite3.DatabaseError as error:
            raise OutboxDamaged(
                f"{self._path} is damaged ({error}); delete it while the exchange is stopped: what it held "
                "is taken from the log again"
            ) from error

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.executescript(CREATE)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _row(delivery: Delivery) -> tuple[object, ...]:
    return (
        *delivery.lane,
        delivery.notice_id,
        delivery.ticker,
        delivery.revision,
        delivery.body,
        delivery.due_us,
        delivery.tries,
    )


def _delivery(row: tuple[str, str, str, str, int, bytes, int, int]) -> Delivery:
    account_id, webhook, notice_id, ticker, revision, body, due_us, tries = row
    return Delivery(
        account_id=AccountId(account_id),
        webhook=webhook,
        notice_id=notice_id,
        ticker=Ticker(ticker),
        revision=revision,
        body=body,
        due_us=due_us,
        tries=tries,
    )
