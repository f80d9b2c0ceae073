"""What came last, by number: enough of it, and never too much."""

from typing import Generic, TypeVar

Value = TypeVar("Value")


class Latest(Generic[Value]):
    """Remembers the latest values, as many as weigh ``kept`` together.

    Twice as many at most: they are forgotten by so many at a time, which costs nothing for each. The keys are
    the numbers of ids, because hashing an id is much slower.
    """

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._weight = 0
        self._newer: dict[int, Value] = {}
        self._older: dict[int, Value] = {}

    def get(self, number: int) -> Value | None:
        """Return a value, or ``None`` if it is not remembered."""
        value = self._newer.get(number)
        return self._older.get(number) if value is None else value

    def add(self, number: int, value: Value, weight: int = 1) -> None:
        """Remember a value."""
        if self._weight >= self._kept:
            self._older, self._newer, self._weight = self._newer, {}, 0
        self._newer[number] = value
        self._weight += weight
