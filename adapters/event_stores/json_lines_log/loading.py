"""Reads a JSON Lines log from its first byte to its last, believing nothing."""

from pathlib import Path
from uuid import UUID

import orjson

from adapters.event_stores.data_files import UnusableLog
from adapters.event_stores.json_lines_log.folder import HEAD, has_head, head_text, segment_path, segments
from adapters.event_stores.json_lines_log.index import LogIndex
from adapters.event_stores.json_lines_log.lines import decode_line
from application.ports.event_store import RecordedEvent


def load_index(folder: Path) -> LogIndex:
    """Check every line of the log and note where it stands.

    A crash cannot damage a segment, because segments are renamed into place whole. So damage is never
    passed over: the log is refused, with the place and how many events before it are whole. The head, which
    is kept apart, tells whether the end is missing.
    """
    head = _head(folder)  # first, because a log that is being written runs ahead of its head, never behind
    index = LogIndex()
    before = folder
    for path in segments(folder):
        if path != segment_path(folder, index.head + 1):
            raise UnusableLog(
                f"{before}: ends at event {index.head}, but {path.name} is next; restore a copy"
            )
        _load_segment(path, index)
        before = path
    if head is not None:
        _check_head(folder, head, index)
    return index


def extend_index(folder: Path, index: LogIndex) -> None:
    """Note what has been written since: the rest of the last segment, and segments after it."""
    if index.segments:
        path = segment_path(folder, index.segments[-1].first)
        if path.stat().st_size > index.segments[-1].size_bytes:
            with path.open("rb") as file:
                file.seek(index.segments[-1].size_bytes)
                _load_lines(path, file.read(), index)
    while (path := segment_path(folder, index.head + 1)).exists():
        _load_segment(path, index)


def _head(folder: Path) -> tuple[int, str | None] | None:
    """Return the position and the event that the head names; ``None`` for a log that has none."""
    if not has_head(folder):
        return None
    try:
        content = (folder / HEAD).read_bytes()
        fields = orjson.loads(content)
        position, event = fields["position"], fields["event"]
        if content == head_text(position, UUID(event) if event else None):
            return position, event
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        pass
    return -1, None


def _check_head(folder: Path, head: tuple[int, str | None], index: LogIndex) -> None:
    position, event = head
    there = index.head if position < 0 or position > index.head else position
    found = _id_at(folder, index, there)
    if there == position and found == event:
        return
    whole = head_text(index.head, UUID(last) if (last := _id_at(folder, index, index.head)) else None)
    path = folder / HEAD
    if position < 0:
        fault = f"{path}: missing or damaged, so nobody can say whether the end of the log is there"
    elif position > index.head:
        fault = f"{path}: says event {position}, but the log ends at event {index.head}: its end is missing"
    else:
        fault = f"{path}: says that event {position} is {event}, but it is {found}: another log's head"
    raise UnusableLog(
        f"{fault}. Restore a copy, or, to go on with the {index.head} events that are whole, put this line "
        f"into that file: {whole.decode().strip()}"
    )


def _id_at(folder: Path, index: LogIndex, position: int) -> str | None:
    if not position:
        return None
    place = index.place(position)
    with segment_path(folder, place.segment.first).open("rb") as file:
        file.seek(place.begin)
        return str(decode_line(file.read(place.end - place.begin)).id)


def _load_segment(path: Path, index: LogIndex) -> None:
    index.open_segment()
    content = path.read_bytes()
    if not content:
        raise _damaged(path, 1, 0, index, "the file is empty")
    _load_lines(path, content, index)


def _load_lines(path: Path, content: bytes, index: LogIndex) -> None:
    """Note the lines at the end of the last segment."""
    offset = index.segments[-1].size_bytes
    first = index.head - index.segments[-1].first + 2
    for number, line in enumerate(content.splitlines(keepends=True), start=first):
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
