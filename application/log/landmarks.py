"""Events by which a log is known again: what was noted about a log holds while its landmark stands in it."""

from dataclasses import dataclass
from uuid import UUID

from application.ports.event_store import Filter, LogReader, Position, RecordedEvent, StreamReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmark:
    """An event and where it stands. A position alone would be found in any log that is long enough."""

    position: Position
    event_id: UUID
    stream: str
    revision: int

    def __str__(self) -> str:
        return f"event {self.event_id} ({self.stream} revision {self.revision})"


def landmark_of(event: RecordedEvent) -> Landmark:
    """Return the landmark that an event is."""
    return Landmark(position=event.position, event_id=event.id, stream=event.stream, revision=event.revision)


async def stands(log: StreamReader, landmark: Landmark) -> bool:
    """Return whether a log holds a landmark, there where it was."""
    async for page in log.read_stream(landmark.stream, from_revision=landmark.revision, limit=1):
        return any(landmark_of(event) == landmark for event in page)
    return False


async def last_landmark(log: LogReader, matching: Filter) -> Landmark | None:
    """Return the last matching event of a log as a landmark, ``None`` if it has none."""
    async for page in log.read_all(backwards=True, limit=1, matching=matching):
        for event in page.events:
            return landmark_of(event)
    return None
