"""Writes ``docs/database.md``, indexes and partitions at work: ``python -m benchmarks._database``.

Fills a database of its own with generated rows (1,000,000 trades and 100,000 orders), asks what readers
ask, and shows the plans without and with each index, its size, and what it costs to write.
"""

import asyncio
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from adapters.read_models.postgres.connections import SCHEMA, migrate, settings_of
from adapters.read_models.postgres.statements import in_driver_style
from benchmarks import _database_parts as parts
from benchmarks._database_patterns import FAST, PATTERNS, SLOW, Pattern
from benchmarks._database_rows import fill
from benchmarks._database_text import (
    EXERCISE_12,
    FAST_LINES,
    HEAD,
    PARTITIONS_END,
    PARTITIONS_HEAD,
    SLOW_LINES,
)
from benchmarks._postgres import empty_database

PAGE = Path(__file__).parents[1] / "docs" / "database.md"
TRADES, ORDERS = 1_000_000, 100_000

Connection = psycopg.Connection[tuple[Any, ...]]

_TIME = re.compile(r"Execution Time: ([\d.]+) ms")
_STEP = re.compile(r"^[ >-]*(\S.*?) \(actual", re.MULTILINE)
_PLANNED = re.compile(r"Planning Time: ([\d.]+) ms")

PLAN_LINES = 40
"""How much of a plan is shown."""


def main() -> None:
    """Measure, and write the page."""
    with tempfile.TemporaryDirectory() as folder, filled(Path(folder)) as connection:
        page = list(_page(connection))
    PAGE.write_text("\n".join(page) + "\n")


@contextmanager
def filled(folder: Path, *, trades: int = TRADES, orders: int = ORDERS) -> Iterator[Connection]:
    """Make a database with read models full of generated rows, and drop it afterwards."""
    with empty_database(folder) as address:
        asyncio.run(migrate(address, SCHEMA))
        with psycopg.connect(address, autocommit=True, **settings_of(SCHEMA)) as connection:
            # Plans are to be compared, not the luck of having several processors.
            connection.execute("SET max_parallel_workers_per_gather = 0")
            connection.execute("SET jit = off")
            parts.make_months(connection)
            fill(connection, trades=trades, orders=orders)
            yield connection


def plan(connection: Connection, sql: str, parameters: Mapping[str, Any]) -> tuple[str, float]:
    """Return the plan of a question as it was carried out the second time, and its milliseconds."""
    text, _, took_ms = explained(connection, sql, parameters)
    return text, took_ms


