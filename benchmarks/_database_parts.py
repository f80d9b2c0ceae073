"""The orders in parts beside the same orders in one table, asked for in three ways (exercise 14)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from adapters.read_models.queries.orders import ORDER_COLUMNS, ORDERS_PAGE, orders_page
from adapters.read_models.queries.reader import Where
from benchmarks._database_rows import DAY_US, DAYS, NOW_US
from projections.orders import ORDERS

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way to ask for orders, of one table and of the parts."""

    title: str
    flat: str
    parted: str
    parameters: Mapping[str, Any]


_OPEN = """
SELECT {columns} FROM {table} WHERE ticker = 'M-20' AND status = 'resting' ORDER BY side, price_ticks
""".replace("{columns}", ORDER_COLUMNS)
_HISTORY = """
SELECT ticker, COUNT(*), SUM(filled), SUM(canceled) FROM {table}
WHERE created_at_us >= :since AND created_at_us < :until GROUP BY ticker
"""
_OF_TRADER = Where().equal("account_id", "trader-20")
_SPAN = {"since": NOW_US - 100 * DAY_US, "until": NOW_US - 70 * DAY_US}

CASES = (
    Case(
        title="(a) open orders of a market",
        flat=_OPEN.format(table="orders_flat"),
        parted=_OPEN.format(table="orders"),
        parameters={},
    ),
    Case(
        title="(b) a page of a trader's orders",
        flat=ORDERS_PAGE.format(table="orders_flat", where=_OF_TRADER),
        parted=orders_page(_OF_TRADER, None),
        parameters={**_OF_TRADER.parameters, "limit": 21},
    ),
    Case(
        title="(b) the same, asked of the whole table at once",
        flat=ORDERS_PAGE.format(table="orders_flat", where=_OF_TRADER),
        parted=ORDERS_PAGE.format(table="orders", where=_OF_TRADER),
        parameters={**_OF_TRADER.parameters, "limit": 21},
    ),
    Case(
        title="(b) one order by its id",
        flat="SELECT * FROM orders_flat WHERE order_id = 'order-77777'",
        parted="SELECT * FROM orders WHERE order_id = 'order-77777'",
        parameters={},
    ),
    Case(
        title="(c) all orders of 30 days",
        flat=_HISTORY.format(table="orders_flat"),
        parted=_HISTORY.format(table="orders"),
        parameters=_SPAN,
    ),
)

_NEW = "INSERT INTO {table} SELECT order_id || 'w', {rest} FROM orders_flat LIMIT 5000".replace(
    "{rest}", ", ".join(ORDERS.columns[1:])
)
_END = "UPDATE {table} SET status = 'executed' WHERE status = 'resting'"
_TOUCH = "UPDATE {table} SET remaining = remaining - 1 WHERE status = 'resting'"

WRITES = tuple(
    (title, sql.format(table="orders_flat"), sql.format(table="orders"))
    for title, sql in (
        ("5,000 new orders", _NEW),
        ("a fill of each of the 5,000 open orders", _TOUCH),
        ("the end of each of them", _END),
    )
)


def make_months(connection: Connection) -> None:
    """Make the months that the generated orders are in."""
    connection.execute("ALTER TABLE orders_ended DETACH PARTITION orders_earlier")
    connection.execute("DROP TABLE orders_earlier")
    [(first,)] = connection.execute(
        "SELECT min((regexp_match(pg_get_expr(relpartbound, oid), 'FROM \\(''(\\d+)'''))[1]::bigint) "
        "FROM pg_class WHERE relispartition AND relname ~ '^orders_\\d'"
    ).fetchall()
    since = datetime.fromtimestamp((NOW_US - DAYS * DAY_US) / 1e6, UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    bound = int(since.timestamp()) * 1_000_000
    _month(connection, "orders_earlier", "MINVALUE", bound)
    while bound < first:
        following = since.replace(year=since.year + since.month // 12, month=since.month % 12 + 1)
        until = int(following.timestamp()) * 1_000_000
        _month(connection, f"orders_{since:%Y_%m}", bound, until)
        since, bound = following, until


def _month(connection: Connection, name: str, since: int | str, until: int) -> None:
    connection.execute(
        f"CREATE TABLE {name} PARTITION OF orders_ended FOR VALUES FROM ({since}) TO ({until})"
    )


def make_flat(connection: Connection) -> None:
    """Copy the orders to one table with the indexes it would have."""
    for statement in (
        "CREATE TABLE orders_flat (LIKE orders)",
        "INSERT INTO orders_flat SELECT * FROM orders ORDER BY placed_position",
        "ALTER TABLE orders_flat ADD PRIMARY KEY (order_id)",
        "CREATE INDEX ON orders_flat (account_id, created_at_us, placed_position)",
        "CREATE INDEX ON orders_flat (ticker, side, price_ticks, placed_position) WHERE status = 'resting'",
        "CREATE INDEX ON orders_flat (created_at_us)",
        "VACUUM ANALYZE orders_flat",
    ):
        connection.execute(statement)
