"""The questions of exercises 11 and 12, each with the index that answers it and why it is as it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.read_models.postgres.statements import SEARCH
from adapters.read_models.queries.books import LEVELS
from adapters.read_models.queries.history import FILLS_PAGE
from adapters.read_models.queries.markets import MOST_TRADED
from adapters.read_models.queries.portfolio import POSITIONS_PAGE
from adapters.read_models.queries.reader import Where
from benchmarks._database_rows import DAY_US, NOW_US
from projections.folds.candles import MINUTE_US

TRADER, MARKET = "trader-200", "M-20"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A question in SQL, the index behind it, and why it is made as it is.

    ``without`` takes the index away; ``write`` is a statement that costs more because of it.
    """

    title: str
    sql: str
    parameters: Mapping[str, Any]
    index: str
    definition: str
    reason: str
    without: str
    write: str


_FILLS = Where().equal("f.account_id", TRADER).add("f.at_us >= :since", since=NOW_US - 30 * DAY_US)
_HELD = Where().equal("p.account_id", TRADER).add("(p.yes > 0 OR p.no > 0)")

PATTERNS = (
    Pattern(
        title="Open orders of a market, sorted by price",
        sql=LEVELS,
        parameters={"ticker": MARKET},
        index="book_orders_by_queue",
        definition="book_orders (ticker, side, ticks DESC, sequence) INCLUDE (resting)",
        reason=(
            "The market is asked for by equality, so it comes first; then the side, then the price, each in "
            "the direction that is asked for: `side, ticks DESC`. An index on `(ticker, side, ticks)` cannot "
            "serve that, read forwards or backwards: its plan sorts. The sequence is the order's place in "
            "the queue at its price, for those who ask what stands before them. What rests is included: so a "
            "book is one stretch of the index, levels are added up as they pass by, and no row of the table "
            "is read. The price is that an order which fills in part writes the index too; most orders come "
            "and go, and write it anyway. Right after many changes, before the table has been vacuumed, "
            "PostgreSQL may still take the rows and sort them. Only open orders have a row, so the table is "
            "as small as a partial index would be."
        ),
        without="DROP INDEX book_orders_by_queue",
        write="INSERT INTO book_orders SELECT order_id || 'w', ticker, account_id, side, ticks, resting, "
        "sells, sequence FROM book_orders LIMIT 5000",
    ),
    Pattern(
        title="Trades of a trader in the last 30 days",
        sql=FILLS_PAGE.format(where=_FILLS),
        parameters={**_FILLS.parameters, "limit": 101},
        index="fills_pkey",
        definition="fills (account_id, at_us, position), the primary key",
        reason=(
            "The trader by equality first, the time as a range after it: the other way round the index would "
            "be read for everybody's last 30 days. The position makes moments unique and is what pages go on "
            "from. It is the primary key, so it costs nothing beyond what uniqueness costs anyway. Read "
            "backwards it gives the newest first, so the page ends the reading. The client's name for each "
            "order is looked up for the rows of the page, in the key of each partition of `orders`: that is "
            "the long part of the plan. As a join the same question read all orders there ever were. The "
            "name is the one the order had then, so the next rename is looked for first; nobody renamed an "
            "order in this data, and an empty table is read whole, which costs nothing."
        ),
        without="ALTER TABLE fills DROP CONSTRAINT fills_pkey",
        write="INSERT INTO fills SELECT account_id || 'w', at_us, position, trade_id, order_id, ticker, "
        "side, action, price_ticks, quantity, fee, is_taker, kind, rules_version FROM fills LIMIT 20000",
    ),
    Pattern(
        title="Markets whose question contains a keyword",
        sql=SEARCH,
        parameters={"words": "gold lima", "limit": 20},
        index="markets_by_words",
        definition="markets USING gin (to_tsvector('english', title || ' ' || rules || ' ' || category))",
        reason=(
            "A B-tree cannot find a word in the middle of a text. Full text finds words by their stems "
            "(`rains` finds `rain`) and several words in any order; trigrams would find pieces of words too, "
            "at about three times the size, which nobody who looks for a market asks for. The order of "
            "columns does not matter to a GIN index. Titles seldom change, so what it costs to write is paid "
            "when a market is listed; updates of prices and volumes pay it too unless they are HOT."
        ),
        without="DROP INDEX markets_by_words",
        write="UPDATE markets SET title = title || '!'",
    ),
    Pattern(
        title="The 10 markets with the most volume in the last 24 hours",
        sql=MOST_TRADED,
        # As it is asked 25 minutes before the hour: the first 25 minutes of the day are read one by one.
        parameters={
            "minute": NOW_US - DAY_US - 25 * MINUTE_US,
            "hour": NOW_US - DAY_US,
            "limit": 10,
        },
        index="candlesticks_by_time",
        definition="candlesticks (minutes, start_us)",
        reason=(
            "Not asked of trades at all: hours are summed up already, and only the part of the first hour "
            "that is within the day is read by minutes: a day is at most 24 hours and 59 minutes a market. "
            "The length of the period is asked for by equality and comes first, its start is a range. To "
            "include ticker and volume would save reading the rows, but then every trade, which changes the "
            "volume of the minute, hour and day it is in, would write this index: now such an update can be "
            "HOT and writes none."
        ),
        without="DROP INDEX candlesticks_by_time",
        write="INSERT INTO candlesticks SELECT ticker || 'w', minutes, start_us, price_open, price_high, "
        "price_low, price_close, previous_ticks, bid_open, bid_high, bid_low, bid_close, ask_open, ask_high, "
        "ask_low, ask_close, value, volume, open_interest FROM candlesticks LIMIT 20000",
    ),
    Pattern(
        title="Positions of a trader with shares in them",
        sql=POSITIONS_PAGE.format(where=_HELD),
        parameters={**_HELD.parameters, "limit": 101},
        index="positions_held",
        definition="positions (account_id, ticker) WHERE yes > 0 OR no > 0",
        reason=(
            "The trader by equality, then the ticker, which pages are sorted by. Partial: those who have "
            "traded for years hold few of the markets they ever had a position in, and what is closed is not "
            "in the index. The primary key has the same columns and serves those who ask for all positions."
        ),
        without="DROP INDEX positions_held",
        write="INSERT INTO positions SELECT account_id || 'w', ticker, yes, no, yes_cost, no_cost, "
        "realized_pnl, fees, total_traded, shares_traded, updated_at_us FROM positions LIMIT 20000",
    ),
)

# The query of exercise 12 with this schema's names.
SLOW = """
SELECT m.title, COUNT(t.trade_id) AS trade_count, SUM(t.quantity * t.price_ticks) AS volume
FROM markets m LEFT JOIN trades t ON m.ticker = t.ticker
WHERE m.status = 'active'
GROUP BY m.ticker, m.title ORDER BY volume DESC LIMIT 10
"""

# The same answer from what is kept up to date with every trade: days summed up, and the market's own count.
FAST = """
SELECT m.title, m.trades AS trade_count, v.volume
FROM (SELECT ticker, SUM(value) AS volume FROM candlesticks WHERE minutes = 1440 GROUP BY ticker) v
JOIN markets m ON m.ticker = v.ticker
WHERE m.status = 'active' ORDER BY v.volume DESC LIMIT 10
"""
