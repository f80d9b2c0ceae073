"""What stands before many orders is counted in one walk, and is what counting each by itself gives."""

import asyncio
import random
from collections.abc import Iterator
from typing import Any, cast

import pytest

from adapters.clock import SystemClock
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market.vocabulary import Side
from projections.folds.market_book import BookOrderRow, MarketBook, TopRow
from projections.live.market_board import DEPTHS_KEPT, LiveMarket, MarketBoard
from tests.unit.projections.events import placed


def book(orders: int, *, seed: int = 1, levels: int = 30) -> MarketBook:
    chance = random.Random(seed)
    rows = [
        BookOrderRow(
            order_id=f"o{number}",
            ticker="T",
            account_id="ann" if chance.random() < 0.5 else "bob",
            side=chance.choice(("yes", "no")),
            ticks=chance.randint(1, levels),
            resting=chance.choice((0, 100, 250)),
            sells=False,
            sequence=number,
        )
        for number in range(orders)
    ]
    return MarketBook(TopRow("T", None, None, 0, None, 0, -1), rows)


def queues_ahead(one: MarketBook, order_ids: list[str]) -> dict[str, int]:
    return dict(met for met in one.walk_queues(order_ids) if met is not None)


def test_one_walk_counts_what_many_do() -> None:
    one = book(500)
    mine = [order_id for order_id, row in one.orders.items() if row.account_id == "ann"]
    expected = {order_id: one.queue_ahead(order_id) for order_id in mine}
    found = queues_ahead(one, [*mine, "unknown"])
    assert found == {order_id: ahead for order_id, ahead in expected.items() if ahead is not None}
    assert len(found) > 100


class Counted(dict[str, BookOrderRow]):
    """The orders of a level, and how many of them were looked at."""

    seen = 0

    def values(self) -> Iterator[BookOrderRow]:  # type: ignore[override]
        for row in super().values():
            self.seen += 1
            yield row


def test_every_order_is_looked_at_once() -> None:
    crowded = book(2_000)
    levels = [level for side in (crowded.yes, crowded.no) for level in side.levels.values()]
    for level in levels:
        level.orders = Counted(level.orders)
    queues_ahead(crowded, list(crowded.orders))
    assert sum(level.orders.seen for level in levels) == sum(len(level.orders) for level in levels)  # type: ignore[attr-defined]


class Watched(dict[str, BookOrderRow]):
    """The orders of a book, and how often one was asked for."""

    asked = 0

    def get(self, *key: Any) -> Any:
        self.asked += 1
        return super().get(*key)


@pytest.mark.parametrize("levels", [1, 9_000], ids=["at one price", "at many"])
async def test_what_stands_before_every_order_of_an_account_takes_as_many_steps_as_there_are_orders(
    levels: int,
) -> None:
    board, one = MarketBoard(SystemClock()), book(20_000, levels=levels)
    board._markets["T"] = LiveMarket(cast("Any", None), one, cast("Any", None))
    mine = board._resting["ann"] = {o: "T" for o, row in one.orders.items() if row.account_id == "ann"}
    expected = queues_ahead(one, list(mine))
    there = [level for side in (one.yes, one.no) for level in side.levels.values()]
    for level in there:
        level.orders = Counted(level.orders)
    one.orders = Watched(one.orders)
    found = await board.queue_positions(AccountId("ann"))
    assert {queue.order_id: queue.ahead for queue in found} == expected
    ages = [one.orders[queue.order_id].sequence for queue in found]
    assert ages == sorted(ages)
    seen = sum(level.orders.seen for level in there)  # type: ignore[attr-defined]
    assert seen <= len(one.orders)
    assert one.orders.asked <= 3 * len(mine)


def test_a_book_is_walked_no_further_than_the_last_order_that_was_asked_for() -> None:
    many = book(2_000, levels=500)
    best = many.yes.levels[many.yes.best[0] or 0]
    first = next(iter(best.orders))
    assert list(many.walk_queues([first])) == [(first, 0)]


async def test_queues_are_told_by_age_whatever_the_orders_are_called() -> None:
    board, one = MarketBoard(SystemClock()), MarketBook.empty("T")
    board._markets["T"] = LiveMarket(cast("Any", None), one, cast("Any", None))
    for sequence, name in enumerate("cab"):
        one.apply(placed("ann", Side.YES, 4_000, 100, order=name), revision=sequence, sequence=sequence)
    board._resting["ann"] = dict.fromkeys("abc", "T")
    found = await board.queue_positions(AccountId("ann"))
    assert [(each.order_id, each.ahead) for each in found] == [("c", 0), ("a", 100), ("b", 200)]


async def test_others_have_their_turn_while_a_book_is_walked_and_it_may_change_meanwhile() -> None:
    board, one = MarketBoard(SystemClock()), book(5_000, levels=1)
    board._markets["T"] = LiveMarket(cast("Any", None), one, cast("Any", None))
    board._resting["ann"] = {o: "T" for o, row in one.orders.items() if row.account_id == "ann"}
    under_way = asyncio.create_task(board.queue_positions(AccountId("ann")))
    taken = [o for o, row in one.orders.items() if row.resting][::7]
    for order_id in taken:
        await asyncio.sleep(0)
        assert not under_way.done() or order_id != taken[0]
        one._off(OrderId(order_id))
    assert len(await under_way) > len(board._resting["ann"]) // 2


async def test_a_book_is_kept_at_few_depths_and_told_right_at_all() -> None:
    board = MarketBoard(SystemClock())
    market = LiveMarket(cast("Any", None), book(2_000), cast("Any", None))
    board._markets["T"] = market
    for depth in range(1, 40):
        told = await board.book(Ticker("T"), depth=depth)
        assert told is await board.book(Ticker("T"), depth=depth)
        assert told is not None
        assert len(told.yes) == min(depth, len(market.book.yes.levels))
        assert len(market.books) <= DEPTHS_KEPT
