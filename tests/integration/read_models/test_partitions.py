"""Orders in parts: made ahead, read month by month, detached, and the same orders all the while."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import psycopg
import pytest

from adapters.read_models.postgres.connections import SCHEMA, connect, migrate
from adapters.read_models.postgres.partitions import EARLIER, LATER, detach, make_ahead, parts
from adapters.read_models.postgres.statements import in_driver_style
from adapters.read_models.postgres.transaction import Connection
from adapters.read_models.queries.orders import orders_page
from adapters.read_models.queries.reader import Where
from tests.databases import fresh_postgres

ORDER = """
INSERT INTO orders SELECT 'o' || n, 'ann', n, '', 'FED-CUT', 'yes', 'buy', 'limit', 4200, 'gtc', %(status)s,
    NULL, 100, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, false, false, 'maker', NULL, false,
    %(at_us)s, %(at_us)s, n, n FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
"""


@pytest.fixture
def address() -> Iterator[str]:
    with fresh_postgres() as made:
        yield made


async def placed(connection: Connection, first: int, last: int, at: datetime, status: str) -> None:
    at_us = int(at.timestamp()) * 1_000_000
    await connection.execute(ORDER, {"first": first, "last": last, "at_us": at_us, "status": status})


async def names(connection: Connection) -> list[str]:
    return [part.name for part in await parts(connection)]


async def test_opening_makes_this_month_and_three_more_between_earlier_and_later(address: str) -> None:
    await migrate(address, SCHEMA)
    async with await connect(address, SCHEMA) as connection:
        made = await names(connection)
        assert made[0] == EARLIER
        assert made[1] == f"orders_{datetime.now(UTC):%Y_%m}"
        assert made[-1] == LATER
        assert len(made) == 6
        assert await make_ahead(connection) == [], "again changes nothing"
        found = await parts(connection)
        assert all(one.until_us == other.since_us for one, other in pairwise(found))


async def test_orders_that_came_before_their_month_was_made_move_into_it(address: str) -> None:
    async with await connect(address, SCHEMA) as connection:
        await placed(connection, 1, 10, datetime(2099, 1, 5, tzinfo=UTC), "executed")
        soon = datetime.fromtimestamp((await parts(connection))[-1].since_us / 1_000_000, UTC)  # type: ignore[operator]
        await placed(connection, 11, 15, soon, "canceled")
        await make_ahead(connection, months=6)
        cursor = await connection.execute(f"SELECT count(*) FROM orders_{soon:%Y_%m}")
        assert await cursor.fetchone() == (5,)
        cursor = await connection.execute(f"SELECT count(*) FROM {LATER}")
        assert await cursor.fetchone() == (10,)


async def test_an_order_that_ends_leaves_the_open_ones(address: str) -> None:
    async with await connect(address, SCHEMA) as connection:
        await placed(connection, 1, 3, datetime(2020, 1, 5, tzinfo=UTC), "resting")
        await connection.execute("UPDATE orders SET status = 'executed' WHERE order_id = 'o2'")
        cursor = await connection.execute("SELECT order_id FROM orders_resting ORDER BY 1")
        assert await cursor.fetchall() == [("o1",), ("o3",)]
        cursor = await connection.execute(f"SELECT order_id FROM {EARLIER}")
        assert await cursor.fetchall() == [("o2",)]


async def test_a_detached_month_is_a_table_of_its_own_and_late_orders_still_have_a_place(
    address: str,
) -> None:
    async with await connect(address, SCHEMA) as connection:
        month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        old = datetime(2020, 1, 5, tzinfo=UTC)
        await connection.execute(f"ALTER TABLE orders_ended DETACH PARTITION {EARLIER}")
        await connection.execute(f"DROP TABLE {EARLIER}")
        bound = int(datetime(2020, 2, 1, tzinfo=UTC).timestamp()) * 1_000_000
        this = int(month.timestamp()) * 1_000_000
        for name, since, until in ((EARLIER, "MINVALUE", bound), ("orders_2020_02", bound, this)):
            await connection.execute(
                f"CREATE TABLE {name} PARTITION OF orders_ended FOR VALUES FROM ({since}) TO ({until})"
            )
        await placed(connection, 1, 4, old, "executed")
        assert await detach(connection, month) == ["orders_before_2020_02", "orders_2020_02"]
        cursor = await connection.execute("SELECT count(*) FROM orders_before_2020_02")
        assert await cursor.fetchone() == (4,)
        await placed(connection, 5, 6, old, "canceled")
        cursor = await connection.execute("SELECT count(*) FROM orders")
        assert await cursor.fetchone() == (2,)


async def test_a_month_that_is_not_over_is_not_detached(address: str) -> None:
    async with await connect(address, SCHEMA) as connection:
        with pytest.raises(ValueError, match="over"):
            await detach(connection, datetime(2999, 1, 1, tzinfo=UTC))


async def test_a_page_of_a_traders_orders_reads_the_newest_months_only(address: str) -> None:
    async with await connect(address, SCHEMA) as connection:
        await make_ahead(connection, months=12)
        for number, part in enumerate(await parts(connection)):
            since_us = part.since_us or 0
            at = datetime.fromtimestamp(since_us / 1_000_000, UTC)
            await placed(connection, 1_000 * number, 1_000 * number + 299, at, "executed")
        await connection.execute("ANALYZE orders")
        where = Where().equal("account_id", "ann")
        page = orders_page(where, None)
        cursor = await connection.execute(
            in_driver_style(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) {page}"),
            {**where.parameters, "limit": 100},
        )
        plan = "\n".join(line for (line,) in await cursor.fetchall())
        assert plan.count("never executed") >= 12, plan


async def test_an_order_written_twice_after_its_end_is_refused_loudly(address: str) -> None:
    async with await connect(address, SCHEMA) as connection:
        await placed(connection, 1, 1, datetime(2020, 1, 5, tzinfo=UTC), "executed")
        with pytest.raises(psycopg.errors.UniqueViolation):
            await placed(connection, 1, 1, datetime(2020, 1, 5, tzinfo=UTC), "executed")
