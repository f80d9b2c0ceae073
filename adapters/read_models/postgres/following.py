"""Says when it is worth looking at a database that another process writes: the projector calls."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import suppress

import psycopg

from adapters.read_models.postgres.connections import SCHEMA, connect, target
from adapters.read_models.postgres.statements import LISTEN

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often to look even if nobody calls."""

PAUSE_S = 0.5


async def calls(address: str, *, schema: str = SCHEMA) -> AsyncGenerator[None, None]:
    """Yield at every commit of the projector, and now and then."""
    while True:
        try:
            async with await connect(address, schema) as connection:
                await connection.execute(LISTEN)
                while True:
                    yield
                    with suppress(TimeoutError):
                        async for _call in connection.notifies(timeout=LOOK_S, stop_after=1):
                            pass
        except psycopg.OperationalError as error:
            log.warning("no word from the database at %s: %s", target(address), str(error).strip())
            yield
            await asyncio.sleep(PAUSE_S)
