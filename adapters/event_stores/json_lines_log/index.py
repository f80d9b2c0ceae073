"""Where each event of a JSON Lines log stands, in about 24 bytes of memory an event."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.event_store import NO_STREAM, RecordedEvent


@dataclass(slots=True)
class Segment:
    """A file of the log: the position of its first event and its length."""

    first: int
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A run of bytes in a segment that holds whole lines."""

    segment: Segment
    begin: int
    end: int


class LogIndex:
    """Positions to places, streams to positions. The writer thread adds, the event loop looks up."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self._first_positions: list[int] = []
        self._ends = array("Q")
        self._kinds = array("L")
        self._kind_ids: dict[tuple[str, str], int] = {}
        self.kinds: list[tuple[str, str]] = []
        """Every pair of stream and type that occurs."""
        self._streams: dict[str, array[int]] = {}

    @property
    def head(self) -> int:
        """The position of the last event."""
        return len(self._ends)

    def open_segment(self) -> Segment:
        """Begin a segment after the last event."""
        segment = Segment(first=self.head + 1)
        self.segments.append(segment)
        self._first_positions.append(segment.first)
        return segment

    def add(self, event: RecordedEvent, line_bytes: int) -> None:
        """Note an event that was written at the end of the last segment."""
        segment = self.segments[-1]
        kind = (event.stream, event.type)
        if kind not in self._kind_ids:
            self._kind_ids[kind] = len(self.kinds)
            self.kinds.append(kind)
        self._kinds.append(self._kind_ids[kind])
        segment.size_bytes += line_bytes
        self._ends.append(segment.size_bytes)
        # Last, because a reader that finds the event here looks up the rest.
        self._streams.setdefault(event.stream, array("Q")).append(event.position)

    def last_revision(self, stream: str) -> int:
        """Return the revision of the stream's last event."""
        return len(self._streams[stream]) - 1 if stream in self._streams else NO_STREAM

    def positions(self, stream: str) -> Sequence[int]:
        """Return the positions of a stream's events, in order."""
        return self._streams.get(stream, array("Q"))

    def kind(self, position: int) -> int:
        """Return the number, in ``kinds``, of the stream and type of an event."""
        return self._kinds[position - 1]

    def place(self, position: int) -> Place:
        """Return where an event's line is."""
        segment = self.segments[bisect_right(self._first_positions, position) - 1]
        begin = 0 if position == segment.first else self._ends[position - 2]
        return Place(segment=segment, begin=begin, end=self._ends[position - 1])
