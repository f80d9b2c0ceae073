"""How rows lie in a read model: one dataclass per table, its fields the columns in order."""

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any, Generic, TypeVar

R = TypeVar("R")

Key = Any
"""A row's key: the value of its key column, or a tuple of the values where there are several."""


class Table(Generic[R]):
    """A table's name, the dataclass of its rows, and the columns that tell one row from another."""

    def __init__(self, name: str, row: type[R], *, key: tuple[str, ...]) -> None:
        self.name = name
        self.row: Callable[..., R] = row
        self.columns = tuple(field.name for field in fields(row))  # type: ignore[arg-type]
        self.key = key
        self.key_of: Callable[[R], Key] = attrgetter(*key)
        self.values_of: Callable[[R], tuple[Any, ...]] = attrgetter(*self.columns)

    def key_values(self, key: Key) -> tuple[Any, ...]:
        """Return a key as a tuple, one value for each key column."""
        return key if len(self.key) > 1 else (key,)
