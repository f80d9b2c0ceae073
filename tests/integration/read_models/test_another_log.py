"""Rows that go further than their log, events that cannot be saved, and rebuilds that meet."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from adapters.event_stores.memory import MemoryEventStore
from adapters.read_models.opening import open_read_models
from adapters.read_models.rebuilding import rebuild
from application.health import Health, Trouble
from projections.running.rebuilder import RebuildProgress, RebuildRunning
from projections.running.store import CheckpointMoved, ReadModelOfAnotherLog
from tests.integration.read_models.checksums import checksums
from tests.integration.read_models.conftest import Database
from tests.integration.read_models.projecting import CODEC, projected
from tests.integration.read_models.random_flow import Flow, random_flow
from tests.integration.read_models.test_faults import eventually


async def backup_of(log: MemoryEventStore, events: int) -> MemoryEventStore:
    """Return a log that was restored from a backup of so many events."""
    restored = MemoryEventStore()
    restored._log = log._log[:events]
    restored._streams = {}
    for event in restored._log:
        restored._streams.setdefault(event.stream, []).append(event)
    return restored


async def rebuilt(database: Database, flow: Flow, *, resume: bool = False) -> RebuildProgress:
    return await rebuild(
        database, log=flow.log, codec=CODEC, clock=flow.clock, resume=resume, on_progress=lambda _: None
    )


async def test_rows_ahead_of_a_restored_log_are_refused_with_the_command_that_mends_them(
    database: Database,
) -> None:
    async with random_flow(51) as flow:
        await flow.trade(30)
        await flow.close()
        async with projected(database, flow) as read:
            await read.catch_up()
        restored = await backup_of(flow.log, 40)
        with pytest.raises(ReadModelOfAnotherLog, match=r"not in the log.*presage rebuild --all"):
            async with open_read_models(database, source=restored, codec=CODEC, clock=flow.clock):
                pass


async def test_a_log_that_is_replaced_under_a_running_projector_shows_until_the_rows_are_rebuilt(
    tmp_path: Path,
) -> None:
    async with random_flow(52) as flow:
        await flow.trade(30)
        await flow.close()
        health = Health()
        async with projected(tmp_path / "read.db", flow) as read:
            read.runner._health = health
            await read.catch_up()
            read.runner._source = await backup_of(flow.log, 40)
            with pytest.raises(ReadModelOfAnotherLog):
                await read.runner.run()
            assert [each.code for each in health.conditions] == [Trouble.READ_MODELS_OF_ANOTHER_LOG]
            assert "presage rebuild --all" in health.conditions[0].message
            assert read.runner.stats.lag_us(flow.clock.now_us() + 10**6) > 0
            await rebuild(
                tmp_path / "read.db",
                log=read.runner._source,
                codec=CODEC,
                clock=flow.clock,
                resume=False,
                on_progress=lambda _: None,
            )
            running = asyncio.create_task(read.runner.run())
            await eventually(lambda: not health.conditions)
            running.cancel()
            await asyncio.wait([running])


async def test_a_checkpoint_that_is_not_where_it_was_left_is_noticed(tmp_path: Path) -> None:
    async with random_flow(53) as flow, projected(tmp_path / "read.db", flow) as read:
        await flow.trade(10)
        await read.catch_up()
        with sqlite3.connect(tmp_path / "read.db") as rows:
            rows.execute("UPDATE checkpoints SET position = position - 5 WHERE name = 'balances'")
        rows.close()
        await flow.trade(5)
        with pytest.raises(CheckpointMoved, match="the rows of balances"):
            await read.catch_up()


async def test_a_rebuild_does_not_go_on_with_rows_of_another_log(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def interrupted(flow: Flow) -> None:
        def stop(_: RebuildProgress) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            await rebuild(
                database, log=flow.log, codec=CODEC, clock=flow.clock, resume=False, on_progress=stop
            )

    async with random_flow(54) as flow, random_flow(55, step_us=2_000) as other:
        await flow.close()
        await other.close()
        await interrupted(flow)
        with pytest.raises(ReadModelOfAnotherLog, match="start over without --resume"):
            await rebuilt(database, other, resume=True)
        await rebuilt(database, flow, resume=True)


async def test_one_rebuild_runs_at_a_time(database: Database) -> None:
    async with random_flow(56) as flow:
        await flow.trade(20)
        await flow.close()
        refused: list[str] = []

        async def another(_: RebuildProgress) -> None:
            with pytest.raises(RebuildRunning, match="another rebuild") as error:
                await rebuilt(database, flow)
            refused.append(str(error.value))

        tasks: list[asyncio.Task[None]] = []
        await rebuild(
            database,
            log=_Slow(flow.log, tasks, another),  # type: ignore[arg-type]
            codec=CODEC,
            clock=flow.clock,
            resume=False,
            on_progress=lambda _: None,
        )
        assert len(refused) == 1
        await rebuilt(database, flow)


class _Slow:
    """A log during the reading of which something else happens."""

    def __init__(self, log: object, tasks: object, meanwhile: object) -> None:
        self._log, self._meanwhile, self._done = log, meanwhile, False

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)

    async def head(self) -> int:
        if not self._done:
            self._done = True
            await self._meanwhile(None)  # type: ignore[operator]
        return await self._log.head()  # type: ignore[attr-defined, no-any-return]


async def test_an_event_that_cannot_be_saved_stops_one_projection_until_it_can(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with random_flow(57) as flow:
        await flow.trade(20)
        health = Health()
        async with projected(database, flow) as read:
            read.runner._health = read.runner._halts._health = health
            broken = next(each for each in read.projections if each.name == "balances")
            save, faulty = broken.save, True

            async def saves_or_not(transaction: object) -> None:
                if faulty:
                    raise OverflowError("too large for 64 bits")
                await save(transaction)  # type: ignore[arg-type]

            monkeypatch.setattr(broken, "save", saves_or_not)
            await read.catch_up()
            assert list(read.runner.stats.halted) == ["balances"]
            assert "OverflowError: too large" in read.runner.stats.halted["balances"]
            assert [(each.part, each.code) for each in health.conditions] == [
                ("projection balances", Trouble.PROJECTION_HALTED)
            ]
            faulty = False
            await flow.trade(5)
            await flow.close()
            await read.catch_up()
            await read.runner.retry("balances")
            assert (read.runner.stats.halted, list(health.conditions)) == ({}, [])
            mended = await checksums(read.store)
        async with projected(tmp_path / "unbroken.db", flow) as read:
            await read.catch_up()
            assert await checksums(read.store) == mended
