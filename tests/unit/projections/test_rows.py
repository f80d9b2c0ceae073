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


class Deleting(Asked):
    def __init__(self) -> None:
        super().__init__()
        self.deleted: list[str] = []

    async def delete(self, _table: Table[Row], keys: Any) -> None:
        self.deleted += keys


async def test_a_row_that_is_put_again_after_it_was_dropped_stays_and_what_is_settled_is_written_once() -> (
    None
):
    rows, asked = Rows(TABLE), Deleting()
    rows.put(Row("a", 1))
    rows.put(Row("b", 1))
    for name in "ab":
        rows.drop(name)
    rows.put(Row("b", 2))
    await rows.save(asked)  # type: ignore[arg-type]
    assert (asked.written, asked.deleted) == ([Row("b", 2)], ["a"])
    assert (rows.get("a"), rows.get("b")) == (None, Row("b", 2))
    assert list(rows.at_hand()) == [Row("b", 2)]
    rows.settle()
    await rows.save(asked)  # type: ignore[arg-type]
    assert (asked.written, asked.deleted) == ([Row("b", 2)], ["a"])


async def test_when_there_are_too_many_the_oldest_go_and_half_as_many_as_may_stay_are_left() -> None:
    rows, asked = Rows(TABLE, kept=4), Asked()
    for name in "abcd":
        rows.put(Row(name, 1))
    rows.settle()
    assert [row.name for row in rows.at_hand()] == ["a", "b", "c", "d"]
    rows.put(Row("e", 1))
    rows.settle()
    assert [row.name for row in rows.at_hand()] == ["d", "e"]
    rows.want("a")
    rows.want("e")
    await rows.load(asked)  # type: ignore[arg-type]
    assert asked.keys == ["a"]


async def test_what_is_found_by_a_column_does_not_come_over_what_is_at_hand() -> None:
    rows, asked = Rows(TABLE), Asked()

    async def load_where(_table: Table[Row], column: str, values: list[Any]) -> list[Row]:
        asked.columns.append(f"{column} {values}")
        return [Row("a", 7), Row("b", 7), Row("c", 7)]

    asked.load_where = load_where  # type: ignore[method-assign]
    rows.put(Row("a", 1))
    rows.drop("b")
    for _ in range(2):
        rows.want_where("value", 7)
    await rows.load(asked)  # type: ignore[arg-type]
    assert (rows.get("a"), rows.get("b"), rows.get("c")) == (Row("a", 1), None, Row("c", 7))
    await rows.load(asked)  # type: ignore[arg-type]
    assert asked.columns == ["value [7]"]
