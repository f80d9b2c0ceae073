"""Reading an embedded log, page by page: what a store and a mere view of its file have in common."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence

from adapters.event_stores.embedded.log import LogQuery, LogReader
from application.ports.event_store import START, Filter, Page, Position, RecordedEvent

PAGE_EVENTS = 500


class EmbeddedReading(ABC):
    """Reads in the event loop it was made in.

    Reading in the loop is deliberate: a page takes about a millisecond, and handing rows from thread to
    thread would cost more than fetching them.
    """

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader

    async def read_stream(
        self, stream: str, *, from_revision: int = 0, backwards: bool = False, limit: int | None = None
    ) -> AsyncIterator[Sequence[RecordedEvent]]:
        """Yield pages of one stream."""
        wanted = limit
        while wanted is None or wanted > 0:
            self._check_open()
            size = PAGE_EVENTS if wanted is None else min(wanted, PAGE_EVENTS)
            page = self._reader.read_stream(
                stream, from_revision=from_revision, backwards=backwards, limit=size
            )
            if page:
                yield page
            if len(page) < size or (backwards and page[-1].revision == 0):
                return
            from_revision = page[-1].revision + (-1 if backwards else 1)
            wanted = None if wanted is None else wanted - len(page)
            await asyncio.sleep(0)

    async def read_all(
        self,
        *,
        after: Position = START,
        backwards: bool = False,
        limit: int | None = None,
        matching: Filter = Filter(),
        system: bool = False,
    ) -> AsyncIterator[Page]:
        """Yield pages of the whole log up to its present end, with system events if asked for."""
        self._check_open()
        low = START if backwards else after
        high = after if backwards and after > START else Position(self._end() + 1)
        wanted = limit
        while high - low > 1 and (wanted is None or wanted > 0):
            self._check_open()
            size = PAGE_EVENTS if wanted is None else min(wanted, PAGE_EVENTS)
            found = self._reader.read_log(
                LogQuery(
                    after=low,
                    before=high,
                    backwards=backwards,
                    limit=size,
                    matching=matching,
                    system=system,
                )
            )
            if backwards:
                high = found.position
            else:
                low = found.position
            wanted = None if wanted is None else wanted - len(found.events)
            yield Page(
                events=found.events,
                position=found.position,
                caught_up=not backwards and low == self._end(),
            )
            await asyncio.sleep(0)

    async def head(self) -> Position:
        """Return the position of the last event."""
        self._check_open()
        return self._end()

    @abstractmethod
    def _end(self) -> Position: ...

    @abstractmethod
    def _check_open(self) -> None: ...
