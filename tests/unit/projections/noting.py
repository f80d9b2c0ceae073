"""Projections that note why markets paused, and a database in memory that fails as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar

from application.events import Recorded
from domain.market.events import MarketPaused
from projections.running.projection import Projection
from projections.running.rows import Journal
from projections.running.store import Checkpoint, ParkedEvent
from projections.running.table import Table


@dataclass(slots=True)
class Row:
    position: int
    reason: str


class Noting(Projection):
    """Notes why markets paused, and takes in nothing that it is told not to."""

    name: ClassVar[str] = "noting"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self.poison: set[str] = set()
        self._rows = Journal(Table(self.name, Row, key=("position",)))
        super().__init__(parts=(self._rows,), handlers={MarketPaused: self._paused}, wants={})

    def _paused(self, recorded: Recorded[MarketPaused]) -> None:
        if recorded.event.reason in self.poison:
            raise ZeroDivisionError(recorded.event.reason)
        self._rows.add(Row(recorded.position, recorded.event.reason))


class Money(Noting):
    """The same, but stands still at what it cannot take in."""

    name: ClassVar[str] = "money"
    halts: ClassVar[bool] = True


class Database:
    """Keeps rows and checkpoints; it fails as it is told, when it is asked or when something is saved."""

    def __init__(self) -> None:
        self.marks: dict[str, Checkpoint] = {}
        self.rows: dict[str, list[str]] = {}
        self.parked: list[ParkedEvent] = []
        self.fault: Callable[[], Exception | None] = lambda: None
        self.unsaved: set[str] = set()
        self.silent: asyncio.Event | None = None
        self.opened_s: list[float] = []
        self.commits = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Database"]:
        self.opened_s.append(asyncio.get_running_loop().time())
        if fault := self.fault():
            raise fault
        if self.silent is not None:
            await self.silent.wait()
        before = dict(self.marks), {name: list(rows) for name, rows in self.rows.items()}, list(self.parked)
        try:
            yield self
        except BaseException:
            self.marks, self.rows, self.parked = before
            raise
        self.commits += 1

    async def checkpoints(self) -> dict[str, Checkpoint]:
        return self.marks

    async def insert(self, table: Table[Row], rows: Sequence[Row]) -> None:
        if refused := self.unsaved & {row.reason for row in rows}:
            raise OverflowError(f"{refused} does not fit")
        self.rows.setdefault(table.name, []).extend(row.reason for row in rows)

    async def save(self, checkpoints: Sequence[Checkpoint], parked: Sequence[ParkedEvent]) -> None:
        self.marks.update((mark.name, mark) for mark in checkpoints)
        self.parked += parked
