"""Reads a JSON Lines log from its first byte to its last, believing nothing."""

from pathlib import Path

from adapters.event_stores.data_files import UnusableLog
from adapters.event_stores.json_lines_log.folder import segment_path, segments
from adapters.event_stores.json_lines_log.index import LogIndex
from adapters.event_stores.json_lines_log.lines import decode_line
from application.ports.event_store import RecordedEvent


def load_index(folder: Path) -> LogIndex:
    """Check every line of the log and note where it stands.

    A crash cannot damage a segment, because segments are renamed into place whole. So damage is never
    passed over: the log is refused, with the place and how many events before it are whole.
    """
    index = LogIndex()
    before = folder
    for path in segments(folder):
        if path != segment_path(folder, index.head + 1):
            raise UnusableLog(
                f"{before}: ends at event {index.head}, but {path.name} is next; restore a copy"
            )
        _load_segment(path, index)
        before = path
    return index


def _load_segment(path: Path, index: LogIndex) -> None:
    index.open_segment()
    lines = path.read_bytes().splitlines(keepends=True)
    if not lines:
        raise _damaged(path, 1, 0, index, "the file is empty")
    offset = 0
    for number, line in enumerate(lines, start=1):
        try:
            event = decode_line(line)
            _check_place(event, index)
        except (ValueError, KeyError, TypeError) as error:
            raise _damaged(path, number, offset, index, str(error)) from error
        index.add(event, len(line))
        offset += len(line)


def _check_place(event: RecordedEvent, index: LogIndex) -> None:
    if event.position != index.head + 1:
        raise ValueError(f"it holds position {event.position}, not {index.head + 1}")
    following = index.last_revision(event.stream) + 1
    if event.revision != following:
        raise ValueError(f"it holds revision {event.revision} of {event.stream}, not {following}")


def _damaged(path: Path, number: int, offset: int, index: LogIndex, reason: str) -> UnusableLog:
    return UnusableLog(
        f"{path}: line {number} at byte {offset} is damaged ({reason}); the {index.head} events before it "
        "are whole. Restore a copy, or give up the rest: cut this file there and remove the later ones"
    )
