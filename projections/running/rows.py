"""The rows a projection works on: loaded in bulk, changed in memory, written back in bulk.

Rows stay in memory from page to page, because the accounts and orders of one page are mostly those of the
next; a database written by one projector at a time cannot change behind them.
"""

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from projections.running.store import Transaction
from projections.running.table import Key, Table

R = TypeVar("R")

KEPT = 10_000
"""How many rows of a table stay in memory between pages."""


class Part(Protocol):
    """A piece of a projection's memory that is loaded and saved page by page."""

    async def load(self, transaction: Transaction) -> None:
        """Fetch everything that was asked for and is not at hand."""
        ...

    async def save(self, transaction: Transaction) -> None:
        """Write every change."""
        ...

    def settle(self) -> None:
        """Take note that what was saved is committed."""
        ...

    def forget(self) -> None:
        """Drop everything, changes included: the database is right and memory may not be."""
        ...


class Rows(Generic[R]):
    """Rows that are looked up by key. A key must be wanted, or put, before it is looked up."""

    def __init__(self, table: Table[R], *, kept: int = KEPT) -> None:
        self._table = table
        self._kept = kept
        self._rows: dict[Key, R | None] = {}
        self._wanted: set[Key] = set()
        self._wanted_where: set[tuple[str, Key]] = set()
        self._changed: dict[Key, R] = {}
        self._dropped: set[Key] = set()

    def want(self, key: Key) -> None:
        """Ask for a row."""
        if key not in self._rows:
            self._wanted.add(key)

    def expect_new(self, key: Key) -> None:
        """Take it that there is no row with this key yet, which saves looking."""
        self._rows[key] = None

    def want_where(self, column: str, value: object) -> None:
        """Ask for all rows with a value in a column."""
        self._wanted_where.add((column, value))

    def get(self, key: Key) -> R | None:
        """Return a row, ``None`` if there is none. To change it, change it and put it."""
        return self._rows[key]

    def at_hand(self) -> Iterable[R]:
        """Return the rows in memory, among them all that were wanted."""
        return [row for row in self._rows.values() if row is not None]

    def put(self, row: R) -> None:
        """Take in a row that is new or was changed."""
        key = self._table.key_of(row)
        self._rows[key] = self._changed[key] = row
        if self._dropped:
            self._dropped.discard(key)

    def drop(self, key: Key) -> None:
        """Remove a row."""
        self._rows[key] = None
        self._changed.pop(key, None)
        self._dropped.add(key)

    async def load(self, transaction: Transaction) -> None:
        """Fetch what was wanted and is not at hand."""
        if self._wanted:
            self._rows.update(dict.fromkeys(self._wanted))
            self._take(await transaction.load(self._table, self._wanted))
            self._wanted = set()
        for column, value in self._wanted_where:
            self._take(await transaction.load_where(self._table, column, [value]), over=False)
        self._wanted_where.clear()

    def _take(self, rows: Iterable[R], *, over: bool = True) -> None:
        key_of = self._table.key_of
        for row in rows:
            key = key_of(row)
            if over or key not in self._rows:
                self._rows[key] = row

    async def save(self, transaction: Transaction) -> None:
        """Write changed rows and remove dropped ones."""
        if self._changed:
            await transaction.upsert(self._table, self._changed.values())
        if self._dropped:
            await transaction.delete(self._table, self._dropped)

    def settle(self) -> None:
        """Take note of the commit, and let the oldest rows go when there are too many."""
        self._changed.clear()
        self._dropped.clear()
        if len(self._rows) > self._kept:
            for key in list(self._rows)[: len(self._rows) - self._kept // 2]:
                del self._rows[key]

    def forget(self) -> None:
        """Drop everything."""
        self._rows.clear()
        self._wanted.clear()
        self._wanted_where.clear()
        self._changed.clear()
        self._dropped.clear()


class Journal(Generic[R]):
    """Rows that are only ever added."""

    def __init__(self, table: Table[R]) -> None:
        self._table = table
        self._added: list[R] = []

    def add(self, row: R) -> None:
        """Take in a new row."""
        self._added.append(row)

    async def load(self, transaction: Transaction) -> None:
        """Nothing has to be at hand to add to it."""

    async def save(self, transaction: Transaction) -> None:
        """Write the new rows."""
        if self._added:
            await transaction.insert(self._table, self._added)

    def settle(self) -> None:
        """Take note of the commit."""
        self._added.clear()

    def forget(self) -> None:
        """Drop what was not committed."""
        self._added.clear()
