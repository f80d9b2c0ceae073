"""The months that ended orders are kept by: made ahead of time, detached when they are history.

Between ``orders_earlier`` and ``orders_later``, which take whatever is out of range, there is a table for
each month, without a gap: so an order always has a place, and pages of an account's orders are read month
by month, newest first, until they are full.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from adapters.read_models.postgres import statements
from adapters.read_models.postgres.transaction import Connection

MONTHS_AHEAD = 3

EARLIER, LATER = "orders_earlier", "orders_later"

_BOUNDS = re.compile(r"FROM \((.+)\) TO \((.+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A table of ended orders, and the times they were placed in: from, and up to but not including."""

    name: str
    since_us: int | None
    until_us: int | None
    rows: int
    bytes: int


async def parts(connection: Connection) -> Sequence[Part]:
    """Return the tables of ended orders, oldest first."""
    cursor = await connection.execute(statements.PARTS_OF_ORDERS)
    found = []
    for name, bounds, rows, size in await cursor.fetchall():
        match = _BOUNDS.search(bounds)
        assert match is not None, bounds
        since, until = map(_bound, match.groups())
        found.append(Part(name=name, since_us=since, until_us=until, rows=int(rows), bytes=size))
    return sorted(found, key=lambda part: -1 if part.since_us is None else part.since_us)


async def make_ahead(connection: Connection, *, months: int = MONTHS_AHEAD) -> Sequence[str]:
    """Make the tables of this month and so many after it, as far as they are missing; return their names."""
    now = await _now(connection)
    wanted = [_months_after(now, number) for number in range(months + 2)]
    [later] = [part for part in await parts(connection) if part.name == LATER]
    if later.since_us is not None and later.since_us >= _us(wanted[-1]):
        return []
    async with connection.transaction():
        # Projectors wait; whatever was placed later than expected moves to where it belongs.
        await connection.execute(statements.ALONE)
        await connection.execute(f"ALTER TABLE orders_ended DETACH PARTITION {LATER}")
        await connection.execute(f"ALTER TABLE {LATER} RENAME TO orders_moving")
        if later.since_us is None:
            await _add(connection, EARLIER, None, _us(wanted[0]))
        begins = [each for each in wanted if later.since_us is None or _us(each) >= later.since_us]
        made = []
        for since, until in pairwise(begins):
            made.append(f"orders_{since:%Y_%m}")
            await _add(connection, made[-1], _us(since), _us(until))
        await _add(connection, LATER, _us(wanted[-1]), None)
        await connection.execute("INSERT INTO orders_ended SELECT * FROM orders_moving")
        await connection.execute("DROP TABLE orders_moving")
    return made


async def detach(connection: Connection, before: datetime) -> Sequence[str]:
    """Take the orders placed before a month out of the table; return the names of what they are in now.

    They stay where they are as tables of their own, to be archived or dropped. Raises ``ValueError`` for
    a month that is not over.
    """
    until_us = _us(before)
    if until_us > _us(_months_after(await _now(connection), 0)):
        raise ValueError("only months that are over can be detached")
    old = [
        each for each in await parts(connection) if each.until_us is not None and each.until_us <= until_us
    ]
    if not any(each.name != EARLIER for each in old):
        return []
    detached = []
    async with connection.transaction():
        await connection.execute(statements.ALONE)
        for part in old:
            name = part.name
            await connection.execute(f"ALTER TABLE orders_ended DETACH PARTITION {name}")
            if name == EARLIER:
                assert part.until_us is not None
                name = f"orders_before_{_month(part.until_us):%Y_%m}"
                await connection.execute(f"ALTER TABLE {EARLIER} RENAME TO {name}")
            detached.append(name)
        # An order may end long after it was placed: it still needs a place.
        await _add(connection, EARLIER, None, max(part.until_us or 0 for part in old))
    return detached


async def _add(connection: Connection, name: str, since_us: int | None, until_us: int | None) -> None:
    since = "MINVALUE" if since_us is None else since_us
    until = "MAXVALUE" if until_us is None else until_us
    await connection.execute(
        f"CREATE TABLE {name} PARTITION OF orders_ended FOR VALUES FROM ({since}) TO ({until})"
    )


async def _now(connection: Connection) -> datetime:
    cursor = await connection.execute("SELECT now()")
    row = await cursor.fetchone()
    assert row is not None
    now: datetime = row[0]
    return now.astimezone(UTC)


def _months_after(now: datetime, number: int) -> datetime:
    months = now.year * 12 + now.month - 1 + number
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def _us(month: datetime) -> int:
    return int(month.timestamp()) * 1_000_000


def _month(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / 1_000_000, UTC)


def _bound(text: str) -> int | None:
    return None if text in ("MINVALUE", "MAXVALUE") else int(text.strip("'"))
