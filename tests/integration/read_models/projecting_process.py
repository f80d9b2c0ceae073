"""A projector, or a rebuild, in a process of its own, to be killed: ``project|rebuild LOG READ_DB``."""

import asyncio
import sys
from pathlib import Path

import projections.running.rebuilder
import projections.running.runner
from adapters.clock import SystemClock
from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.sqlite_view import SqliteLogView
from adapters.read_models.opening import open_read_models
from adapters.read_models.rebuilding import rebuild


async def main(what: str, log_path: Path, database: Path) -> None:
    # Small bites, so that there are many places to be killed at.
    projections.running.runner.BATCH = projections.running.rebuilder.BATCH = 25
    log, codec, clock = SqliteLogView.open(log_path), JsonCodec(), SystemClock()
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    if what == "rebuild":
        await rebuild(database, log=log, codec=codec, clock=clock, resume=True, on_progress=lambda _: None)
    else:
        async with open_read_models(database, source=log, codec=codec, clock=clock) as reads:
            assert await reads.models.freshness.await_position(await log.head(), 60)
    await log.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
