"""Looking at an SQLite log without writing: beside the process that has it, or when none has."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path

from adapters.event_stores.append_rules import store_closed
from adapters.event_stores.data_files import UnusableLog
from adapters.event_stores.embedded.log import LogQuery
from adapters.event_stores.embedded.reading import PAGE_EVENTS, EmbeddedReading
from adapters.event_stores.sqlite_log.file import check_header, connect_reader
from adapters.event_stores.sqlite_log.reader import SqliteLogReader
from application.ports.event_store import START, Filter, Page, Position

SHORTEST_S = 0.001
LONGEST_S = 0.02
"""How long to wait before looking again: the longer, the longer nothing has come."""


class SqliteLogView(EmbeddedReading):
    """A log that somebody else may be writing. Make it with :meth:`open`."""

    def __init__(self, reader: SqliteLogReader) -> None:
        super().__init__(reader)
        self._closed = False

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

    async def subscribe(
        self, *, after: Position = START, matching: Filter = Filter(), system: bool = False
    ) -> AsyncGenerator[Page, None]:
        """Yield pages after ``after``, then new ones, found by looking again and again."""
        position, announced, pause_s = after, False, SHORTEST_S
        while True:
            self._check_open()
            end = self._end()
            if position < end or not announced:
                query = LogQuery(
                    after=position,
                    before=end + 1,
                    backwards=False,
                    limit=PAGE_EVENTS,
                    matching=matching,
                    system=system,
                )
                found = self._reader.read_log(query)
                position, announced = max(position, found.position), found.position >= end
                yield Page(events=found.events, position=position, caught_up=announced)
                await asyncio.sleep(0)
                pause_s = SHORTEST_S
            else:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_S)

    async def close(self) -> None:
        """Release the file."""
        if not self._closed:
            self._closed = True
            self._reader.close()

    def _end(self) -> Position:
        last = self._reader.last_event()
        return last.position if last else START

    def _check_open(self) -> None:
        if self._closed:
            raise store_closed()
