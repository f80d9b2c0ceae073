"""The write-ahead log of read models in SQLite is carried over now and then: it neither grows nor stalls."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.read_models.sqlite.store import CARRIED_ROWS, LOG_ROWS, SqliteReadStore
from projections.leaderboard import STAKES, StakeRow

ROWS_AT_ONCE = 100


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Note when the log is carried over."""
    carried: list[Path] = []
    carry = SqliteReadStore._carry_now

    def noted(store: SqliteReadStore) -> None:
        carried.append(store.path)
        carry(store)

    monkeypatch.setattr(SqliteReadStore, "_carry_now", noted)
    return carried


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteReadStore]:
    store = SqliteReadStore(tmp_path / "read.db")
    yield store
    await store.close()


async def write(store: SqliteReadStore, rows: int) -> None:
    for first in range(0, rows, ROWS_AT_ONCE):
        async with store.transaction() as transaction:
            numbers = range(first, first + ROWS_AT_ONCE)
            rows_here = [StakeRow(f"{number * 7_919 % rows:09d}", "M", 1, 2, 3, 4, 5) for number in numbers]
            await transaction.upsert(STAKES, rows_here)
        await asyncio.sleep(0)  # as the projector does between batches


async def test_the_log_stays_small_however_much_is_written(store: SqliteReadStore) -> None:
    log = store.path.with_name("read.db-wal")
    await write(store, LOG_ROWS)
    once = log.stat().st_size
    for _ in range(4):
        await write(store, LOG_ROWS)
    assert log.stat().st_size < 2 * once


async def test_a_large_log_is_not_carried_over_again_and_again(
    store: SqliteReadStore, carried: list[Path]
) -> None:
    await write(store, 2 * LOG_ROWS)
    # Beside the writer now and then; and what is left, in two goes, each time the log is to begin again.
    assert 2 <= len(carried) <= 2 * LOG_ROWS / CARRIED_ROWS + 4


async def test_what_was_written_while_the_log_was_carried_over_is_there(store: SqliteReadStore) -> None:
    await write(store, 3 * CARRIED_ROWS)
    [(count,)] = await store.fetch("SELECT COUNT(*) FROM leaderboard_stakes", {})
    assert count == 3 * CARRIED_ROWS
