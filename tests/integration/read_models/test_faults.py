"""Poison events, versions that do not fit, databases that are away, damaged or busy."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from adapters.read_models.opening import open_read_models, open_store
from adapters.read_models.postgres.connections import target
from adapters.read_models.rebuilding import rebuild
from adapters.read_models.sqlite.store import SqliteReadStore
from application.events import DomainEvent, Recorded
from application.ports.codec import UnreadableEvent
from application.ports.event_store import NewEvent, RecordedEvent
from projections.portfolio import PortfolioProjection
from projections.reading.queries import InvalidQuery, TradeFilter
from projections.running.store import ReadModelBusy, ReadModelDamaged, ReadModelOutdated, ReadModelUnavailable
from tests.integration.read_models.checksums import checksums
from tests.integration.read_models.conftest import Database
from tests.integration.read_models.projecting import CODEC, projected
from tests.integration.read_models.random_flow import ACCOUNTS, MARKETS, SINGLE, random_flow

MOON_SHOT = NewEvent(id=UUID(int=7), type="MarketMoonShot", data=b"{}")


class CodecOfAnOldProgram:
    """Cannot read what a newer program wrote under a name it does not know."""

    def decode(self, recorded: RecordedEvent) -> Recorded[DomainEvent]:
        if recorded.type == "MarketMoonShot":
            raise UnreadableEvent(f"{recorded.stream}/{recorded.revision}: unknown type {recorded.type}")
        return CODEC.decode(recorded)

    def __getattr__(self, name: str) -> object:
        return getattr(CODEC, name)


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(20):
        for _ in count():
            if holds():
                return
            await asyncio.sleep(0.01)


async def eventually_answers(ask: Callable[[], Awaitable[object]]) -> None:
    """Ask until there is an answer."""
    async with asyncio.timeout(20):
        for _ in count():
            with suppress(ReadModelUnavailable):
                assert await ask()
                return
            await asyncio.sleep(0.05)


async def test_nothing_goes_past_an_event_from_the_future(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with random_flow(21) as flow, projected(database, flow) as read:
        await flow.trade(30)
        await flow.close()
        await read.catch_up()
        before = read.progress.position
        marks = "SELECT name, position FROM checkpoints ORDER BY name"
        kept = await read.store.fetch(marks, {})
        await flow.log.append("market-MOON", [MOON_SHOT], expected=-1)
        with caplog.at_level(logging.ERROR):
            read.runner._codec = CodecOfAnOldProgram()
            running = asyncio.create_task(read.runner.run())
            await eventually(lambda: len(read.runner.stats.halted) == len(read.projections))
            running.cancel()
            await asyncio.wait([running])
        assert "MarketMoonShot at market-MOON/0" in caplog.text
        assert read.progress.position == before, "nobody is told that the event is visible"
        assert await read.store.fetch(marks, {}) == kept
        assert read.runner.stats.parked == {}


async def test_a_halted_projection_goes_on_once_the_program_is_right(
    database: Database, tmp_path: Path
) -> None:
    async with random_flow(22) as flow:
        await flow.trade(60)
        await flow.close()
        async with projected(database, flow) as read:
            broken = next(each for each in read.projections if each.name == "portfolio")
            handler, trades = next(iter(broken.handlers.values())), 0

            def breaks_at_the_fifth(event: Recorded[DomainEvent]) -> None:
                nonlocal trades
                trades += 1
                if trades >= 5:
                    raise ZeroDivisionError
                handler(event)

            broken.handlers[next(iter(broken.handlers))] = breaks_at_the_fifth  # type: ignore[index]
            await read.catch_up()
            assert "ZeroDivisionError" in read.runner.stats.halted["portfolio"]
        async with projected(database, flow) as read:
            await read.catch_up()
            assert read.runner.stats.halted == {}
            repaired = await checksums(read.store)
        async with projected(tmp_path / "unbroken.db", flow) as read:
            await read.catch_up()
            assert await checksums(read.store) == repaired


async def test_a_rebuild_that_meets_poison_leaves_the_rows_in_use(tmp_path: Path) -> None:
    async with random_flow(23) as flow:
        await flow.trade(30)
        await flow.close()
        async with projected(tmp_path / "read.db", flow) as read:
            await read.catch_up()
            before = await checksums(read.store)
        await flow.log.append("market-MOON", [MOON_SHOT], expected=-1)
        with pytest.raises(UnreadableEvent, match="MarketMoonShot"):
            await rebuild(
                tmp_path / "read.db",
                ["orders"],
                log=flow.log,
                codec=CodecOfAnOldProgram(),
                clock=flow.clock,
                resume=False,
                on_progress=lambda _: None,
            )
        async with projected(tmp_path / "read.db", flow) as read:
            assert await checksums(read.store) == before


async def test_rows_of_another_version_are_refused_with_the_command_that_rebuilds_them(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with random_flow(24) as flow:
        await flow.trade(20)
        await flow.close()
        async with projected(database, flow) as read:
            await read.catch_up()
        monkeypatch.setattr(PortfolioProjection, "version", 2)
        with pytest.raises(
            ReadModelOutdated, match=r"portfolio has version 1, needs 2.*presage rebuild portfolio"
        ):
            async with open_read_models(database, source=flow.log, codec=CODEC, clock=flow.clock):
                pass
        await rebuild(
            database,
            ["portfolio"],
            log=flow.log,
            codec=CODEC,
            clock=flow.clock,
            resume=False,
            on_progress=lambda _: None,
        )
        async with open_read_models(database, source=flow.log, codec=CODEC, clock=flow.clock) as reads:
            assert await reads.models.freshness.await_position(await flow.log.head(), 5)


async def test_rows_of_another_exchange_are_refused(database: Database) -> None:
    async with random_flow(33, step_us=1_000) as flow, projected(database, flow) as read:
        await read.catch_up()
    async with random_flow(33, step_us=2_000) as other:
        with pytest.raises(ReadModelOutdated, match="log of another exchange"):
            async with open_read_models(database, source=other.log, codec=CODEC, clock=other.clock):
                pass
        await other.close()
        await rebuild(
            database,
            log=other.log,
            codec=CODEC,
            clock=other.clock,
            resume=False,
            on_progress=lambda _: None,
        )
        async with open_read_models(database, source=other.log, codec=CODEC, clock=other.clock) as reads:
            assert await reads.models.freshness.await_position(await other.log.head(), 5)


async def test_a_projector_whose_rows_another_version_replaced_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with random_flow(25) as flow, projected(tmp_path / "read.db", flow) as read:
        await flow.trade(20)
        await read.catch_up()
        monkeypatch.setattr(PortfolioProjection, "version", 2)
        await rebuild(
            tmp_path / "read.db",
            ["portfolio"],
            log=flow.log,
            codec=CODEC,
            clock=flow.clock,
            resume=False,
            on_progress=lambda _: None,
        )
        monkeypatch.undo()
        await flow.trade(5)
        with pytest.raises(ReadModelOutdated, match="replaced by version 2"):
            await read.catch_up()


async def test_a_file_that_is_no_read_model_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "read.db"
    path.write_bytes(b"these are not the rows you are looking for" * 100)
    with pytest.raises(ReadModelDamaged, match=rf"{path} is not a read model.*presage rebuild --all"):
        SqliteReadStore(path)


async def test_a_file_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    async with random_flow(26) as flow, open_store(tmp_path / "read.db", flow.clock):
        pass
    with sqlite3.connect(tmp_path / "read.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(ReadModelOutdated, match="made by a newer Presage"):
        SqliteReadStore(tmp_path / "read.db")


async def test_a_locked_file_keeps_the_projector_waiting_and_readers_reading(tmp_path: Path) -> None:
    async with random_flow(27) as flow, projected(tmp_path / "read.db", flow) as read:
        await flow.trade(20)
        other = sqlite3.connect(tmp_path / "read.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ReadModelBusy):
            async with read.store.transaction():
                pass
        catching_up = asyncio.create_task(read.catch_up())
        await eventually(lambda: "locked" in read.runner.stats.unavailable)
        assert not catching_up.done()
        assert (await read.answers.markets.markets()).items == []
        other.execute("COMMIT")
        other.close()
        await catching_up
        assert len((await read.answers.markets.markets()).items) == len(MARKETS)
        assert read.runner.stats.unavailable == ""


async def test_a_database_that_goes_away_fails_reads_by_name_and_is_taken_up_again(
    database: Database,
) -> None:
    if isinstance(database, Path):
        pytest.skip("a file in the process does not go away")
    async with random_flow(28) as flow:
        await flow.trade(20)
        async with open_read_models(database, source=flow.log, codec=CODEC, clock=flow.clock) as reads:
            assert await reads.models.freshness.await_position(await flow.log.head(), 5)
            _allow_connections(database, allowed=False)
            await flow.trade(20)
            with pytest.raises(ReadModelUnavailable, match="dbname="):
                await reads.models.portfolio.balance(ACCOUNTS[0])
            assert not await reads.models.freshness.await_position(await flow.log.head(), 0.2)
            assert reads.stats.unavailable
            _allow_connections(database, allowed=True)
            assert await reads.models.freshness.await_position(await flow.log.head(), 20)
            await eventually_answers(lambda: reads.models.portfolio.balance(ACCOUNTS[0]))


async def test_a_database_that_is_away_at_start_is_waited_for(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    if isinstance(database, Path):
        pytest.skip("a file in the process is never away")
    async with random_flow(29) as flow:
        _allow_connections(database, allowed=False)

        async def opened() -> bool:
            async with open_read_models(database, source=flow.log, codec=CODEC, clock=flow.clock) as reads:
                return await reads.models.freshness.await_position(await flow.log.head(), 20)

        opening = asyncio.create_task(opened())
        with caplog.at_level(logging.WARNING):
            await eventually(lambda: "waiting for the database" in caplog.text)
        assert target(database) in caplog.text
        _allow_connections(database, allowed=True)
        assert await opening


def _allow_connections(address: str, *, allowed: bool) -> None:
    """Let a database take connections, or cut all there are and refuse new ones."""
    name = psycopg.conninfo.conninfo_to_dict(address)["dbname"]
    server = psycopg.conninfo.make_conninfo(address, dbname="postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {allowed}")  # type: ignore[call-overload]
        if not allowed:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )


@pytest.mark.parametrize("cursor", ["x", "-1", "1-", "1-2-3", "9" * 40, "1-x"])
async def test_an_unknown_cursor_is_refused(tmp_path: Path, cursor: str) -> None:
    async with random_flow(30) as flow, projected(tmp_path / "read.db", flow) as read:
        with pytest.raises(InvalidQuery, match="cursor"):
            await read.answers.orders.orders(ACCOUNTS[0], cursor=cursor)
        with pytest.raises(InvalidQuery, match="cursor"):
            await read.answers.markets.trades(TradeFilter(ticker=SINGLE), cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 1_001, 10**30])
async def test_a_limit_beyond_the_cap_is_refused(tmp_path: Path, limit: int) -> None:
    async with random_flow(31) as flow, projected(tmp_path / "read.db", flow) as read:
        with pytest.raises(InvalidQuery, match="limit must be between 1 and 1000"):
            await read.answers.markets.markets(limit=limit)
        with pytest.raises(InvalidQuery, match="limit must be between 1 and 1000"):
            await read.models.markets.trades(TradeFilter(ticker=SINGLE), limit=limit)
        with pytest.raises(InvalidQuery, match="limit must be between 1 and 1000"):
            await read.answers.leaderboard.get_top(limit)


async def test_candles_are_kept_for_three_periods_only(tmp_path: Path) -> None:
    async with random_flow(32) as flow, projected(tmp_path / "read.db", flow) as read:
        with pytest.raises(InvalidQuery, match="not 5"):
            await read.answers.markets.candles(SINGLE, period_minutes=5)
