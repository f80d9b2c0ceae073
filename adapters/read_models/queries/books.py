"""Questions about order books, answered from the rows: for processes that do not follow the market."""

from collections.abc import Sequence

from adapters.read_models.queries.reader import Reader, Where
from application.turns import in_turns
from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from domain.quantities import Quantity, Ticks
from projections.reading.views import BookView, QueuePosition

# Where a market's book stands.
TOP = "SELECT revision FROM book_tops WHERE ticker = :ticker"

# A market's levels, best first: one stretch of book_orders_by_queue.
LEVELS = """
SELECT side, ticks, SUM(resting) FROM book_orders WHERE ticker = :ticker AND resting > 0
GROUP BY side, ticks ORDER BY side, ticks DESC
"""

# What stands before each of an account's resting orders: better prices, and earlier at its own. Each book is
# gone through once, however many of its orders are the account's.
QUEUE = """
SELECT mine.order_id, mine.ticker, queue.ahead FROM (SELECT * FROM book_orders {where}) mine
JOIN (
    SELECT order_id, SUM(resting) OVER (
        PARTITION BY ticker, side ORDER BY ticks DESC, sequence ROWS UNBOUNDED PRECEDING
    ) - resting AS ahead
    FROM book_orders WHERE resting > 0 AND ticker IN (SELECT ticker FROM book_orders {where})
) queue ON queue.order_id = mine.order_id
ORDER BY mine.ticker, mine.sequence
"""


class BookAnswers:
    """Answers :class:`projections.reading.queries.BookQueries`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def book(self, ticker: Ticker, *, depth: int | None = None) -> BookView | None:
        """Return the best levels of both sides of a market's book."""
        async with self._reader.snapshot() as moment:
            top = await moment.fetch(TOP, {"ticker": ticker})
            if not top:
                return None
            rows = await moment.fetch(LEVELS, {"ticker": ticker})
        sides: dict[str, list[tuple[Ticks, Quantity]]] = {"yes": [], "no": []}
        for side, ticks, total in rows:
            sides[side].append((Ticks(ticks), Quantity(int(total))))
        return BookView(
            ticker=ticker, yes=tuple(sides["yes"][:depth]), no=tuple(sides["no"][:depth]), revision=top[0][0]
        )

    async def queue_position(self, account_id: AccountId, order_id: OrderId) -> QueuePosition | None:
        """Return how much stands before an account's order."""
        where = _resting(account_id).add("order_id = :order_id", order_id=order_id)
        found = await self._queue(where)
        return found[0] if found else None

    async def queue_positions(
        self,
        account_id: AccountId,
        *,
        tickers: tuple[Ticker, ...] = (),
        group_ids: tuple[GroupId, ...] = (),
    ) -> Sequence[QueuePosition]:
        """Return how much stands before each of an account's resting orders."""
        return await self._queue(_resting(account_id).among("ticker", tickers).in_groups(group_ids))

    async def _queue(self, where: Where) -> Sequence[QueuePosition]:
        rows = await self._reader.fetch(QUEUE.format(where=where), where.parameters)
        return [
            QueuePosition(order_id=OrderId(order_id), ticker=Ticker(ticker), ahead=Quantity(int(ahead)))
            async for order_id, ticker, ahead in in_turns(rows)
        ]


def _resting(account_id: AccountId) -> Where:
    return Where().add("account_id = :account_id AND resting > 0", account_id=account_id)
