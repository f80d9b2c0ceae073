"""``kill -9`` of the projector, and of a rebuild, in the middle of its work."""

import asyncio
import os
import random
import sys
from pathlib import Path

import pytest

from adapters.event_stores.sqlite import SqliteEventStore
from adapters.read_models.opening import open_store
from tests.integration.read_models.checksums import checksums
from tests.integration.read_models.projecting import projected
from tests.integration.read_models.random_flow import random_flow

KILLS = 100 if os.environ.get("PRESAGE_SOAK") == "1" else 6
ROOT = Path(__file__).parents[3]
CHILD = Path(__file__).parent / "projecting_process.py"


async def let_live(what: str, log: Path, database: Path, seconds: float | None) -> bool:
    """Start a process, kill it after so long, and return whether it had finished before."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(CHILD),
        what,
        str(log),
        str(database),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    assert await child.stdout.readline() == b"begun\n"
    if seconds is not None:
        await asyncio.sleep(seconds)
        if child.returncode is None:
            child.kill()
    return await child.wait() == 0


@pytest.mark.parametrize("what", ["project", "rebuild"])
async def test_rows_are_right_however_often_the_process_is_killed(tmp_path: Path, what: str) -> None:
    pick = random.Random(60)
    log_path, database = tmp_path / "log.db", tmp_path / "killed.db"
    log = SqliteEventStore.open(log_path)
    async with random_flow(61, log=log) as flow:
        await flow.trade(400)
        await flow.resolve()
        await flow.close()
        async with projected(tmp_path / "unharmed.db", flow) as read:
            await read.catch_up()
            expected = await checksums(read.store)
        killed = 0
        while killed < KILLS and not await let_live(what, log_path, database, pick.uniform(0.0, 0.08)):
            killed += 1
        assert killed >= 2, "it finished too soon to be killed"
        assert await let_live(what, log_path, database, None)
        async with open_store(database, flow.clock) as (store, _):
            assert await checksums(store) == expected
