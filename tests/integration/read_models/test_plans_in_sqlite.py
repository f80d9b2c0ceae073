"""How SQLite answers: which index, by which of its columns, and what is left to be sorted.

The whole plan is held, so an index whose columns stand in another order is noticed, and so is a question
that its index no longer serves in the order that is asked for.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.read_models.queries import (
    board,
    books,
    history,
    keys_used,
    markets,
    orders,
    portfolio,
    standings,
    trades,
)
from adapters.read_models.sqlite.connections import migrate
from projections.catalog import TABLES
from projections.running.table import Table

SORTED = "USE TEMP B-TREE FOR ORDER BY"
SUMMED_UP = "USE TEMP B-TREE FOR GROUP BY"
MARKET_OF_IT = "SEARCH m USING INDEX sqlite_autoindex_markets_1 (ticker=?)"
OWN_ORDERS = "SEARCH o USING INDEX book_orders_by_account (account_id=? AND ticker=?)"

PLANS = {
    "the levels of a book, best first": (
        books.LEVELS,
        ["SEARCH book_orders USING COVERING INDEX book_orders_by_queue (ticker=?)"],
    ),
    "what stands before an account's orders": (
        books.QUEUE.format(where="WHERE account_id = :account AND resting > 0"),
        [
            "MATERIALIZE queue",
            "CO-ROUTINE (subquery-5)",
            "SEARCH book_orders USING INDEX book_orders_by_queue (ticker=?)",
            "LIST SUBQUERY 2",
            "SEARCH book_orders USING INDEX book_orders_by_account (account_id=?)",
            "SCAN (subquery-5)",
            "SCAN queue",
            "SEARCH book_orders USING INDEX sqlite_autoindex_book_orders_1 (order_id=?)",
            "USE TEMP B-TREE FOR ORDER BY",
        ],
    ),
    "an account's fills of some days": (
        history.FILLS_PAGE.format(where="WHERE f.account_id = :account AND f.at_us >= :since"),
        [
            "SEARCH f USING PRIMARY KEY (account_id=? AND at_us>?)",
            "CORRELATED SCALAR SUBQUERY 1",
            "SEARCH r USING PRIMARY KEY (order_id=? AND position>?)",
            "CORRELATED SCALAR SUBQUERY 2",
            "SEARCH o USING INDEX sqlite_autoindex_orders_1 (order_id=?)",
            "CORRELATED SCALAR SUBQUERY 3",
            "SEARCH p USING COVERING INDEX redemptions_by_trade (account_id=? AND trade_id=?)",
        ],
    ),
    "an account's pairs that were redeemed in some days": (
        history.REDEMPTIONS_PAGE.format(where="WHERE account_id = :account AND at_us >= :since"),
        ["SEARCH redemptions USING PRIMARY KEY (account_id=? AND at_us>?)"],
    ),
    "how an account's positions ended": (
        history.SETTLEMENTS_PAGE.format(where="WHERE s.account_id = :account AND s.at_us >= :since"),
        ["SEARCH s USING PRIMARY KEY (account_id=? AND at_us>?)", f"{MARKET_OF_IT} LEFT-JOIN"],
    ),
    "why an account's money moved": (
        history.ENTRIES_PAGE.format(where="WHERE account_id = :account AND at_us >= :since"),
        ["SEARCH ledger_entries USING PRIMARY KEY (account_id=? AND at_us>?)"],
    ),
    "why the money of an order moved": (
        history.ENTRIES_PAGE.format(where="WHERE account_id = :account AND order_id = :order"),
        ["SEARCH ledger_entries USING INDEX ledger_entries_by_order (order_id=? AND account_id=?)"],
    ),
    "a market's candlesticks of some time": (
        trades.CANDLES_OF_MARKET.format(
            where="WHERE ticker = :ticker AND minutes = :minutes AND start_us >= :a AND start_us <= :b"
        ),
        [
            "SEARCH candlesticks USING PRIMARY KEY (ticker=? AND minutes=? AND start_us>? AND start_us<?)",
        ],
    ),
    "how some markets stood a day ago": (
        markets.STANDING_BEFORE.format(where="WHERE m.ticker IN (:ticker)"),
        [
            "SEARCH m USING COVERING INDEX sqlite_autoindex_markets_1 (ticker=?)",
            "SEARCH c USING PRIMARY KEY (ticker=? AND minutes=? AND start_us=?)",
            "CORRELATED SCALAR SUBQUERY 1",
            "SEARCH b USING PRIMARY KEY (ticker=? AND minutes=? AND start_us<?)",
        ],
    ),
    "the last day of all markets": (
        board.LAST_DAY,
        ["SEARCH candlesticks USING INDEX candlesticks_by_time (minutes=? AND start_us>?)", SORTED],
    ),
    "the most traded markets of a day": (
        markets.MOST_TRADED,
        [
            "MULTI-INDEX OR",
            "INDEX 1",
            "SEARCH candlesticks USING INDEX candlesticks_by_time (minutes=? AND start_us>?)",
            "INDEX 2",
            "SEARCH candlesticks USING INDEX candlesticks_by_time (minutes=? AND start_us>? AND start_us<?)",
            SUMMED_UP,
            SORTED,  # by sums, which no index knows
        ],
    ),
    "a market's trades of some time": (
        trades.TRADES_PAGE.format(where="WHERE ticker = :ticker AND at_us >= :since"),
        ["SEARCH trades USING INDEX trades_by_market (ticker=? AND at_us>?)"],
    ),
    "all trades of some time": (
        trades.TRADES_PAGE.format(where="WHERE at_us >= :since"),
        ["SEARCH trades USING INDEX trades_by_time (at_us>?)"],
    ),
    "an account's positions": (
        portfolio.POSITIONS_PAGE.format(where="WHERE p.account_id = :account"),
        [
            "SEARCH p USING PRIMARY KEY (account_id=?)",
            f"{MARKET_OF_IT} LEFT-JOIN",
            "CORRELATED SCALAR SUBQUERY 1",
            OWN_ORDERS,
        ],
    ),
    "an account's open orders": (
        orders.ORDERS_PAGE.format(table="orders_resting", where="WHERE account_id = :account"),
        ["SEARCH orders USING INDEX orders_open_by_account (account_id=?)"],
    ),
    "an account's ended orders": (
        orders.ORDERS_PAGE.format(table="orders_ended", where="WHERE account_id = :account"),
        ["SEARCH orders USING INDEX orders_by_account (account_id=?)"],
    ),
    "the best traders of a period": (
        standings.TOP,
        ["SEARCH leaderboard USING COVERING INDEX leaderboard_by_profit (period=? AND start_us=?)"],
    ),
    "what an order id was used for": (
        keys_used.ORDER_KEY,
        ["SEARCH order_keys USING PRIMARY KEY (order_id=?)"],
    ),
    "what a reference moved": (
        keys_used.TRANSFER_KEY,
        ["SEARCH transfer_keys USING PRIMARY KEY (reference_key=?)"],
    ),
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path: Path = tmp_path_factory.mktemp("plans") / "read.db"
    migrate(path)
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    "table", [table for tables in TABLES.values() for table in tables], ids=lambda table: table.name
)
def test_a_primary_key_has_the_columns_of_the_table_in_their_order(
    database: sqlite3.Connection, table: Table[Any]
) -> None:
    columns = database.execute("SELECT name, pk FROM pragma_table_info(?) WHERE pk", [table.name]).fetchall()
    assert tuple(name for name, _ in sorted(columns, key=lambda column: column[1])) == table.key


@pytest.mark.parametrize("question", PLANS)
def test_a_question_is_one_stretch_of_its_index(database: sqlite3.Connection, question: str) -> None:
    sql, plan = PLANS[question]
    lines = database.execute(f"EXPLAIN QUERY PLAN {sql}", defaultdict(int)).fetchall()
    assert [detail for _, _, _, detail in lines] == plan
