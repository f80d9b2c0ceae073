"""Opens the read models of an exchange: a store, its projector, and what readers ask."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from adapters.read_models.checkpoints import CHECKPOINTS, by_name
from adapters.read_models.following import DistantProjector
from adapters.read_models.queries.answers import SqlAnswers
from adapters.read_models.queries.board import read_board
from adapters.read_models.queries.reader import Reader
from adapters.read_models.sqlite import following as by_looking
from adapters.read_models.sqlite import statements as in_sqlite
from adapters.read_models.sqlite.store import SqliteReadStore
from application.health import Health, Pauses, Trouble, kept_running
from application.ports.clock import Clock
from application.ports.codec import EventCodec
from application.ports.key_index import KeyIndex
from application.ports.tracing import NO_SPANS, Spans
from application.streams import EXCHANGE
from domain.ledger.state import KnownOrder
from projections.catalog import all_projections, check_versions
from projections.live.live_markets import LiveBooks, LiveMarkets
from projections.live.market_board import MarketBoard
from projections.live.trade_audit import TradeAudit
from projections.reading.changes import Changes
from projections.reading.queries import Freshness, ReadModels
from projections.running.follower import Follower, SlowestOf
from projections.running.log import Log, check_same_log
from projections.running.progress import Progress, RunnerStats
from projections.running.projection import Projection
from projections.running.runner import PART, Listener, ProjectionRunner
from projections.running.store import (
    ProjectionStore,
    ReadModelBusy,
    ReadModelOfAnotherLog,
    ReadModelOutdated,
    ReadModelUnavailable,
)


class ReadStore(ProjectionStore, Reader, Protocol):
    """A database of read models, to be written and to be asked."""

    async def close(self) -> None:
        """Release files and connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReadModels:
    """What the exchange uses of its read models, while they are open."""

    models: ReadModels
    order_keys: KeyIndex[KnownOrder]
    transfer_keys: KeyIndex[int]
    changes: Changes
    stats: RunnerStats
    audit: TradeAudit
    board: MarketBoard


@asynccontextmanager
async def open_store(database: Path | str, clock: Clock) -> AsyncIterator[tuple[ReadStore, SqlAnswers]]:
    """Open the store that a path (SQLite) or an address (PostgreSQL) names, and what answers from it."""
    async with _store(database) as (store, search):
        yield store, SqlAnswers(store, clock, search)


def _store(database: Path | str) -> AbstractAsyncContextManager[tuple[ReadStore, str]]:
    if isinstance(database, Path):
        return _sqlite(database)
    from adapters.read_models.postgres.opening import postgres  # noqa: PLC0415 - only where it is used

    return postgres(database)


@asynccontextmanager
async def _sqlite(path: Path) -> AsyncIterator[tuple[ReadStore, str]]:
    store = SqliteReadStore(path)
    try:
        yield store, in_sqlite.SEARCH
    finally:
        await store.close()


@asynccontextmanager
async def open_read_models(
    database: Path | str,
    *,
    source: Log,
    codec: EventCodec,
    clock: Clock,
    health: Health | None = None,
    spans: Spans = NO_SPANS,
) -> AsyncIterator[OpenReadModels]:
    """Open the read models and keep them up to date until the end of the block.

    Raises :class:`projections.running.store.ReadModelOutdated` or
    :class:`projections.running.store.ReadModelDamaged` for rows that cannot be used; the message says how to
    rebuild them. What goes wrong later is reported to ``health``.
    """
    health = health or Health()
    async with open_store(database, clock) as (store, answers):
        board, progress = MarketBoard(clock), Progress()
        changes, audit = Changes(progress), TradeAudit(clock)
        runner = await _projector(
            store, answers, source, codec, progress, health, clock, [board, changes, audit], spans
        )

        async def restore() -> None:
            board.restore(await read_board(store, clock.now_us()))

        await restore()

        async def keep_up() -> None:
            await _keep_up_to_date(runner, restore)

        async with _running(kept_running(keep_up, health=health, part=PART, code=Trouble.PROJECTOR_FAILED)):
            yield _opened(answers, board, progress, changes, runner.stats, audit)


@asynccontextmanager
async def open_projector(
    database: Path | str, *, source: Log, codec: EventCodec, clock: Clock, spans: Spans = NO_SPANS
) -> AsyncIterator[ProjectionRunner]:
    """Open a projector by itself, for readers in other processes. Raises as :func:`open_read_models` does."""
    async with open_store(database, clock) as (store, answers):
        yield await _projector(store, answers, source, codec, Progress(), Health(), clock, spans=spans)


