"""Tells a process that only reads how far the projector of its database has come."""

import asyncio
import logging
from contextlib import suppress

import psycopg

from adapters.read_models.postgres.connections import SCHEMA, connect, target
from adapters.read_models.postgres.statements import LISTEN, PROGRESS
from application.ports.event_store import Position
from projections.progress import Progress

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often to look even if nobody calls."""

PAUSE_S = 0.5


async def follow_progress(address: str, progress: Progress, *, schema: str = SCHEMA) -> None:
    """Keep ``progress`` up to date until cancelled: the projector calls at every commit."""
    while True:
        try:
            await _listen(address, progress, schema)
        except psycopg.OperationalError as error:
            log.warning("no word from the database at %s: %s", target(address), str(error).strip())
            await asyncio.sleep(PAUSE_S)


async def _listen(address: str, progress: Progress, schema: str) -> None:
    async with await connect(address, schema) as connection:
        await connection.execute(LISTEN)
        while True:
            row = await (await connection.execute(PROGRESS)).fetchone()
            if row is not None and row[0] > progress.position:
                progress.reach(Position(row[0]), row[1])
            with suppress(TimeoutError):
                async for _call in connection.notifies(timeout=LOOK_S, stop_after=1):
                    pass
