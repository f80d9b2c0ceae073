"""Fills a PostgreSQL read model with generated rows, made by the database itself."""

import time
from typing import Any

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]

MARKETS = 2_000
TRADERS = 5_000
DAYS = 360
"""Trades and orders lie in so many days up to now; an eighth of the trades in the last one."""

NOW_US = int(time.time()) // 3_600 * 3_600_000_000
DAY_US = 86_400_000_000

# A number from 0 to 1 that looks random, from a row's number and a salt.
_CHANCE = "((hashint8extended(n, {salt}) & 1048575) / 1048576.0)"

_MARKETS = """
INSERT INTO markets
SELECT 'M-' || n, n, NULL,
    'Will ' || (ARRAY['rain','snow','inflation','the index','turnout','the senate','oil','gold'])[1 + n % 8]
        || ' reach ' || n || ' in ' || (ARRAY['Boston','Paris','Lagos','Tokyo','Lima'])[1 + n % 5] || '?',
    'Resolves by the official figure number ' || n || '.', 1, 'economy',
    CASE WHEN n % 10 < 7 THEN 'active' ELSE 'finalized' END,
    '', NULL, NULL, 'none', NULL, NULL, 100, 100, 9900, 1, 1, NULL, 0, 0, 700, 0, 1, 5000, 0, 0, 0,
    {now} - {days} * {day}, NULL, NULL, NULL, NULL, NULL, {now}, 1
FROM generate_series(1, {markets}) n
"""

# Few markets have most of the trades, as in life.
_TRADES = """
INSERT INTO trades
SELECT n, 't' || n, 'M-' || (1 + floor({markets} * power({c1}, 3)))::bigint, n, 100 + (9800 * {c2})::bigint,
    100 * (1 + (20 * {c3})::bigint), 'yes', 'normal', 1,
    {now} - (CASE WHEN n % 8 = 0 THEN {day} ELSE {days} * {day} END * {c4})::bigint
FROM generate_series(1::bigint, {count}) n
"""

_FILLS = """
INSERT INTO fills
SELECT 'trader-' || (1 + floor({traders} * power({c1}, 2)))::bigint, t.at_us, 2 * t.position + leg,
    t.trade_id, 'order-' || (1 + n % {orders}), t.ticker, 'yes', 'buy', t.price_ticks, t.quantity, 0,
    leg = 1, 'normal', 1
FROM (SELECT t.*, leg, 2 * position + leg AS n FROM trades t, generate_series(0, 1) leg) t
"""

_CANDLES = """
INSERT INTO candlesticks
SELECT ticker, {minutes}, at_us - at_us % {length},
    min(price_ticks), max(price_ticks), min(price_ticks), max(price_ticks), NULL,
    0, 0, 0, 0, 10000, 10000, 10000, 10000, sum(price_ticks * quantity), sum(quantity), 0
FROM trades GROUP BY 1, 3
"""

_TOTALS = """
UPDATE markets m SET volume = t.volume, trades = t.trades
FROM (SELECT ticker, sum(quantity) AS volume, count(*) AS trades FROM trades GROUP BY 1) t
WHERE t.ticker = m.ticker
"""

_ORDERS = """
INSERT INTO orders
SELECT 'order-' || n, 'trader-' || (1 + floor({traders} * power({c1}, 2)))::bigint, n, '',
    'M-' || (1 + floor({markets} * power({c2}, 3)))::bigint, 'yes', 'buy', 'limit',
    100 + (9800 * {c3})::bigint, 'good_till_canceled',
    CASE WHEN n % 20 = 0 THEN 'resting' WHEN n % 3 = 0 THEN 'canceled' ELSE 'executed' END,
    NULL, 1000, 0, 1000, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, false, false, 'maker', NULL, false,
    at_us, at_us, n, n
FROM (SELECT n, {now} - ({days} * {day} * {c4})::bigint AS at_us FROM generate_series(1::bigint, {count}) n) o
"""

_BOOKS = """
INSERT INTO book_orders
SELECT order_id, ticker, account_id, side, price_ticks, remaining, false, placed_position
FROM orders WHERE status = 'resting'
"""

_POSITIONS = """
INSERT INTO positions
SELECT account_id, ticker, CASE WHEN hashtext(ticker) % 8 = 0 THEN 100 ELSE 0 END, 0, 0, 0, 0, 0,
    sum(quantity), sum(quantity), max(at_us)
FROM fills GROUP BY 1, 2
"""


def fill(connection: Connection, *, trades: int, orders: int) -> None:
    """Fill the tables that the questions of the exercises are asked of."""
    for statement in (
        _MARKETS,
        _TRADES.replace("{count}", str(trades)),
        _FILLS.replace("{orders}", str(orders)),
        _CANDLES.replace("{minutes}", "1").replace("{length}", "60000000"),
        _CANDLES.replace("{minutes}", "60").replace("{length}", "3600000000"),
        _CANDLES.replace("{minutes}", "1440").replace("{length}", "86400000000"),
        _TOTALS,
        _ORDERS.replace("{count}", str(orders)),
        _BOOKS,
        _POSITIONS,
    ):
        connection.execute(_filled(statement))
    connection.execute("VACUUM ANALYZE")


def _filled(statement: str) -> str:
    chances = {f"c{salt}": _CHANCE.format(salt=salt) for salt in range(1, 5)}
    return statement.format(now=NOW_US, day=DAY_US, days=DAYS, markets=MARKETS, traders=TRADERS, **chances)
