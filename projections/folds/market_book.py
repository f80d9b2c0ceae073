"""A market's order book as readers see it: levels, orders in their queues, best prices.

It is folded from the market's events without working out a rule: what trades, rests and leaves is stated
there. Rows of open orders are enough to set one up again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import assert_never

from domain.market import events as e
from domain.market.book import book_place
from domain.market.vocabulary import Action, OrderType, Side
from domain.quantities import PAYOUT_TICKS, Quantity, Ticks
from projections.folds.market_facts import interest_change
from projections.running.table import Table


@dataclass(slots=True)
class BookOrderRow:
    """An order on a book: a bid of ``resting`` for ``side`` at ``ticks``.

    ``sequence`` is where in the log it joined its queue. ``sells`` says that it is a sale of the other
    side. A stop order that waits to be triggered stands here with nothing resting.
    """

    order_id: str
    ticker: str
    account_id: str
    side: str
    ticks: int
    resting: int
    sells: bool
    sequence: int


@dataclass(slots=True)
class TopRow:
    """The best prices of a book, what is bid at them, and what goes with them.

    ``liquidity`` is the money bid in all.
    """

    ticker: str
    yes_bid_ticks: int | None
    no_bid_ticks: int | None
    liquidity: int
    last_price_ticks: int | None
    open_interest: int
    revision: int
    yes_bid_size: int = 0
    no_bid_size: int = 0


BOOK_ORDERS = Table("book_orders", BookOrderRow, key=("order_id",))
TOPS = Table("book_tops", TopRow, key=("ticker",))

BookEvent = (
    e.OrderPlaced
    | e.TradeExecuted
    | e.OrderCanceled
    | e.OrderDecreased
    | e.OrderAmended
    | e.StopTriggered
    | e.MatchingContinued
    | e.PairsRedeemed
    | e.PositionSettled
    | e.PositionUnwound
)
BOOK_EVENTS: frozenset[type] = frozenset(
    {
        e.OrderPlaced,
        e.TradeExecuted,
        e.OrderCanceled,
        e.OrderDecreased,
        e.OrderAmended,
        e.StopTriggered,
        e.MatchingContinued,
        e.PairsRedeemed,
        e.PositionSettled,
        e.PositionUnwound,
    }
)
"""What changes a book, or what its top says beside the prices."""


Move = tuple[str, int, int]
"""Something that came to a level, or below zero left it: side, price in ticks, quantity."""


class BookLevel:
    """The orders at one price, first come first."""

    __slots__ = ("orders", "total")

    def __init__(self) -> None:
        self.total = 0
        self.orders: dict[str, BookOrderRow] = {}


class BookSide:
    """The bids for one outcome. Bit p of ``mask`` is set while something is bid at p ticks."""

    __slots__ = ("levels", "mask")

    def __init__(self) -> None:
        self.levels: dict[int, BookLevel] = {}
        self.mask = 0

    @property
    def best(self) -> tuple[int | None, int]:
        """The highest bid and how much is bid at it, nothing while there is none."""
        if not self.mask:
            return None, 0
        ticks = self.mask.bit_length() - 1
        return ticks, self.levels[ticks].total

    def join(self, row: BookOrderRow) -> None:
        """Put an order at the back of its queue."""
        level = self.levels.get(row.ticks)
        if level is None:
            level = self.levels[row.ticks] = BookLevel()
            self.mask |= 1 << row.ticks
        level.orders[row.order_id] = row
        level.total += row.resting

    def reduce(self, row: BookOrderRow, quantity: int) -> None:
        """Take a part of an order off, and the order when nothing of it is left."""
        level = self.levels[row.ticks]
        level.total -= quantity
        row.resting -= quantity
        if not row.resting:
            del level.orders[row.order_id]
            if not level.orders:
                del self.levels[row.ticks]
                self.mask ^= 1 << row.ticks

    def down_from_best(self) -> Iterator[tuple[int, BookLevel]]:
        """Yield the levels and their prices, best first."""
        mask = self.mask
        while mask:
            ticks = mask.bit_length() - 1
            yield ticks, self.levels[ticks]
            mask ^= 1 << ticks


class MarketBook:
    """Both sides of a market's book, and its top as a row."""

    def __init__(self, top: TopRow, orders: Iterable[BookOrderRow] = ()) -> None:
        self.top = top
        self.moves: list[Move] = []
        """What the last event put on a level or took off it."""
        self.orders: dict[str, BookOrderRow] = {}
        self.yes = BookSide()
        self.no = BookSide()
        for row in sorted(orders, key=lambda order: order.sequence):
            self.orders[row.order_id] = row
            if row.resting:
                self._side(row.side).join(row)

    @classmethod
    def empty(cls, ticker: str) -> "MarketBook":
        """Return the book of a market that was just listed."""
        return cls(TopRow(ticker, None, None, 0, None, 0, -1))

    def _side(self, side: str) -> BookSide:
        return self.yes if side == Side.YES.value else self.no

    def depth(self, side: BookSide, levels: int | None = None) -> tuple[tuple[Ticks, Quantity], ...]:
        """Return price and quantity of the best ``levels`` of a side, best first."""
        ladder = ((Ticks(ticks), Quantity(level.total)) for ticks, level in side.down_from_best())
        if levels is None:
            return tuple(ladder)
        return tuple(pair for pair, _ in zip(ladder, range(levels), strict=False))

    def queue_ahead(self, order_id: str) -> Quantity | None:
        """Return how much stands before an order, ``None`` if it does not rest."""
        row = self.orders.get(order_id)
        if row is None or not row.resting:
            return None
        ahead = 0
        for ticks, level in self._side(row.side).down_from_best():
            if ticks == row.ticks:
                break
            ahead += level.total
        for other in level.orders.values():
            if other is row:
                break
            ahead += other.resting
        return Quantity(ahead)

    def walk_queues(self, order_ids: Iterable[str]) -> Iterator[tuple[str, Quantity] | None]:
        """Walk down each side once; yield what stands before each of some orders that rests.

        For every level and every other order on the way it yields nothing, so that whoever takes it step by
        step can let others have their turn; a book that changes meanwhile is told as it is met.
        """
        for side in (self.yes, self.no):
            wanted: dict[int, set[str]] = {}
            for order_id in order_ids:
                row = self.orders.get(order_id)
                if row is not None and row.resting and self._side(row.side) is side:
                    wanted.setdefault(row.ticks, set()).add(order_id)
            ahead = 0
            for ticks, level in tuple(side.down_from_best()):
                if not wanted:
                    break
                here = wanted.pop(ticks, None)
                if here:
                    yield from _in_queue(level, here, ahead)
                else:
                    yield None
                ahead += level.total

    def apply(self, event: BookEvent, *, revision: int, sequence: int) -> BookOrderRow | None:
        """Apply an event; return the one order that it touched on the book, if any; it may be gone now."""
        touched = self.move(event, sequence=sequence)
        self.look_at_top(revision)
        return touched

    def look_at_top(self, revision: int) -> None:
        """Have the top say what the best prices are now."""
        top = self.top
        top.yes_bid_ticks, top.yes_bid_size = self.yes.best
        top.no_bid_ticks, top.no_bid_size = self.no.best
        top.revision = revision

    def move(self, event: BookEvent, *, sequence: int) -> BookOrderRow | None:
        """Apply an event as :meth:`apply` does, but for the best prices: they are as they were."""
        self.moves.clear()
        return self._apply(event, sequence)

    def _apply(self, event: BookEvent, sequence: int) -> BookOrderRow | None:
        match event:
            case e.OrderPlaced():
                return self._placed(event, sequence)
            case e.TradeExecuted():
                return self._traded(event)
            case e.OrderCanceled():
                return self._off(event.order_id)
            case e.OrderDecreased():
                row = self.orders[event.order_id]
                return self._take(row, min(event.quantity, row.resting))
            case e.OrderAmended():
                return self._amended(event, sequence)
            case e.StopTriggered():
                return self._triggered(event, sequence)
            case e.MatchingContinued():
                return self._continued(event, sequence)
            case e.PairsRedeemed():
                self.top.open_interest -= event.quantity
                return None
            case e.PositionSettled() | e.PositionUnwound():
                self.top.open_interest -= event.yes
                return None
            case _:
                assert_never(event)

    def _placed(self, event: e.OrderPlaced, sequence: int) -> BookOrderRow | None:
        waits = event.order_type is OrderType.STOP
        if not event.rests and not waits:
            return None
        row = self._row(event, event.terms.price_ticks, sequence)
        return self._rest(row, event.rests, sequence)

    def _row(
        self, event: e.OrderPlaced | e.MatchingContinued, price_ticks: Ticks, sequence: int
    ) -> BookOrderRow:
        side, ticks = book_place(event.side, event.action, price_ticks)
        row = self.orders[event.order_id] = BookOrderRow(
            order_id=event.order_id,
            ticker=self.top.ticker,
            account_id=event.account_id,
            side=side.value,
            ticks=ticks,
            resting=0,
            sells=event.action is Action.SELL,
            sequence=sequence,
        )
        return row

    def _continued(self, event: e.MatchingContinued, sequence: int) -> BookOrderRow | None:
        if not event.rests:
            return None
        return self._rest(self._row(event, event.price_ticks, sequence), event.rests, sequence)

    def _rest(self, row: BookOrderRow, quantity: int, sequence: int) -> BookOrderRow:
        row.resting = quantity
        row.sequence = sequence
        if quantity:
            self._side(row.side).join(row)
            self.top.liquidity += row.ticks * quantity
            self.moves.append((row.side, row.ticks, quantity))
        return row

    def _take(self, row: BookOrderRow, quantity: int) -> BookOrderRow:
        if quantity:
            self._side(row.side).reduce(row, quantity)
            self.top.liquidity -= row.ticks * quantity
            self.moves.append((row.side, row.ticks, -quantity))
        return row

    def _off(self, order_id: str) -> BookOrderRow | None:
        row = self.orders.pop(order_id, None)
        return None if row is None else self._take(row, row.resting)

    def _traded(self, event: e.TradeExecuted) -> BookOrderRow:
        top = self.top
        top.last_price_ticks = event.price_ticks
        top.open_interest += interest_change(event)
        row = self.orders[event.maker.order_id]
        self._take(row, event.quantity)
        if not row.resting:
            del self.orders[row.order_id]
        return row

    def _amended(self, event: e.OrderAmended, sequence: int) -> BookOrderRow:
        row = self.orders[event.order_id]
        self._take(row, row.resting)
        row.ticks = PAYOUT_TICKS - event.price_ticks if row.sells else event.price_ticks
        return self._rest_or_go(row, event.rests, sequence)

    def _triggered(self, event: e.StopTriggered, sequence: int) -> BookOrderRow:
        return self._rest_or_go(self.orders[event.order_id], event.rests, sequence)

    def _rest_or_go(self, row: BookOrderRow, quantity: int, sequence: int) -> BookOrderRow:
        if not quantity:
            del self.orders[row.order_id]
            return row
        return self._rest(row, quantity, sequence)


def _in_queue(level: BookLevel, wanted: set[str], ahead: int) -> Iterator[tuple[str, Quantity] | None]:
    for row in tuple(level.orders.values()):
        if not wanted:
            return
        if row.order_id in wanted:
            wanted.remove(row.order_id)
            yield (row.order_id, Quantity(ahead)) if row.resting else None
        else:
            yield None
        ahead += row.resting
