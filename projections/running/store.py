"""What projections ask of the database their rows are kept in: everything of a page in one transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from application.log.landmarks import Landmark
from application.ports.event_store import Position
from projections.running.table import Key, Table

R = TypeVar("R")


class ReadModelUnavailable(Exception):
    """The read model's database cannot be reached now; try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far a projection has come: its rows hold every event up to ``landmark`` and none after it.

    The landmark is the last event taken in, by its id, so that another log, or one that lost its end, is
    noticed; there is none before the first, nor in rows of programs that did not note it. ``events`` counts
    the events of the log up to there, handled or not; ``at_us`` is when the last of them was decided.
    ``halted`` says which event it cannot take in, if it stands still at one.
    """

    name: str
    version: int
    position: Position
    events: int
    at_us: int
    landmark: Landmark | None = None
    halted: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedEvent:
    """An event that a projection could not take in and left out."""

    projection: str
    position: Position
    event_type: str
    stream: str
    revision: int
    error: str


class ReadModelBusy(Exception):
    """The database can be reached but does not take writes now: it is locked, full or restarting."""


class ReadModelOutdated(Exception):
    """The rows were written by another version of a projection; the message says how to rebuild them."""


class ReadModelOfAnotherLog(ReadModelOutdated):
    """The rows hold events that the log does not; the message says how to rebuild them."""


class CheckpointMoved(Exception):
    """A checkpoint is not where it was left: the log has to be taken up again from where it is now."""


class ReadModelDamaged(Exception):
    """The database is not one of ours, or broken; the message says which and what to do."""


class Transaction(Protocol):
    """One page's worth of reading and writing; all of it happens, or none."""

    async def checkpoints(self) -> Mapping[str, Checkpoint]:
        """Return all checkpoints by projection, and keep other writers off them until the end."""
        ...

    async def load(self, table: Table[R], keys: Collection[Key]) -> Sequence[R]:
        """Return the rows with these keys, in any order; keys without a row are passed over."""
        ...

    async def load_where(self, table: Table[R], column: str, values: Collection[Any]) -> Sequence[R]:
        """Return the rows whose ``column`` has one of the values, in any order."""
        ...

    async def upsert(self, table: Table[R], rows: Collection[R]) -> None:
        """Write rows over those with the same key, or as new ones."""
        ...

    async def insert(self, table: Table[R], rows: Collection[R]) -> None:
        """Write rows whose keys are new."""
        ...

    async def delete(self, table: Table[R], keys: Collection[Key]) -> None:
        """Remove rows; those that are not there are passed over."""
        ...

    async def save(self, checkpoints: Iterable[Checkpoint], parked: Iterable[ParkedEvent]) -> None:
        """Write checkpoints, and the events that were left out."""
        ...


class ProjectionStore(Protocol):
    """A database of read models as its projector needs it."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction: committed at the end of the block, rolled back when it raises.

        Raises :class:`ReadModelBusy` when the database cannot write now, or
        :class:`projections.reading.queries.ReadModelUnavailable` when it cannot be reached.
        """
        ...
