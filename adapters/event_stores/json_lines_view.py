"""Looking at a log in JSON Lines without writing: beside the process that has it, or when none has."""

from pathlib import Path

from adapters.event_stores.data_files import UnusableLog
from adapters.event_stores.embedded.view import EmbeddedLogView
from adapters.event_stores.json_lines_log.folder import MANIFEST
from adapters.event_stores.json_lines_log.index import LogIndex
from adapters.event_stores.json_lines_log.loading import extend_index, load_index
from adapters.event_stores.json_lines_log.log import JsonLinesReader
from application.ports.event_store import RecordedEvent


class FileLogView(EmbeddedLogView):
    """A folder of JSON Lines that somebody else may be writing. Make it with :meth:`open`."""

    @classmethod
    def open(cls, folder: Path) -> "FileLogView":
        """Open the log in a folder; every line is checked. Raises :class:`UnusableLog`, saying where."""
        if not (folder / MANIFEST).exists():
            raise UnusableLog(f"{folder}: there is no event log here")
        return cls(_Following(folder, load_index(folder)))


class _Following(JsonLinesReader):
    """Looks whether the files have grown whenever the end of the log is asked for."""

    def __init__(self, folder: Path, index: LogIndex) -> None:
        super().__init__(folder, index)
        self._folder = folder
        self._index = index

    def last_event(self) -> RecordedEvent | None:
        """Return the last event that is in the files by now."""
        extend_index(self._folder, self._index)
        return super().last_event()
