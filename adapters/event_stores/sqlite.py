"""The event store of one process on one machine: a single SQLite file in WAL mode.

What is acknowledged is on the disk (``synchronous=FULL``). Appends of many writers share a transaction.
"""

import sqlite3
from pathlib import Path

from adapters.event_stores.data_files import OpenedPlace, ProcessLock
from adapters.event_stores.embedded.store import EmbeddedEventStore
from adapters.event_stores.sqlite_log.errors import open_error
from adapters.event_stores.sqlite_log.file import (
    check_content,
    check_header,
    connect_reader,
    connect_writer,
    create_unless_there,
)
from adapters.event_stores.sqlite_log.reader import SqliteLogReader
from adapters.event_stores.sqlite_log.writer import SqliteLogWriter


class SqliteEventStore(EmbeddedEventStore):
    """An event log in one SQLite file. Make it with :meth:`open`, inside the event loop that will use it."""

    @classmethod
    def open(cls, path: Path) -> "SqliteEventStore":
        """Open the log in the file ``path``, creating it when there is none.

        Raises :class:`UnusableLog` when another process has it, or when it is damaged, foreign or newer.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = ProcessLock(path.with_name(f"{path.name}.lock"))
        try:
            create_unless_there(path)
            check_header(path)
            writing = connect_writer(path)
            check_content(path, writing)
            reading = connect_reader(path)
            place = OpenedPlace(path)
            return cls(
                SqliteLogWriter(path, writing, place),
                SqliteLogReader(path, reading),
                release=lock.release,
                place=place,
            )
        except sqlite3.Error as error:
            lock.release()
            raise open_error(path, error) from error
        except BaseException:
            lock.release()
            raise
