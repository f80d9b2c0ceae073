"""Waiting for a position, and being told when it is reached."""

import asyncio

from application.ports.event_store import Position
from projections.running.progress import Progress, RunnerStats


async def test_a_position_that_is_reached_is_not_waited_for() -> None:
    progress = Progress()
    progress.reach(Position(5), 70)
    assert await progress.await_position(Position(5), 0)
    assert (progress.position, progress.at_us) == (5, 70)


async def test_waiting_ends_when_the_position_is_reached_or_passed() -> None:
    progress = Progress()
    waiting = asyncio.create_task(progress.await_position(Position(5), 10))
    await asyncio.sleep(0)
    progress.reach(Position(4), 1)
    await asyncio.sleep(0)
    assert not waiting.done()
    progress.reach(Position(9), 2)
    assert await waiting


async def test_waiting_ends_when_time_is_up() -> None:
    progress = Progress()
    assert not await progress.await_position(Position(5), 0.01)


async def test_a_reader_who_went_away_holds_nobody_up() -> None:
    progress = Progress()
    gone = asyncio.create_task(progress.await_position(Position(3), 10))
    staying = asyncio.create_task(progress.await_position(Position(4), 10))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    progress.reach(Position(4), 1)
    assert await staying


def test_there_is_no_lag_once_the_projector_has_caught_up() -> None:
    assert RunnerStats(caught_up=True, last_event_at_us=5).lag_us(1_000) == 0
    assert RunnerStats(caught_up=False, last_event_at_us=5).lag_us(1_000) == 995


async def test_readers_who_gave_up_leave_nothing_behind() -> None:
    progress = Progress()
    for position in range(1_000):
        assert not await progress.await_position(Position(10**9 + position), 0)
    assert len(progress._waiting) <= 1


def test_what_stands_still_is_as_old_as_what_was_last_seen() -> None:
    for trouble in ({"unavailable": "away"}, {"failed": "fault"}, {"halted": {"balances": "poison"}}):
        stats = RunnerStats(caught_up=True, last_event_at_us=5, **trouble)  # type: ignore[arg-type]
        assert stats.lag_us(1_000) == 995


async def test_who_waits_for_a_position_is_woken_by_that_very_one() -> None:
    progress = Progress()
    waiting = asyncio.ensure_future(progress.await_position(Position(5), 60))
    await asyncio.sleep(0)
    progress.reach(Position(4), 0)
    await asyncio.sleep(0)
    assert not waiting.done()
    progress.reach(Position(5), 0)
    for _ in range(5):
        await asyncio.sleep(0)
    assert waiting.done()
    assert await waiting
