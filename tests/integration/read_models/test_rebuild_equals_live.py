"""However the rows came about, they are the same: live, after kills, with repetitions, rebuilt, resumed."""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from adapters.read_models.opening import open_store
from adapters.read_models.rebuilding import UnknownProjection, rebuild
from application.ports.event_store import Page, Position, RecordedEvent
from projections.catalog import TABLES, all_projections
from projections.running.batch import Batch, batches
from projections.running.progress import Progress
from projections.running.rebuilder import RebuildProgress
from projections.running.rows import Rows
from projections.running.runner import ProjectionRunner
from tests.integration.read_models.checksums import checksums
from tests.integration.read_models.conftest import Database
from tests.integration.read_models.projecting import projected
from tests.integration.read_models.random_flow import Flow, random_flow

CODEC = JsonCodec()


async def whole_log(log: MemoryEventStore) -> Sequence[RecordedEvent]:
    return [event async for page in log.read_all() for event in page.events]


async def project(
    database: Database, flow: Flow, delivered: Sequence[Sequence[RecordedEvent]], *, kept: int | None = None
) -> None:
    """Let a new projector take in some deliveries, perhaps keeping only so many rows in memory."""
    async with open_store(database, flow.clock) as (store, answers):
        projections = all_projections(answers)
        for part in (part for each in projections for part in each.parts):
            if isinstance(part, Rows) and kept is not None:
                part._kept = kept
        runner = ProjectionRunner(
            store=store,
            source=flow.log,
            codec=CODEC,
            projections=projections,
            progress=Progress(),
        )
        for events in delivered:
            entries = [CODEC.decode(event) for event in events]
            position = max(event.position for event in events)
            await runner.take(Batch(entries, position, caught_up=False))


async def sums_of(database: Database, flow: Flow) -> dict[str, str]:
    async with open_store(database, flow.clock) as (store, _):
        return await checksums(store)


async def in_one_go(flow: Flow, events: Sequence[RecordedEvent]) -> dict[str, str]:
    """Return what the rows are when nothing ever goes wrong."""
    with tempfile.TemporaryDirectory() as folder:
        await project(Path(folder) / "read.db", flow, [events])
        return await sums_of(Path(folder) / "read.db", flow)


async def traded(flow: Flow, commands: int = 250) -> Sequence[RecordedEvent]:
    await flow.trade(commands)
    await flow.resolve()
    await flow.close()
    return await whole_log(flow.log)


