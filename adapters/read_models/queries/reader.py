"""What the questions need of a database, and how their conditions and pages are put together."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from projections.reading.queries import MAX_LIMIT, InvalidQuery, Page, Period

Row = tuple[Any, ...]
V = TypeVar("V")


class Reader(Protocol):
    """Answers questions in SQL."""

    async def fetch(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Row]:
        """Return all rows of a question; parameters stand in it as ``:name``.

        Raises :class:`projections.reading.queries.ReadModelUnavailable`.
        """
        ...

    def snapshot(self) -> AbstractAsyncContextManager["Reader"]:
        """Let all questions asked of the reader within the block see the same moment."""
        ...


class Where:
    """The conditions of a question; all must hold. What is not asked for adds none.

    Its parameters are called ``names`` and a number: those of a question within another by another name.
    """

    def __init__(self, names: str = "p") -> None:
        self._names = names
        self.parameters: dict[str, Any] = {}
        self._conditions: list[str] = []

    def __str__(self) -> str:
        return "WHERE " + " AND ".join(self._conditions) if self._conditions else ""

    def add(self, condition: str, **parameters: Any) -> "Where":
        """Ask for a condition in SQL."""
        assert not parameters.keys() & self.parameters.keys(), f"two parameters of one name: {condition}"
        self._conditions.append(condition)
        self.parameters.update(parameters)
        return self

    def equal(self, column: str, value: Any) -> "Where":
        """Ask for a value, if there is one."""
        if value is None or value == "":
            return self
        name = f"{self._names}{len(self.parameters)}"
        return self.add(f"{column} = :{name}", **{name: _plain(value)})

    def among(self, column: str, values: Collection[Any]) -> "Where":
        """Ask for one of some values, if there are any."""
        if not values:
            return self
        return self.add(f"{column} IN ({self._marks(values)})")

    def in_groups(self, group_ids: Collection[str]) -> "Where":
        """Ask for the tickers of some groups' markets, if any."""
        if not group_ids:
            return self
        marks = self._marks(group_ids)
        return self.add(f"ticker IN (SELECT ticker FROM markets WHERE group_id IN ({marks}))")

    def within(self, column: str, period: Period) -> "Where":
        """Ask for a time within a period."""
        for sign, bound in ((">=", period.since_us), ("<=", period.until_us)):
            if bound is not None:
                name = f"{self._names}{len(self.parameters)}"
                self.add(f"{column} {sign} :{name}", **{name: bound})
        return self

    def before(self, columns: str, cursor: str) -> "Where":
        """Ask for what follows a cursor in a list that is newest first."""
        if not cursor:
            return self
        at_us, position = _moment(cursor)
        return self.add(f"({columns}) < (:cursor_us, :cursor_at)", cursor_us=at_us, cursor_at=position)

    def _marks(self, values: Collection[Any]) -> str:
        names = [f"{self._names}{len(self.parameters) + place}" for place in range(len(values))]
        self.parameters.update(zip(names, map(_plain, values), strict=True))
        return ", ".join(f":{name}" for name in names)


def _plain(value: Any) -> Any:
    """Return a value as drivers know it: an enumeration's as its text."""
    return str(value) if isinstance(value, str) else value


def _moment(cursor: str) -> tuple[int, int]:
    at_us, _, position = cursor.partition("-")
    return number(at_us), number(position)


def number(text: str) -> int:
    """Return a number that a cursor holds."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidQuery("the cursor is unknown: start again without one")
    return int(text)


def checked(limit: int) -> int:
    """Return how many rows to ask for: one more than the page, to see whether it is the last."""
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidQuery(f"the limit must be between 1 and {MAX_LIMIT}")
    return limit + 1


def paged(items: Sequence[V], limit: int, cursors: Sequence[str]) -> Page[V]:
    """Return a page of at most ``limit`` items; ``cursors`` are those after each of them."""
    if len(items) <= limit:
        return Page(items=items)
    return Page(items=items[:limit], cursor=cursors[limit - 1])