@asynccontextmanager
async def open_readers(
    database: Path | str, *, source: Log, codec: EventCodec, clock: Clock, health: Health | None = None
) -> AsyncIterator[OpenReadModels]:
    """Open read models that a projector in another process keeps up to date.

    Books and prices are followed in this process, from where the rows stand.
    """
    health = health or Health()
    async with open_store(database, clock) as (store, answers):
        await _check(store, all_projections(answers), source, codec)
        here = Progress()
        projector = DistantProjector(store, here, source, health, clock)
        await projector.look()
        # Known before the rows of the board are read: what they hold already, it passes over.
        since = projector.progress.position
        board = MarketBoard(clock)
        board.restore(await read_board(store, clock.now_us()))
        both = SlowestOf(here, projector.progress)
        changes, audit = Changes(both), TradeAudit(clock)
        follower = Follower(
            source=source,
            codec=codec,
            listeners=[board, changes, audit, projector],
            progress=here,
            health=health,
        )

        async def watch() -> None:
            await projector.follow(_calls(database, here, projector.progress))

        async def follow() -> None:
            await follower.run(max(since, here.position))

        async with (
            _running(kept_running(watch, health=health, part=projector.part)),
            _running(kept_running(follow, health=health, part=follower.part)),
        ):
            yield _opened(answers, board, both, changes, projector.stats, audit)


def _calls(database: Path | str, log_end: Progress, projector: Progress) -> AsyncGenerator[None, None]:
    if isinstance(database, Path):
        return by_looking.looks(log_end, projector)
    from adapters.read_models.postgres.following import calls  # noqa: PLC0415

    return calls(database)


async def _projector(
    store: ReadStore,
    answers: SqlAnswers,
    source: Log,
    codec: EventCodec,
    progress: Progress,
    health: Health,
    clock: Clock,
    listeners: Sequence[Listener] = (),
    spans: Spans = NO_SPANS,
) -> ProjectionRunner:
    projections = all_projections(answers)
    await _check(store, projections, source, codec)
    return ProjectionRunner(
        store=store,
        source=source,
        codec=codec,
        projections=projections,
        progress=progress,
        health=health,
        listeners=listeners,
        clock=clock,
        spans=spans,
    )


def _opened(
    answers: SqlAnswers,
    board: MarketBoard,
    freshness: Freshness,
    changes: Changes,
    stats: RunnerStats,
    audit: TradeAudit,
) -> OpenReadModels:
    return OpenReadModels(
        models=ReadModels(
            markets=LiveMarkets(board, answers.markets),
            books=LiveBooks(board, answers.books),
            orders=answers.orders,
            portfolio=answers.portfolio,
            keys=answers.keys,
            leaderboard=answers.leaderboard,
            freshness=freshness,
        ),
        order_keys=answers.order_keys,
        transfer_keys=answers.transfer_keys,
        changes=changes,
        stats=stats,
        audit=audit,
        board=board,
    )


async def _check(store: ReadStore, projections: Sequence[Projection], source: Log, codec: EventCodec) -> None:
    """Refuse rows of another version of Presage, of another exchange, or that go further than the log."""
    marks = by_name(await store.fetch(CHECKPOINTS, {}))
    check_versions(projections, {name: mark.version for name, mark in marks.items()})
    kept = await store.fetch("SELECT founded_at_us FROM exchanges", {})
    if kept and kept[0][0] != await founded_at_us(source, codec):
        raise ReadModelOfAnotherLog(
            "the read model was made from the log of another exchange: use a database of its own for each, "
            "or run `presage rebuild --all` to replace what is there"
        )
    await check_same_log(source, marks, marks)


async def founded_at_us(source: Log, codec: EventCodec) -> int | None:
    """Return when the exchange was founded, which tells it from others; ``None`` if it is not yet."""
    async for page in source.read_stream(EXCHANGE, limit=1):
        for stored in page:
            return codec.decode(stored).cause.at_us
    return None


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run something beside the block and stop it at its end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep_up_to_date(runner: ProjectionRunner, restore: Callable[[], Awaitable[None]]) -> None:
    """Run a projector; rows that it cannot use are tried again, for somebody may have rebuilt them."""
    pauses = Pauses()
    while True:
        with suppress(ReadModelOutdated):  # which it has told
            await runner.run()
        await asyncio.sleep(pauses.next_s())
        with suppress(ReadModelBusy, ReadModelUnavailable):
            await restore()