@pytest.mark.parametrize("seed", [1, 2])
async def test_rows_are_the_same_after_kills_and_with_a_tenth_delivered_again(
    database: Database, tmp_path: Path, seed: int
) -> None:
    async with random_flow(seed) as flow:
        events = await traded(flow)
        in_one_go = tmp_path / "in-one-go.db"
        await project(in_one_go, flow, [events])

        pick = random.Random(seed)
        start = 0
        while start < len(events):
            # One life of the projector: some pages, each perhaps with events that were delivered before.
            pages = []
            for _ in range(pick.randint(1, 4)):
                stop = min(len(events), start + pick.choice((1, 3, 40, 200)))
                again = max(0, start - (stop - start) // 10 - pick.randint(0, 2))
                pages.append(events[again:stop])
                start = stop
            await project(database, flow, [page for page in pages if page])

        assert await sums_of(database, flow) == await sums_of(in_one_go, flow)


async def test_rows_are_the_same_when_next_to_nothing_fits_in_memory(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with random_flow(11) as flow:
        events = await traded(flow, 150)
        expected = await in_one_go(flow, events)
        monkeypatch.setattr("projections.order_book.KEPT_ORDERS", 3)
        await project(database, flow, [events[at : at + 20] for at in range(0, len(events), 20)], kept=2)
        assert await sums_of(database, flow) == expected


async def test_both_databases_hold_the_same_rows(database: Database, tmp_path: Path) -> None:
    async with random_flow(7) as flow:
        events = await traded(flow, 100)
        await project(database, flow, [events])
        await project(tmp_path / "other.db", flow, [events[:100], events[100:]])
        assert await sums_of(database, flow) == await sums_of(tmp_path / "other.db", flow)


async def test_a_transaction_that_fails_leaves_nothing_behind(database: Database) -> None:
    async with random_flow(3) as flow:
        events = await traded(flow, 100)
        await project(database, flow, [events[:300]])
        before = await sums_of(database, flow)
        batch = Batch([CODEC.decode(event) for event in events[300:]], events[-1].position, caught_up=False)
        async with open_store(database, flow.clock) as (store, answers):
            projections = all_projections(answers)
            runner = ProjectionRunner(
                store=store, source=flow.log, codec=CODEC, projections=projections, progress=Progress()
            )
            last = projections[-1]
            save, last.save = last.save, _fail  # type: ignore[method-assign]
            with pytest.raises(PowerCut):
                await runner.take(batch)
            assert await checksums(store) == before
            last.save = save  # type: ignore[method-assign]
            await runner.take(batch)
        assert await sums_of(database, flow) == await in_one_go(flow, events)


class PowerCut(BaseException):
    """The process died: no handler of faults gets to see it."""


async def _fail(_transaction: object) -> None:
    raise PowerCut


async def test_a_rebuild_gives_the_rows_that_are_there(database: Database) -> None:
    async with random_flow(4) as flow:
        events = await traded(flow)
        await project(database, flow, [events])
        before = await sums_of(database, flow)
        said: list[RebuildProgress] = []
        ended = await rebuild(
            database, log=flow.log, codec=CODEC, clock=flow.clock, resume=False, on_progress=said.append
        )
        assert await sums_of(database, flow) == before
        assert ended.swapped
        assert str(ended) == f"Rebuilt {len(events):,} of {len(events):,} events"
        assert all(each.events <= each.total for each in said)
        assert said[0].total == pytest.approx(len(events), rel=0.1)
        assert said[-1].total == len(events)


@pytest.mark.parametrize("name", sorted(TABLES))
async def test_each_projection_is_rebuilt_alone_when_its_rows_are_wrong(tmp_path: Path, name: str) -> None:
    async with random_flow(5) as flow:
        events = await traded(flow, 60)
        await project(tmp_path / "read.db", flow, [events])
        before = await sums_of(tmp_path / "read.db", flow)
        async with open_store(tmp_path / "read.db", flow.clock) as (store, _), store.transaction() as damage:
            for table in TABLES[name]:
                rows = await store.fetch(f"SELECT {', '.join(table.columns)} FROM {table.name}", {})
                await damage.delete(table, [table.key_of(table.row(*row)) for row in rows[1:]])
        await rebuild(
            tmp_path / "read.db",
            [name],
            log=flow.log,
            codec=CODEC,
            clock=flow.clock,
            resume=False,
            on_progress=lambda _: None,
        )
        assert await sums_of(tmp_path / "read.db", flow) == before


async def test_a_rebuild_is_stopped_again_and_again_and_goes_on_where_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.running.rebuilder.BATCH", 80)
    async with random_flow(6) as flow:
        events = await traded(flow)
        await project(database, flow, [events])
        before = await sums_of(database, flow)
        done: list[int] = []
        stopped = 0
        while True:

            def interrupt(progress: RebuildProgress, begun: int = len(done)) -> None:
                done.append(progress.events)
                if not progress.swapped and len(done) - begun == 3:
                    raise KeyboardInterrupt

            try:
                await rebuild(
                    database,
                    ["orders", "portfolio"],
                    log=flow.log,
                    codec=CODEC,
                    clock=flow.clock,
                    resume=True,
                    on_progress=interrupt,
                )
                break
            except KeyboardInterrupt:
                stopped += 1
                assert await sums_of(database, flow) == before
        assert stopped >= 3
        assert done == sorted(done), "what was rebuilt was not rebuilt again"
        assert await sums_of(database, flow) == before


def test_progress_is_told_as_the_exercise_words_it() -> None:
    progress = RebuildProgress(names=("trades",), events=45_000, total=120_000, rate=15_000.0, swapped=False)
    assert str(progress) == "Rebuilt 45,000 of 120,000 events"
    assert progress.left_s == 5.0


class GrowingLog:
    """A log that was shorter when it was read for the first time."""

    def __init__(self, log: MemoryEventStore, end: Position) -> None:
        self._log = log
        self._end: Position | None = end

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def head(self) -> Position:
        return await self._log.head() if self._end is None else self._end

    async def read_all(self, **asked: Any) -> AsyncIterator[Page]:
        end, self._end = self._end, None
        async for page in self._log.read_all(**asked):
            if end is None:
                yield page
                continue
            events = [event for event in page.events if event.position <= end]
            yield Page(events=events, position=min(page.position, end), caught_up=page.position >= end)
            if page.position >= end:
                return


async def test_what_was_projected_since_a_rebuild_asked_for_the_end_is_in_it_before_the_swap(
    database: Database,
) -> None:
    async with random_flow(7) as flow:
        events = await traded(flow, 150)
        await project(database, flow, [events])
        before = await sums_of(database, flow)
        earlier = events[len(events) // 2].position
        ended = await rebuild(
            database,
            log=GrowingLog(flow.log, earlier),
            codec=CODEC,
            clock=flow.clock,
            resume=False,
            on_progress=lambda _: None,
        )
        assert ended.events == len(events)
        assert await sums_of(database, flow) == before


async def test_readers_and_the_projector_go_on_while_a_rebuild_runs_and_swaps(database: Database) -> None:
    async with random_flow(8) as flow:
        events = await traded(flow, 150)
        half = len(events) // 2
        await project(database, flow, [events[:half]])
        async with open_store(database, flow.clock) as (store, answers):
            runner = ProjectionRunner(
                store=store,
                source=flow.log,
                codec=CODEC,
                projections=all_projections(answers),
                progress=Progress(),
            )
            reads = 0

            async def live() -> None:
                nonlocal reads
                for event in events[half:]:
                    entries = [CODEC.decode(event)]
                    await runner.take(Batch(entries, event.position, caught_up=False))
                    assert (await answers.markets.markets()).items
                    reads += 1
                    await asyncio.sleep(0)

            following = asyncio.create_task(live())
            await asyncio.sleep(0)
            await rebuild(
                database,
                log=flow.log,
                codec=CODEC,
                clock=flow.clock,
                resume=False,
                on_progress=lambda _: None,
            )
            await following
            assert reads == len(events) - half
            rebuilt = await checksums(store)
        assert rebuilt == await in_one_go(flow, events)


async def test_a_projection_that_does_not_exist_cannot_be_rebuilt(tmp_path: Path) -> None:
    async with random_flow(9) as flow:
        with pytest.raises(UnknownProjection, match="no projection 'protfolio'"):
            await rebuild(
                tmp_path / "read.db",
                ["protfolio"],
                log=flow.log,
                codec=CODEC,
                clock=flow.clock,
                resume=False,
                on_progress=lambda _: None,
            )


async def test_a_page_is_cut_into_batches_without_losing_its_end() -> None:
    async with random_flow(10) as flow:
        async for page in flow.log.read_all():
            cut = [batch async for batch in batches(page, CODEC, 7)]
            assert [entry.position for batch in cut for entry in batch.entries] == [
                event.position for event in page.events
            ]
            assert cut[-1].position == page.position
            assert [batch.caught_up for batch in cut[:-1]] == [False] * (len(cut) - 1)


async def test_others_have_their_turn_while_a_long_batch_is_taken_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A burst of events is one batch; nobody waits for more than a piece of it at a time."""
    for module in ("projections.running.batch.PIECE", "adapters.read_models.sqlite.transaction.PIECE"):
        monkeypatch.setattr(module, 10)
    async with random_flow(11) as flow:
        await flow.trade(120)
        stored = await whole_log(flow.log)
        page = Page(events=stored, position=stored[-1].position, caught_up=True)
        async with projected(tmp_path / "read.db", flow) as there:
            turns = 0

            async def watch() -> None:
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            watching = asyncio.create_task(watch())
            decoding = [batch async for batch in batches(page, CODEC, len(stored))]
            assert turns >= len(stored) // 10
            turns = 0
            await there.runner.take(decoding[0])
            # Once for each piece in the board, in each projection, and in each table that is written.
            assert turns > 3 * len(stored) // 10
            watching.cancel()
