"""Looking at an SQLite log without writing: beside the process that has it, or when none has."""

import sqlite3
from pathlib import Path

from adapters.event_stores.data_files import UnusableLog
from adapters.event_stores.embedded.view import EmbeddedLogView
from adapters.event_stores.sqlite_log.file import check_header, connect_reader
from adapters.event_stores.sqlite_log.reader import SqliteLogReader


class SqliteLogView(EmbeddedLogView):
    """A log that somebody else may be writing. Make it with :meth:`open`."""

    @classmethod
    def open(cls, path: Path) -> "SqliteLogView":
        """Open the log in the file ``path``. Raises :class:`UnusableLog` when it is missing or not a log."""
        if not path.exists():
            raise UnusableLog(f"{path}: there is no event log here; name the data folder with --data")
        check_header(path)
        try:
            return cls(SqliteLogReader(path, connect_reader(path)))
        except sqlite3.Error as error:
            raise UnusableLog(f"{path}: cannot be read as an event log ({error})") from error
