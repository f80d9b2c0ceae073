"""Makes or migrates the tables of a read model, in a process of its own: ``file|server DATABASE``."""

import asyncio
import sys
from pathlib import Path

from adapters.clock import SystemClock
from adapters.read_models.opening import open_store


async def main(kind: str, database: str) -> None:
    async with open_store(Path(database) if kind == "file" else database, SystemClock()) as (store, _):
        assert await store.fetch("SELECT COUNT(*) FROM checkpoints", {}) == [(0,)]


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