def explained(connection: Connection, sql: str, parameters: Mapping[str, Any]) -> tuple[str, float, float]:
    """Return a question's plan, and the milliseconds that making it and carrying it out took."""
    explain = in_driver_style(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {sql}")
    connection.execute(explain, parameters)
    lines = [line for (line,) in connection.execute(explain, parameters).fetchall()]
    text = "\n".join(line for line in lines if not line.lstrip().startswith("Index Searches"))
    planned, took = _PLANNED.search(text), _TIME.search(text)
    assert planned is not None
    assert took is not None
    return text.split("\nPlanning")[0], float(planned[1]), float(took[1])


def _shown(text: str) -> str:
    lines = text.splitlines()
    left_out = len(lines) - PLAN_LINES
    return (
        text if left_out <= 0 else "\n".join([*lines[:PLAN_LINES], f"... {left_out} more lines like these"])
    )


def written_ms(connection: Connection, sql: str) -> float:
    """Return how long a statement takes that is undone afterwards."""
    with connection.transaction(force_rollback=True):
        begin = time.perf_counter()
        connection.execute(sql)
        return (time.perf_counter() - begin) * 1_000


def _page(connection: Connection) -> Iterator[str]:
    [(version,)] = connection.execute("SHOW server_version").fetchall()
    yield HEAD.format(when=f"{datetime.now(UTC):%Y-%m-%d}", version=version, trades=TRADES, orders=ORDERS)
    for pattern in PATTERNS:
        yield from _pattern(connection, pattern)
    yield from _exercise_12(connection)
    yield PARTITIONS_HEAD
    yield from _partitions(connection)
    yield PARTITIONS_END


def _pattern(connection: Connection, pattern: Pattern) -> Iterator[str]:
    after, after_ms = plan(connection, pattern.sql, pattern.parameters)
    with_ms = min(written_ms(connection, pattern.write) for _ in range(3))
    sizes = (
        "SELECT pg_relation_size(indexrelid), pg_relation_size(indrelid) "
        "FROM pg_index WHERE indexrelid = %s::regclass"
    )
    [(size, whole)] = connection.execute(sizes, (pattern.index,)).fetchall()
    with connection.transaction(force_rollback=True):
        connection.execute(pattern.without)
        before, before_ms = plan(connection, pattern.sql, pattern.parameters)
        without_ms = min(written_ms(connection, pattern.write) for _ in range(3))
    yield f"\n### {pattern.title}\n"
    yield f"```sql\n{pattern.sql.strip()}\n```\n"
    yield f"Index `{pattern.index}`: `{pattern.definition}`.\n\n{pattern.reason}\n"
    yield "| | without | with |\n|---|---|---|"
    yield f"| the question | {before_ms:,.2f} ms | {after_ms:,.2f} ms |"
    yield f"| writing ({_what(pattern.write)}) | {without_ms:,.0f} ms | {with_ms:,.0f} ms |"
    yield f"| size | table {_size(whole)} | index {_size(size)} |\n"
    yield f"Without it:\n\n```\n{_shown(before)}\n```\n\nWith it:\n\n```\n{_shown(after)}\n```"


def _what(sql: str) -> str:
    count = re.search(r"LIMIT (\d+)", sql)
    return f"{int(count[1]):,} new rows" if count else "every row changed"


def _size(size: int) -> str:
    return f"{size / 1_048_576:,.1f} MB"


def _exercise_12(connection: Connection) -> Iterator[str]:
    slow, slow_ms = plan(connection, SLOW, {})
    fast, fast_ms = plan(connection, FAST, {})
    agree = connection.execute(SLOW.replace("LIMIT 10", "")).fetchall()
    top = [row for row in agree if row[2] is not None][:10]
    assert top == connection.execute(FAST).fetchall(), "both queries give the same answer"
    yield EXERCISE_12
    yield f"As it was, {slow_ms:,.1f} ms:\n\n```sql\n{SLOW.strip()}\n```\n\n```\n{_shown(slow)}\n```\n"
    yield from _line_by_line(slow, SLOW_LINES)
    yield f"Rewritten, {fast_ms:,.1f} ms ({slow_ms / fast_ms:,.0f} times faster):\n"
    yield f"```sql\n{FAST.strip()}\n```\n\n```\n{_shown(fast)}\n```\n"
    yield from _line_by_line(fast, FAST_LINES)


def steps(text: str) -> list[str]:
    """Return what a plan does, from its top on, without what it took."""
    return _STEP.findall(text)


def _line_by_line(text: str, meanings: Mapping[str, str]) -> Iterator[str]:
    """Say what each line of a plan means. Raises ``KeyError`` for a plan that was not written about."""
    yield "Line by line, from the top, though it is carried out from the bottom:\n"
    for step in steps(text):
        yield f"- `{step}`: {meanings[step]}."
    yield ""


def _partitions(connection: Connection) -> Iterator[str]:
    parts.make_flat(connection)
    yield "| access | one table | in parts |\n|---|---|---|"
    plans: list[str] = []
    for case in parts.CASES:
        _, flat_planned_ms, flat_ms = explained(connection, case.flat, case.parameters)
        text, parted_planned_ms, parted_ms = explained(connection, case.parted, case.parameters)
        plans.append(f"\n{case.title}, in parts:\n\n```\n{_shown(text)}\n```")
        flat, parted = (
            f"{flat_ms:,.2f} ({flat_planned_ms:.2f})",
            f"{parted_ms:,.2f} ({parted_planned_ms:.2f})",
        )
        yield f"| {case.title} | {flat} ms | {parted} ms |"
    for title, flat, parted in parts.WRITES:
        ours, theirs = (min(written_ms(connection, sql) for _ in range(3)) for sql in (parted, flat))
        yield f"| {title} | {theirs:,.0f} ms | {ours:,.0f} ms |"
    yield from _sizes(connection)
    yield from plans


def _sizes(connection: Connection) -> Sequence[str]:
    size = "SELECT pg_total_relation_size(%s::regclass)"
    [(flat,)] = connection.execute(size, ("orders_flat",)).fetchall()
    [(hot,)] = connection.execute(size, ("orders_resting",)).fetchall()
    return [f"| what is written all the time | {_size(flat)} | {_size(hot)} |"]


if __name__ == "__main__":
    main()
