"""What projecting costs: catching up with all projections together, and how soon a write is visible.

The bare loops write the very rows that our projections wrote, in the same transactions, with the same
settings of the database: what is left is decoding, folding, and finding out what has to be written.
"""

import asyncio
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import psycopg
import uvloop

from adapters.bootstrap import open_reads
from adapters.clock import SystemClock
from adapters.event_schemas.codec import JsonCodec
from adapters.event_schemas.remembering import RememberingCodec
from adapters.event_stores.memory import MemoryEventStore
from adapters.event_stores.sqlite import SqliteEventStore
from adapters.garbage import collect_in_calm, collect_seldom
from adapters.read_models.opening import ReadStore, open_store
from adapters.read_models.postgres import statements as in_postgres
from adapters.read_models.postgres.connections import SCHEMA, settings_of
from adapters.read_models.postgres.transaction import keys_as_json, rows_as_json
from adapters.read_models.sqlite import statements as in_sqlite
from adapters.read_models.sqlite.connections import connect
from adapters.read_models.sqlite.store import SqliteReadStore
from adapters.settings import ProjectorPlace, Settings
from adapters.threads import give_way_soon
from benchmarks._postgres import empty_database
from benchmarks._rebuilds import measure_rebuilds
from benchmarks._trading import Traders, apart, exchange_on, percentile
from projections.catalog import all_projections
from projections.running.progress import Progress
from projections.running.runner import ProjectionRunner
from projections.running.store import Transaction
from projections.running.table import Key, Table

ACCOUNTS = 2_000
MARKETS = 50
REPETITIONS = 3
ORDERS_PER_S = 1_000
FRESHNESS_S = 8.0

Written = list[list[tuple[str, Table[Any], Sequence[Any]]]]
"""For each transaction: what was done to which table with which rows or keys."""


def run(n: int = 100_000) -> dict[str, Any]:
    """Measure catching up with a log of about ``n`` events, and how soon writes are visible."""
    return asyncio.run(_run(n))


async def _run(n: int) -> dict[str, Any]:
    # First, while the disk has nothing left to write of what follows.
    with tempfile.TemporaryDirectory() as folder:
        fresh_sqlite = _fresh([Settings(data=Path(folder) / str(number)) for number in range(REPETITIONS)])
    log = await _log(n)
    # As the process of every projector does; besides, the log stands in memory as objects only here.
    collect_seldom()
    events = len([event async for page in log.read_all() for event in page.events])
    with tempfile.TemporaryDirectory() as folder, empty_database(Path(folder) / "server") as address:
        beside = Settings(database_url=address, projector=ProjectorPlace.BESIDE)
        fresh_postgres = _fresh(
            [
                beside.model_copy(update={"data": Path(folder) / f"fresh-{number}"})
                for number in range(REPETITIONS)
            ]
        )
        written, ours, bare = await _catch_up(log, Path(folder), address)
    with tempfile.TemporaryDirectory() as folder:
        rebuilt = await measure_rebuilds(log, Path(folder), REPETITIONS)
    rows = sum(len(each) for transaction in written for _, _, each in transaction)
    return {
        "bench": "projections",
        "n": events,
        "conditions": {
            "accounts": ACCOUNTS,
            "markets": MARKETS,
            "projections": "all",
            "rows_written": rows,
            "transactions": len(written),
            "repetitions": REPETITIONS,
            "freshness_orders_per_s": ORDERS_PER_S,
            "freshness_s": FRESHNESS_S,
            "projector": "SQLite: in the exchange's process; PostgreSQL: in a process of its own",
            "sqlite": sqlite3.sqlite_version,
            "cores": os.cpu_count(),
        },
        "ours": {
            "sqlite_catch_up_events_per_s": round(events / ours["sqlite"]),
            "postgres_catch_up_events_per_s": round(events / ours["postgres"]),
            **{f"sqlite_{name}": value for name, value in fresh_sqlite.items()},
            **{f"postgres_{name}": value for name, value in fresh_postgres.items()},
            **{f"rebuild_from_{name}_events_per_s": round(events / took) for name, took in rebuilt.items()},
        },
        "peers": {
            "bare loop, same rows": {
                "sqlite_catch_up_events_per_s": round(events / bare["sqlite"]),
                "postgres_catch_up_events_per_s": round(events / bare["postgres"]),
            }
        },
        "ratios": {
            **{f"{name} / bare loop": round(bare[name] / ours[name], 3) for name in ours},
            **{
                f"rebuild from {name} / from sqlite": round(rebuilt["sqlite"] / took, 3)
                for name, took in rebuilt.items()
                if name != "sqlite"
            },
        },
    }


