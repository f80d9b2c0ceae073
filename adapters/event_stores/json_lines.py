"""An event store in plain text: JSON Lines, to be read with ordinary tools and moved by copying.

Every append rewrites one small segment file and renames it into place, so it is slower than SQLite.
"""

from collections.abc import Sequence
from pathlib import Path

from adapters.event_stores.data_files import ProcessLock
from adapters.event_stores.embedded.store import EmbeddedEventStore
from adapters.event_stores.json_lines_log.folder import prepare
from adapters.event_stores.json_lines_log.loading import load_index
from adapters.event_stores.json_lines_log.log import JsonLinesReader, JsonLinesWriter
from application.ports.event_store import Appended, NewEvent


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
            return cls(JsonLinesWriter(folder, index), JsonLinesReader(folder, index), release=lock.release)
        except BaseException:
            lock.release()
            raise

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        """Append all events or none. Their documents must be UTF-8, for they become part of a line."""
        for event in events:
            event.data.decode()
            event.metadata.decode()
        return await super().append(stream, events, expected=expected)
