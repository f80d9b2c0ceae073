"""Reading checkpoints, which stand alike in both databases."""

from collections.abc import Iterable, Mapping
from typing import Any

from application.ports.event_store import Position
from projections.store import Checkpoint

CHECKPOINTS = "SELECT name, version, position, events, at_us, halted FROM checkpoints"


def by_name(rows: Iterable[tuple[Any, ...]]) -> Mapping[str, Checkpoint]:
    """Return the rows of that question by projection."""
    return {
        name: Checkpoint(
            name=name,
            version=version,
            position=Position(position),
            events=events,
            at_us=at_us,
            halted=halted,
        )
        for name, version, position, events, at_us, halted in rows
    }