async def _log(events: int) -> MemoryEventStore:
    """Return a log of about so many events: about four and a half for each order."""
    log = MemoryEventStore()
    async with exchange_on(log) as exchange:
        traders = Traders(exchange, accounts=min(ACCOUNTS, events // 20), markets=MARKETS)
        await traders.prepare()
        while await log.head() < events:
            await traders.trade(512)
        await exchange.settled()
    return log


# ------------------------------------------------------------------------------------------ catching up


async def _catch_up(
    log: MemoryEventStore, folder: Path, address: str
) -> tuple[Written, dict[str, float], dict[str, float]]:
    ours: dict[str, list[float]] = {"sqlite": [], "postgres": []}
    bare: dict[str, list[float]] = {"sqlite": [], "postgres": []}
    written: Written = []
    for repetition in range(REPETITIONS):
        path = folder / f"read-{repetition}.db"
        ours["sqlite"].append(await _project(log, path))
        if not written:
            written = await _written(log, folder / "noted.db")
        bare["sqlite"].append(_bare_sqlite(written, folder / f"bare-{repetition}.db"))
        _drop(address)
        ours["postgres"].append(await _project(log, address))
        await _emptied(address)
        bare["postgres"].append(_bare_postgres(written, address))
        _drop(address)
    return written, _medians(ours), _medians(bare)


async def _project(log: MemoryEventStore, database: Path | str) -> float:
    """Return the seconds that all projections take to catch up with a log."""
    async with open_store(database, SystemClock()) as (store, answers):
        return await _run_to_head(log, store, answers)


async def _run_to_head(log: MemoryEventStore, store: Any, answers: Any) -> float:
    progress = Progress()
    runner = ProjectionRunner(
        store=store,
        source=log,
        codec=JsonCodec(),
        projections=all_projections(answers),
        progress=progress,
    )
    head = await log.head()
    begin = time.perf_counter()
    running = asyncio.create_task(runner.run())
    assert await progress.await_position(head, 600)
    took = time.perf_counter() - begin
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return took


async def _written(log: MemoryEventStore, path: Path) -> Written:
    async with open_store(path, SystemClock()) as (store, answers):
        noting = _NotingStore(store)
        await _run_to_head(log, noting, answers)
        return noting.written


class _NotingStore:
    """A store that notes what is written to it."""

    def __init__(self, store: ReadStore) -> None:
        self._store = store
        self.written: Written = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["_Noting"]:
        self.written.append([])
        async with self._store.transaction() as transaction:
            yield _Noting(transaction, self.written[-1])


class _Noting:
    def __init__(
        self, transaction: Transaction, written: list[tuple[str, Table[Any], Sequence[Any]]]
    ) -> None:
        self._transaction = transaction
        self._written = written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transaction, name)

    async def upsert(self, table: Table[Any], rows: Collection[Any]) -> None:
        self._written.append(("upsert", table, [table.row(*table.values_of(row)) for row in rows]))
        await self._transaction.upsert(table, rows)

    async def insert(self, table: Table[Any], rows: Collection[Any]) -> None:
        self._written.append(("insert", table, [table.row(*table.values_of(row)) for row in rows]))
        await self._transaction.insert(table, rows)

    async def delete(self, table: Table[Any], keys: Collection[Key]) -> None:
        self._written.append(("delete", table, list(keys)))
        await self._transaction.delete(table, keys)


def _bare_sqlite(written: Written, path: Path) -> float:
    SqliteReadStore.prepare(path)
    with closing(connect(path)) as connection:
        ready = [
            [
                (getattr(in_sqlite, what)(table), _parameters(what, table, rows))
                for what, table, rows in transaction
            ]
            for transaction in written
        ]
        begin = time.perf_counter()
        for statements in ready:
            connection.execute("BEGIN IMMEDIATE")
            for statement, rows in statements:
                connection.executemany(statement, rows)
            connection.execute("COMMIT")
        return time.perf_counter() - begin


def _parameters(what: str, table: Table[Any], rows: Sequence[Any]) -> list[tuple[Any, ...]]:
    return [table.key_values(row) if what == "delete" else table.values_of(row) for row in rows]


def _bare_postgres(written: Written, address: str) -> float:
    ready = [
        [
            (
                getattr(in_postgres, what)(table),
                keys_as_json(table, rows) if what == "delete" else rows_as_json(rows),
            )
            for what, table, rows in transaction
        ]
        for transaction in written
    ]
    with psycopg.connect(address, autocommit=True, **settings_of(SCHEMA)) as connection:
        connection.execute("SET synchronous_commit = off")
        begin = time.perf_counter()
        for statements in ready:
            with connection.pipeline(), connection.transaction():
                for statement, rows in statements:
                    connection.execute(statement, (rows,))
        return time.perf_counter() - begin


async def _emptied(address: str) -> None:
    _drop(address)
    async with open_store(address, SystemClock()):
        pass


def _drop(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def _medians(times: dict[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in times.items()}


# -------------------------------------------------------------------------------------------- freshness


def _fresh(each: Sequence[Settings]) -> dict[str, float]:
    """Return the medians of what is measured on several fresh exchanges, one after another."""
    measured = []
    for settings in each:
        if settings.database_url is not None:
            _drop(settings.database_url)
        measured.append(apart(_served, settings))
    if each[0].database_url is not None:
        _drop(each[0].database_url)
    return {name: statistics.median(one[name] for one in measured) for name in measured[0]}


def _served(settings: Settings) -> dict[str, float]:
    """Measure in a process set up as ``presage serve`` sets up its own."""
    collect_seldom()
    give_way_soon()
    measured: dict[str, float] = uvloop.run(_freshness(settings))
    return measured


async def _freshness(settings: Settings) -> dict[str, float]:
    """Return how long after its durable answer an order is visible, at a steady rate, in milliseconds."""
    collect_in_calm(asyncio.get_running_loop())
    log = SqliteEventStore.open(settings.log_file)
    codec = RememberingCodec(JsonCodec())
    waits: list[float] = []
    try:
        async with (
            exchange_on(log, codec) as exchange,
            open_reads(settings, log, codec, SystemClock(), exchange.health) as reads,
        ):
            traders = Traders(exchange, accounts=ACCOUNTS, markets=MARKETS)
            await traders.prepare()
            await reads.models.freshness.await_position(await log.head(), 60)

            async def order() -> None:
                position = await traders.order()
                answered = time.perf_counter()
                assert await reads.models.freshness.await_position(position, 60)
                waits.append((time.perf_counter() - answered) * 1_000)

            begin, orders = time.perf_counter(), []
            for number in range(int(ORDERS_PER_S * FRESHNESS_S)):
                await asyncio.sleep(max(0.0, begin + number / ORDERS_PER_S - time.perf_counter()))
                orders.append(asyncio.create_task(order()))
            took = time.perf_counter() - begin
            await asyncio.gather(*orders)
    finally:
        await log.close()
    return {
        "freshness_ms_p50": round(percentile(waits, 0.5), 2),
        "freshness_ms_p99": round(percentile(waits, 0.99), 2),
        "freshness_orders_per_s": round(len(waits) / took),
    }
