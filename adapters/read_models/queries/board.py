"""Reads what a board of markets is set up from."""

from typing import Any

from adapters.read_models.queries.reader import Reader
from projections.folds.candles import CANDLES, MINUTE_US, CandleRow
from projections.folds.market_book import BOOK_ORDERS, TOPS, BookOrderRow, TopRow
from projections.folds.market_facts import MARKETS, MarketRow
from projections.live.last_day import DAY_US
from projections.live.market_board import BoardRows
from projections.running.table import Table


def _all_of(table: Table[Any]) -> str:
    return f"SELECT {', '.join(table.columns)} FROM {table.name}"


# Every market that is not over, or still has something on its book.
OPEN_MARKETS = f"""
{_all_of(MARKETS)} WHERE status <> 'finalized' OR open_interest <> 0
    OR ticker IN (SELECT ticker FROM book_orders)
"""

SERIES_OF_GROUPS = "SELECT group_id, series FROM market_groups"

# The minutes of the last day in which a market moved: candlesticks_by_time.
LAST_DAY = f"{_all_of(CANDLES)} WHERE minutes = 1 AND start_us >= :begins ORDER BY ticker, start_us"

# How each market stood before; nothing where it did not exist. One step in the primary key each: an inner
# join would have SQLite go through all minutes there ever were.
STANDING = f"""
SELECT {", ".join(f"c.{name}" for name in CANDLES.columns)}
FROM book_tops t LEFT JOIN candlesticks c ON c.ticker = t.ticker AND c.minutes = 1
    AND c.start_us = (SELECT MAX(b.start_us) FROM candlesticks b
                      WHERE b.ticker = t.ticker AND b.minutes = 1 AND b.start_us < :begins)
"""


async def read_board(reader: Reader, now_us: int) -> BoardRows:
    """Return the rows of all open markets, of one moment."""
    begins = {"begins": -(-(now_us - DAY_US) // MINUTE_US) * MINUTE_US}
    async with reader.snapshot() as moment:
        before = [CandleRow(*row) for row in await moment.fetch(STANDING, begins) if row[0] is not None]
        during = [CandleRow(*row) for row in await moment.fetch(LAST_DAY, begins)]
        return BoardRows(
            markets=[MarketRow(*row) for row in await moment.fetch(OPEN_MARKETS, {})],
            series=dict(await moment.fetch(SERIES_OF_GROUPS, {})),
            tops=[TopRow(*row) for row in await moment.fetch(_all_of(TOPS), {})],
            orders=[BookOrderRow(*row) for row in await moment.fetch(_all_of(BOOK_ORDERS), {})],
            minutes=before + during,
        )
