"""Looking at an embedded log that somebody else may be writing, or nobody."""

import asyncio
from collections.abc import AsyncGenerator

from adapters.event_stores.append_rules import store_closed
from adapters.event_stores.embedded.log import LogQuery, LogReader
from adapters.event_stores.embedded.reading import PAGE_EVENTS, EmbeddedReading
from application.ports.event_store import START, Filter, Page, Position

SHORTEST_S = 0.001
LONGEST_S = 0.02
"""How long to wait before looking again: the longer, the longer nothing has come."""


class EmbeddedLogView(EmbeddedReading):
    """Reads and follows without writing; what is new is found by looking again and again."""

    def __init__(self, reader: LogReader) -> None:
        super().__init__(reader)
        self._closed = False

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
