"""An event store in plain text: JSON Lines, to be read with ordinary tools and moved by copying.

Every append rewrites one small segment file and renames it into place, so it is slower than SQLite.
"""

from collections.abc import Sequence
from pathlib import Path

from adapters.event_schemas.metadata import cause_of, read_metadata
from adapters.event_stores.data_files import OpenedPlace, ProcessLock
from adapters.event_stores.embedded.store import EmbeddedEventStore
from adapters.event_stores.json_lines_log.folder import prepare
from adapters.event_stores.json_lines_log.loading import load_index
from adapters.event_stores.json_lines_log.log import JsonLinesReader, JsonLinesWriter
from application.ports.event_store import Appended, Filter, NewEvent, RecordedEvent
from application.streams import market_stream
from domain.identifiers import Ticker


class FileEventStore(EmbeddedEventStore):
    """An event log in a folder of JSON Lines. Make it with :meth:`open`, in the event loop that uses it."""

    @classmethod
    def open(cls, folder: Path) -> "FileEventStore":
        """Open the log in a folder, creating it when there is none. Every line is checked.

        Raises :class:`UnusableLog`, saying where, when another process has it or anything is damaged.
        """
        folder.mkdir(parents=True, exist_ok=True)
        lock = ProcessLock(folder / "lock")
        try:
            prepare(folder)
            index = load_index(folder)
            place = OpenedPlace(folder)
            return cls(
                JsonLinesWriter(folder, index, place),
                JsonLinesReader(folder, index),
                release=lock.release,
                place=place,
            )
        except BaseException:
            lock.release()
            raise

    async def get_events(
        self,
        market_id: str | None = None,
        *,
        event_type: str | None = None,
        since_us: int | None = None,
        until_us: int | None = None,
    ) -> list[RecordedEvent]:
        """Return the events of a market, of a type, of a time, or of all three, in the order of the log.

        Times are in microseconds since the Unix epoch, both ends included: when an event was decided, or for
        one that does not say, when it was recorded.
        """
        stream = None if market_id is None else market_stream(Ticker(market_id))
        matching = Filter(
            stream_prefixes=(stream,) if stream is not None else (),
            types=(event_type,) if event_type is not None else (),
        )
        return [
            event
            async for page in self.read_all(matching=matching)
            for event in page.events
            if (stream is None or event.stream == stream)  # a prefix may be another market's name too
            and (since_us is None or _decided_at_us(event) >= since_us)
            and (until_us is None or _decided_at_us(event) <= until_us)
        ]

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        """Append all events or none. Their documents must be UTF-8, for they become part of a line."""
        for event in events:
            event.data.decode()
            event.metadata.decode()
        return await super().append(stream, events, expected=expected)


def _decided_at_us(event: RecordedEvent) -> int:
    return cause_of(read_metadata(event.metadata), event).at_us
