"""Decides whether an append may be written, was written before, or is refused. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

NO_STREAM = -1
ANY = -2
EXISTS = -4


@dataclass(frozen=True, slots=True)
class Standing:
    """How a stream stands: its last revision, whether it has metadata, whether it was deleted."""

    revision: int
    has_metadata: bool = False
    soft_deleted: bool = False
    tombstoned: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """Write after the last revision."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """The append was seen before; its last event has this revision."""

    last_revision: int


@dataclass(frozen=True, slots=True)
class CompareSlots:
    """The stream has gone on: the append is a repetition if the slots from ``first`` hold its ids."""

    first: int


@dataclass(frozen=True, slots=True)
class WrongVersion:
    """The stream is not where the writer thought."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """The stream is deleted."""


Decision = Write | Repeated | CompareSlots | WrongVersion | Deleted


def decide(
    standing: Standing, expected: int, ids: Sequence[UUID], recent_revision: Callable[[UUID], int | None]
) -> Decision:
    """Return what to do with an append of events with these ids."""
    if standing.tombstoned:
        return Deleted()
    if expected in (ANY, EXISTS):
        if expected == EXISTS and standing.soft_deleted:
            return Deleted()
        if expected == EXISTS and standing.revision < 0 and not standing.has_metadata:
            return WrongVersion()
        return _decide_by_ids(ids, recent_revision)
    if expected > standing.revision:
        return WrongVersion()
    if expected == standing.revision:
        return Write()
    return CompareSlots(expected + 1)


def decide_after_comparison(standing: Standing, expected: int, *, first_id_is_there: bool) -> Decision:
    """Return what becomes of an append below the last revision whose slots hold other events."""
    if expected == NO_STREAM and standing.soft_deleted and not first_id_is_there:
        return Write()
    return WrongVersion()


def _decide_by_ids(ids: Sequence[UUID], recent_revision: Callable[[UUID], int | None]) -> Decision:
    # Only the first id decides, as in EventStoreDB: with a known one after an unknown one, all is written.
    last = recent_revision(ids[0]) if ids else None
    if last is None:
        return Write()
    for event_id in ids[1:]:
        last = recent_revision(event_id)
        if last is None:
            return WrongVersion()
    return Repeated(last)
