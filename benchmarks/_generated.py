"""Rows of an exchange with very many traders and fills, made trader by trader, and a way to put them in.

They are what the projections would have written, as far as portfolios and leaderboards look at them.
"""

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from adapters.read_models.postgres.connections import SCHEMA, settings_of
from adapters.read_models.sqlite import statements as in_sqlite
from adapters.read_models.sqlite.connections import connect
from domain.identifiers import AccountId
from projections.balances import ACCOUNTS
from projections.folds.market_book import BOOK_ORDERS
from projections.folds.market_facts import MARKETS
from projections.leaderboard import STANDINGS, period_start_us
from projections.orders import ORDERS
from projections.portfolio import POSITIONS
from projections.reading.views import LeaderboardPeriod
from projections.running.table import Table
from projections.trades import FILLS

TRADERS = 100_000
LISTED = 2_000
"""How many markets there are."""

TRADED, HELD, RESTING, ENDED = 20, 5, 2, 3
"""In how many markets each trader ever had a position, and has one now; its open and its ended orders."""

NOW_US = int(time.time()) * 1_000_000
YEAR_US = 365 * 86_400_000_000
SEED = 7

Rows = Sequence[tuple[Any, ...]]
"""Values in the order of a table's columns."""

_TOGETHER = 500
"""So many traders' rows are put in together."""


def trader(number: int) -> AccountId:
    """Return a trader's account."""
    return AccountId(f"trader-{number:06d}")


def _market(number: int) -> str:
    return f"M-{number:04d}"


def rows(fills: int) -> Iterator[tuple[Table[Any], Rows]]:
    """Yield the rows of all tables, traders in order, so that a clustered table grows at its end."""
    yield MARKETS, [_market_row(number) for number in range(LISTED)]
    chance = random.Random(SEED)
    for first in range(0, TRADERS, _TOGETHER):
        numbers = range(first, first + _TOGETHER)
        yield ACCOUNTS, [(trader(number), 10**9, 10**6, 0, 10**9, 0, NOW_US) for number in numbers]
        traded = {number: sorted(chance.sample(range(LISTED), TRADED)) for number in numbers}
        yield POSITIONS, [row for number in numbers for row in _positions(number, traded[number])]
        yield (
            FILLS,
            [row for number in numbers for row in _fills(number, traded[number], fills // TRADERS, chance)],
        )
        orders = [row for number in numbers for row in _orders(number, traded[number], chance)]
        yield ORDERS, orders
        yield BOOK_ORDERS, [_book_order(row) for row in orders if row[10] == "resting"]
        yield STANDINGS, [row for number in numbers for row in _standings(number, chance)]


def _market_row(number: int) -> tuple[Any, ...]:
    facts = ("", None, None, "none", None, None, 100, 100, 9_900, 1, 1, None, 0, 0, 700, 0, 1, 5_000, 0, 0, 0)
    start, title = NOW_US - YEAR_US, f"Will number {number} be?"
    times = (start, start, None, None, None, None, NOW_US, 1)
    return (
        _market(number),
        number + 1,
        None,
        title,
        "By the figures.",
        1,
        "economy",
        "active",
        *facts,
        *times,
    )


def _positions(number: int, traded: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    for place, market in enumerate(traded):
        shares = 1_000 if place % (TRADED // HELD) == 0 else 0
        yield (
            trader(number),
            _market(market),
            shares,
            0,
            shares * 4_000,
            0,
            10**6,
            10**4,
            10**8,
            10**5,
            NOW_US,
        )


def _fills(
    number: int, traded: Sequence[int], count: int, chance: random.Random
) -> Iterator[tuple[Any, ...]]:
    account, step = trader(number), YEAR_US // (count + 1)
    for index in range(count):
        unique = number * count + index
        market = _market(traded[index % TRADED])
        price = chance.randint(1, 99) * 100
        names = (f"t{unique:09d}", f"o{unique:09d}", market)
        at_us = NOW_US - YEAR_US + step * (index + 1)
        yield account, unique, *names, "yes", "buy", price, 100, 10, True, "normal", 1, at_us


def _orders(number: int, traded: Sequence[int], chance: random.Random) -> Iterator[tuple[Any, ...]]:
    for index in range(RESTING + ENDED):
        unique = number * (RESTING + ENDED) + index
        status = "resting" if index < RESTING else "executed"
        sizes = (1_000, 0, 1_000, 0, 0, 0) if index < RESTING else (1_000, 1_000, 0, 0, 0, 0)
        kept = ("good_till_canceled", status, None, *sizes, 0, 0, 0, 0, 0, None, None, None, False, False)
        at_us = NOW_US - chance.randrange(YEAR_US)
        terms = (_market(traded[index]), "yes", "buy", "limit", chance.randint(1, 99) * 100)
        yield (
            *(f"order-{unique:07d}", trader(number), unique, "", *terms, *kept),
            *("maker", None, False, at_us, at_us, unique, unique),
        )


def _book_order(order: tuple[Any, ...]) -> tuple[Any, ...]:
    order_id, account_id, sequence, _, ticker, side, _, _, ticks = order[:9]
    return order_id, ticker, account_id, side, ticks, 1_000, False, sequence


def _standings(number: int, chance: random.Random) -> Iterator[tuple[Any, ...]]:
    for period in LeaderboardPeriod:
        yield period.value, period_start_us(period, NOW_US), trader(number), chance.randint(-(10**9), 10**9)


def fill(database: Path | str, fills: int) -> None:
    """Put the rows into a read model that is ready and empty."""
    if isinstance(database, Path):
        _fill_sqlite(database, rows(fills))
    else:
        _fill_postgres(database, rows(fills))


def _fill_sqlite(path: Path, made: Iterable[tuple[Table[Any], Rows]]) -> None:
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for table, values in made:
            connection.execute("BEGIN")
            connection.executemany(in_sqlite.insert(table), values)
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _fill_postgres(address: str, made: Iterable[tuple[Table[Any], Rows]]) -> None:
    with psycopg.connect(address, autocommit=True, **settings_of(SCHEMA)) as connection:
        connection.execute("SET synchronous_commit = off")
        for table, values in made:
            columns = ", ".join(table.columns)
            with connection.cursor().copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)
        connection.execute("VACUUM ANALYZE")
