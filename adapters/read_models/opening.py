"""Opens the read models of an exchange: a store, its projector, and what readers ask."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from adapters.read_models.queries.answers import SqlAnswers
from adapters.read_models.queries.board import read_board
from adapters.read_models.queries.reader import Reader
from adapters.read_models.sqlite import statements as in_sqlite
from adapters.read_models.sqlite.store import SqliteReadStore
from application.ports.clock import Clock
from application.ports.codec import EventCodec
from application.ports.event_store import LogSubscriber
from application.ports.order_keys import OrderKeys
from projections.catalog import all_projections, check_versions
from projections.live_markets import LiveBooks, LiveMarkets
from projections.market_board import MarketBoard
from projections.progress import Progress, RunnerStats
from projections.queries import ReadModels
from projections.runner import ProjectionRunner
from projections.store import ProjectionStore

log = logging.getLogger(__name__)


class ReadStore(ProjectionStore, Reader, Protocol):
    """A database of read models, to be written and to be asked."""

    async def close(self) -> None:
        """Release files and connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReadModels:
    """What the exchange uses of its read models, while they are open."""

    models: ReadModels
    order_keys: OrderKeys
    stats: RunnerStats


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
    database: Path | str, *, source: LogSubscriber, codec: EventCodec, clock: Clock
) -> AsyncIterator[OpenReadModels]:
    """Open the read models and keep them up to date until the end of the block.

    Raises :class:`projections.store.ReadModelOutdated` or :class:`projections.store.ReadModelDamaged` for
    rows that cannot be used; the message says how to rebuild them.
    """
    async with open_store(database, clock) as (store, answers):
        projections = all_projections(answers)
        async with store.transaction() as transaction:
            check_versions(projections, await transaction.checkpoints())
        board = MarketBoard(clock)
        board.restore(await read_board(store, clock.now_us()))
        progress = Progress()
        runner = ProjectionRunner(
            store=store,
            source=source,
            codec=codec,
            projections=projections,
            progress=progress,
            listeners=[board],
        )
        running = asyncio.create_task(runner.run(), name="projections")
        running.add_done_callback(_say_why)
        try:
            yield OpenReadModels(
                models=ReadModels(
                    markets=LiveMarkets(board, answers.markets),
                    books=LiveBooks(board, answers.books),
                    orders=answers.orders,
                    portfolio=answers.portfolio,
                    keys=answers.keys,
                    leaderboard=answers.leaderboard,
                    freshness=progress,
                ),
                order_keys=answers.order_keys,
                stats=runner.stats,
            )
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await running


def _say_why(running: asyncio.Task[None]) -> None:
    if not running.cancelled() and running.exception() is not None:
        log.critical("projections stopped for good", exc_info=running.exception())
