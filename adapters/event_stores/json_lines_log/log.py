"""Writes and reads a JSON Lines log through its index."""

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from uuid import UUID

from adapters.event_stores.data_files import OpenedPlace, UnusableLog
from adapters.event_stores.embedded.log import LogQuery, LogSlice, PendingAppend, SyncFailed
from adapters.event_stores.filtering import admits
from adapters.event_stores.json_lines_log.folder import (
    HEAD,
    MANIFEST,
    MANIFEST_TEXT,
    has_head,
    head_text,
    segment_path,
    segments,
    write_file,
)
from adapters.event_stores.json_lines_log.index import LogIndex, Place
from adapters.event_stores.json_lines_log.lines import decode_line, encode_line
from application.ports.event_store import LogReplaced, Position, RecordedEvent, StoreUnavailable

SEGMENT_BYTES = 128 * 1024
"""A segment that is larger is left alone and another one begun. An append rewrites at most this much."""

SCANNED_AT_ONCE = 4096


class JsonLinesReader:
    """Reads events where the index says they are."""

    def __init__(self, folder: Path, index: LogIndex) -> None:
        self._folder = folder
        self._index = index

    def last_event(self) -> RecordedEvent | None:
        """Return the last event of the log."""
        head = self._index.head
        return self.events([head])[0] if head else None

    def read_stream(
        self, stream: str, *, from_revision: int, backwards: bool, limit: int
    ) -> Sequence[RecordedEvent]:
        """Return events of one stream."""
        positions = self._index.positions(stream)
        if not backwards:
            return self.events(positions[max(from_revision, 0) :][:limit])
        end = len(positions) if from_revision < 0 else from_revision + 1
        return self.events(positions[:end][::-1][:limit])

    def read_log(self, query: LogQuery) -> LogSlice:
        """Return matching events among the next few thousand of the log."""
        if query.backwards:
            scanned = range(query.before - 1, max(query.after, query.before - SCANNED_AT_ONCE - 1), -1)
        else:
            scanned = range(query.after + 1, min(query.before, query.after + SCANNED_AT_ONCE + 1))
        wanted = list(islice(self._matching(scanned, query), query.limit))
        reached = wanted[-1] if len(wanted) == query.limit else scanned[-1]
        return LogSlice(events=self.events(wanted), position=Position(reached))

    def events(self, positions: Sequence[int]) -> list[RecordedEvent]:
        """Return the events at these positions, reading from each segment once."""
        places = [self._index.place(position) for position in positions]
        found: list[RecordedEvent] = []
        for first, group in groupby(places, key=lambda place: place.segment.first):
            found += self._read(segment_path(self._folder, first), list(group))
        return found

    def close(self) -> None:
        """Nothing is held open."""

    def _read(self, path: Path, places: Sequence[Place]) -> list[RecordedEvent]:
        begin, end = min(place.begin for place in places), max(place.end for place in places)
        try:
            with path.open("rb") as file:
                file.seek(begin)
                content = file.read(end - begin)
            return [decode_line(content[place.begin - begin : place.end - begin]) for place in places]
        except OSError as error:
            raise StoreUnavailable(f"{path}: {error}") from error
        except ValueError as error:
            raise UnusableLog(f"{path}: damaged since it was opened ({error}); restore a copy") from error

    def _matching(self, positions: Sequence[int], query: LogQuery) -> Iterator[int]:
        verdicts: dict[int, bool] = {}
        for position in positions:
            kind = self._index.kind(position)
            verdict = verdicts.get(kind)
            if verdict is None:
                stream, event_type = self._index.kinds[kind]
                verdict = verdicts[kind] = admits(query.matching, stream, event_type, system=query.system)
            if verdict:
                yield position


class JsonLinesWriter:
    """Adds lines to the last segment by writing it anew and renaming it into place."""

    def __init__(self, folder: Path, index: LogIndex, place: OpenedPlace) -> None:
        self._folder = folder
        self._index = index
        self._place = place
        self._reader = JsonLinesReader(folder, index)
        self._active = segments(folder)[-1].read_bytes() if index.segments else b""
        last = self._reader.last_event()
        self._write_head(index.head, last.id if last else None)
        if not has_head(folder):
            write_file(folder / MANIFEST, MANIFEST_TEXT)

    def last_revision(self, stream: str) -> int:
        """Return the revision of the stream's last event."""
        return self._index.last_revision(stream)

    def slots(self, stream: str, *, first: int, count: int) -> Sequence[RecordedEvent]:
        """Return the stream's events from revision ``first`` on."""
        return self._reader.read_stream(stream, from_revision=first, backwards=False, limit=count)

    def write(self, appends: Sequence[PendingAppend], recorded_at_us: int) -> list[RecordedEvent]:
        """Write the lines of all the appends in one file, in one rename, unless the log was replaced."""
        self._place.check()
        self._check_head()
        events = _recorded(appends, self._index.head, recorded_at_us)
        lines = [encode_line(event) for event in events]
        fresh = not self._active or len(self._active) >= SEGMENT_BYTES
        first = self._index.head + 1 if fresh else self._index.segments[-1].first
        content = b"".join(lines) if fresh else b"".join([self._active, *lines])
        write_file(segment_path(self._folder, first), content)
        self._active = content
        if fresh:
            self._index.open_segment()
        for event, line in zip(events, lines, strict=True):
            self._index.add(event, len(line))
        try:
            self._write_head(events[-1].position, events[-1].id)
        except StoreUnavailable as error:
            raise SyncFailed(f"the events are recorded, the head is not: {error}") from error
        return events

    def _write_head(self, position: int, event_id: UUID | None) -> None:
        """Say apart from the log how far it goes, so that a missing end is noticed."""
        path, content = self._folder / HEAD, head_text(position, event_id)
        if not path.exists() or path.read_bytes() != content:
            write_file(path, content)
        self._head = content

    def _check_head(self) -> None:
        """Refuse to write where the log ends elsewhere: this would write over another one's events."""
        path = self._folder / HEAD
        try:
            found = path.read_bytes()
        except OSError as error:
            raise LogReplaced(f"{path}: gone since the log was opened ({error.strerror})") from error
        if found != self._head:
            raise LogReplaced(f"{self._folder}: its files were replaced since it was opened")

    def close(self) -> None:
        """Nothing is held open."""


def _recorded(appends: Sequence[PendingAppend], head: int, recorded_at_us: int) -> list[RecordedEvent]:
    placed = [
        (append.stream, append.expected + offset, event)
        for append in appends
        for offset, event in enumerate(append.events, start=1)
    ]
    return [
        RecordedEvent(
            id=event.id,
            type=event.type,
            data=event.data,
            metadata=event.metadata,
            stream=stream,
            revision=revision,
            position=Position(position),
            recorded_at_us=recorded_at_us,
        )
        for position, (stream, revision, event) in enumerate(placed, start=head + 1)
    ]
