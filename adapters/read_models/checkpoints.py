"""Checkpoints as rows, which stand alike in both databases."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from application.log.landmarks import Landmark
from application.ports.event_store import Position
from projections.running.store import Checkpoint

COLUMNS = ("name", "version", "position", "events", "at_us", "halted", "event_id", "stream", "revision")
CHECKPOINTS = f"SELECT {', '.join(COLUMNS)} FROM checkpoints"

NO_EVENT = ("", "", 0)
"""Stands for the landmark of a checkpoint that has none."""


def by_name(rows: Iterable[tuple[Any, ...]]) -> Mapping[str, Checkpoint]:
    """Return the rows of that question by projection."""
    return {row[0]: _checkpoint(*row) for row in rows}


def _checkpoint(
    name: str,
    version: int,
    position: int,
    events: int,
    at_us: int,
    halted: str,
    event_id: str,
    stream: str,
    revision: int,
) -> Checkpoint:
    landmark = None
    if event_id:
        landmark = Landmark(
            position=Position(position), event_id=UUID(event_id), stream=stream, revision=revision
        )
    return Checkpoint(
        name=name,
        version=version,
        position=Position(position),
        events=events,
        at_us=at_us,
        landmark=landmark,
        halted=halted,
    )


def row_of(mark: Checkpoint) -> tuple[Any, ...]:
    """Return a checkpoint as a row."""
    event = mark.landmark
    stands_at = NO_EVENT if event is None else (str(event.event_id), event.stream, event.revision)
    return mark.name, mark.version, mark.position, mark.events, mark.at_us, mark.halted, *stands_at
