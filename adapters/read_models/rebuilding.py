"""Rebuilds projections in whichever database they are kept."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from adapters.read_models.opening import ReadStore
from adapters.read_models.queries.answers import SqlAnswers
from adapters.read_models.sqlite.rebuilding import SqliteRebuild
from application.ports.clock import Clock
from application.ports.codec import EventCodec, UnreadableEvent
from projections.catalog import TABLES, all_projections
from projections.running.log import Log, check_same_log
from projections.running.projection import Projection
from projections.running.rebuilder import ProjectionRebuilder, RebuildProgress, RebuildStore
from projections.running.store import ReadModelOfAnotherLog, ReadModelOutdated


class UnknownProjection(ValueError):
    """There is no projection of that name; the message says which there are."""


async def rebuild(
    database: Path | str,
    names: Sequence[str] = (),
    *,
    log: Log,
    codec: EventCodec,
    clock: Clock,
    resume: bool,
    on_progress: Callable[[RebuildProgress], None],
) -> RebuildProgress:
    """Rebuild the named projections, or all, and swap them in; readers are served throughout.

    Stopped at any point, it leaves the rows in use as they are, and goes on from there with ``resume``.
    Raises :class:`UnknownProjection`, :class:`application.ports.codec.UnreadableEvent` for a log that this
    version does not know, or :class:`projections.running.rebuilder.RebuildHalted`.
    """
    wanted = tuple(names) or tuple(TABLES)
    for name in wanted:
        if name not in TABLES:
            raise UnknownProjection(f"there is no projection {name!r}, only {', '.join(TABLES)}")
    async with _beside(database, resume=resume) as store:
        # Projections are asked nothing while they are rebuilt: any way to search will do.
        answers = SqlAnswers(store.beside, clock, search="")
        chosen = [each for each in all_projections(answers) if each.name in wanted]
        await _check_left_over(store, chosen, log)
        return await ProjectionRebuilder(
            store=store, log=log, codec=codec, projections=chosen, on_progress=on_progress
        ).run()


class _Rebuild(RebuildStore, Protocol):
    @property
    def beside(self) -> ReadStore: ...

    async def close(self, *, done: bool) -> None: ...


@asynccontextmanager
async def _beside(database: Path | str, *, resume: bool) -> AsyncIterator[_Rebuild]:
    store = await _open(database, resume=resume)
    done = False
    try:
        yield store
        done = True
    except UnreadableEvent:
        done = True  # this version has nothing to go on with
        raise
    finally:
        await store.close(done=done)


async def _open(database: Path | str, *, resume: bool) -> _Rebuild:
    if isinstance(database, Path):
        return SqliteRebuild(database, resume=resume)
    from adapters.read_models.postgres.rebuilding import PostgresRebuild  # noqa: PLC0415

    store = PostgresRebuild(database)
    await store.open(resume=resume)
    return store


async def _check_left_over(store: _Rebuild, chosen: Sequence[Projection], log: Log) -> None:
    """Refuse to go on with rows that an interrupted rebuild of another version, or log, left."""
    async with store.beside.transaction() as transaction:
        left = await transaction.checkpoints()
    for projection in chosen:
        mark = left.get(projection.name)
        if mark is not None and mark.version != projection.version:
            raise ReadModelOutdated(
                f"the interrupted rebuild of {projection.name} was by another version of Presage: "
                "start over without --resume"
            )
    try:
        await check_same_log(log, left, [projection.name for projection in chosen])
    except ReadModelOfAnotherLog as error:
        raise ReadModelOfAnotherLog(
            "the interrupted rebuild was of another log, or of this one before it was restored: start over "
            "without --resume"
        ) from error
