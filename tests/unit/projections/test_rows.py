"""Rows at hand: what is fetched, what is forgotten."""

from dataclasses import dataclass
from typing import Any

from projections.running.rows import Rows
from projections.running.table import Table


@dataclass(slots=True)
class Row:
    name: str
    value: int


TABLE = Table("rows", Row, key=("name",))


class Asked:
    """A transaction that remembers what it was asked for."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.columns: list[str] = []
        self.written: list[Row] = []

    async def load(self, _table: Table[Row], keys: Any) -> list[Row]:
        self.keys += sorted(keys)
        return [Row(key, 7) for key in keys if key != "none"]

    async def load_where(self, _table: Table[Row], column: str, values: list[Any]) -> list[Row]:
        self.columns += [f"{column} {value}" for value in values]
        return []

    async def upsert(self, _table: Table[Row], rows: Any) -> None:
        self.written += rows


async def test_what_is_wanted_is_fetched_once() -> None:
    rows, asked = Rows(TABLE), Asked()
    for _ in range(2):
        rows.want("a")
        rows.want("none")
        await rows.load(asked)  # type: ignore[arg-type]
    assert asked.keys == ["a", "none"]
    assert (rows.get("a"), rows.get("none")) == (Row("a", 7), None)


async def test_what_is_forgotten_is_neither_fetched_nor_written() -> None:
    rows, asked = Rows(TABLE), Asked()
    rows.want("a")
    rows.put(Row("b", 1))
    rows.forget()
    await rows.load(asked)  # type: ignore[arg-type]
    await rows.save(asked)  # type: ignore[arg-type]
    assert (asked.keys, asked.columns, asked.written) == ([], [], [])
