"""What stands before many orders is counted in one walk, and is what counting each by itself gives."""

import random
from collections.abc import Iterator
from typing import Any, cast

from adapters.clock import SystemClock
from domain.identifiers import Ticker
from projections.folds.market_book import BookOrderRow, MarketBook, TopRow
from projections.live.market_board import DEPTHS_KEPT, LiveMarket, MarketBoard


def book(orders: int, *, seed: int = 1) -> MarketBook:
    chance = random.Random(seed)
    rows = [
        BookOrderRow(
            order_id=f"o{number}",
            ticker="T",
            account_id="ann" if chance.random() < 0.5 else "bob",
            side=chance.choice(("yes", "no")),
            ticks=chance.randint(1, 30),
            resting=chance.choice((0, 100, 250)),
            sells=False,
            sequence=number,
        )
        for number in range(orders)
    ]
    return MarketBook(TopRow("T", None, None, 0, None, 0, -1), rows)


def test_one_walk_counts_what_many_do() -> None:
    one = book(500)
    mine = [order_id for order_id, row in one.orders.items() if row.account_id == "ann"]
    expected = {order_id: one.queue_ahead(order_id) for order_id in mine}
    found = one.queues_ahead([*mine, "unknown"])
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
    crowded.queues_ahead(list(crowded.orders))
    assert sum(level.orders.seen for level in levels) == sum(len(level.orders) for level in levels)  # type: ignore[attr-defined]


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
