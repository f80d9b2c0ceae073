"""Which books stay in memory, which are let go, and what is written of them."""

from typing import Any

import pytest

from domain.market.vocabulary import Side
from projections import order_book as module
from projections.folds.market_book import BOOK_ORDERS, MarketBook
from projections.order_book import Books
from tests.unit.projections.events import Log, leg, placed, trade


class Written:
    """A transaction that keeps what it is given, and finds it again."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {"book_orders": {}, "book_tops": {}}
        self.wrote: list[tuple[str, int]] = []
        self.asked: list[set[str]] = []

    async def upsert(self, table: Any, rows: Any) -> None:
        self.wrote.append((table.name, len(rows)))
        self.rows[table.name].update((table.key_of(row), row) for row in rows)

    async def delete(self, table: Any, keys: Any) -> None:
        self.wrote.append((f"no more {table.name}", len(keys)))
        for key in keys:
            self.rows[table.name].pop(key, None)

    async def load_where(self, table: Any, _column: str, values: Any) -> list[Any]:
        assert table is BOOK_ORDERS
        self.asked.append(set(values))
        return [row for row in self.rows[table.name].values() if row.ticker in values]

    async def load(self, table: Any, keys: Any) -> list[Any]:
        return [row for key, row in self.rows[table.name].items() if key in keys]


class World:
    def __init__(self) -> None:
        self.log, self.books, self.written = Log(), Books(), Written()

    def listed(self, *tickers: str) -> None:
        for ticker in tickers:
            self.books.list(ticker)

    def rest(self, ticker: str, *names: str) -> None:
        for name in names:
            self.books.apply(
                self.log.add(f"market-{ticker}", placed("ann", Side.YES, 4_000, 100, order=name))
            )

    async def commit(self) -> list[tuple[str, int]]:
        self.written.wrote.clear()
        await self.books.save(self.written)  # type: ignore[arg-type]
        self.books.settle()
        return self.written.wrote

    async def want(self, *tickers: str) -> None:
        for ticker in tickers:
            self.books.want(ticker)
        await self.books.load(self.written)  # type: ignore[arg-type]

    @property
    def at_hand(self) -> str:
        return "".join(self.books._books)


async def test_what_changed_is_written_once_and_what_was_committed_is_not_written_again() -> None:
    world = World()
    world.listed("A", "B")
    world.rest("A", "a1", "a2")
    assert await world.commit() == [("book_orders", 2), ("book_tops", 2)]
    assert await world.commit() == []
    world.books.apply(
        world.log.add("market-A", trade(leg("ann", Side.YES, order="a1"), leg("bob", Side.NO), 4_000, 100))
    )
    world.rest("A", "a3")
    assert await world.commit() == [("book_orders", 1), ("no more book_orders", 1), ("book_tops", 1)]
    assert set(world.written.rows["book_orders"]) == {"a2", "a3"}


async def test_a_book_that_is_at_hand_is_not_read_again_and_one_that_was_let_go_is() -> None:
    world = World()
    world.listed("A", "B")
    world.rest("A", "a1")
    await world.commit()
    await world.want("A", "B")
    assert world.written.asked == []
    world.books.forget()
    await world.want("A", "C")
    assert world.written.asked == [{"A", "C"}]
    assert list(world.books.at_hand("A").orders) == ["a1"]
    assert world.at_hand == "A", "of a market that was never listed there is no book"
    await world.want("A")
    assert world.written.asked == [{"A", "C"}]
    world.books.want("B")
    world.listed("B")
    await world.want("B")
    assert world.written.asked == [{"A", "C"}], "it was wanted, and then it was listed"


async def test_what_is_forgotten_is_not_written() -> None:
    world = World()
    world.listed("A")
    world.rest("A", "a1")
    world.books.want("B")
    world.books.forget()
    assert await world.commit() == []
    await world.want()
    assert world.written.asked == []


@pytest.mark.parametrize(
    ("kept", "left"),
    [(9, "ABC"), (8, "BC"), (6, "BC"), (5, "C"), (3, "C"), (1, "C")],
)
async def test_the_books_that_came_first_are_let_go_until_few_enough_orders_are_held(
    monkeypatch: pytest.MonkeyPatch, kept: int, left: str
) -> None:
    monkeypatch.setattr(module, "KEPT_ORDERS", kept)
    world = World()
    for ticker, orders in (("A", 2), ("B", 2), ("C", 2)):
        world.listed(ticker)
        world.rest(ticker, *(f"{ticker}{number}" for number in range(orders)))
    await world.commit()  # each is held with its two orders: three, and nine in all
    assert world.at_hand == left
    await world.want("A", "B", "C")
    assert {len(world.books.at_hand(ticker).orders) for ticker in "ABC"} == {2}
    assert isinstance(world.books.at_hand("A"), MarketBook)
    assert kept == module.KEPT_ORDERS


def test_a_hundred_thousand_orders_are_held() -> None:
    assert module.KEPT_ORDERS == 100_000
