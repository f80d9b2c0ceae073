"""Waiting for a position, and being told when it is reached."""

import asyncio
from uuid import UUID

import pytest

from adapters.simulation.virtual_time import run_simulated
from application.events import Cause, DomainEvent, Recorded
from application.ports.event_store import START, Position
from domain.market.events import MarketResumed
from projections.running import progress as progress_module
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


def test_what_was_decided_by_a_clock_that_was_set_back_since_is_not_late() -> None:
    assert RunnerStats(last_event_at_us=9, failed="a fault").lag_us(5) == 0


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


def test_a_rate_is_taken_over_a_second_at_least_and_believed_for_five() -> None:
    stats = RunnerStats()
    for events, at_s in ((10, 100.0), (20, 100.5), (30, 101.0), (400, 101.9)):
        stats.took(events, at_s)
    assert stats.rate == 50, "of the second second, the first events began it"
    assert (stats.events, stats.batches) == (460, 4)
    stats.took(0, 102.0)
    assert (stats.rate, stats.batches) == (400, 4)
    assert stats.recent_rate(106.9) == 400
    assert stats.recent_rate(107.0) == 0
    stats.took(80, 106.0)
    assert stats.rate == 20, "over four seconds"


def at(position: int, decided_us: int) -> Recorded[DomainEvent]:
    """Return an event that was decided at a time."""
    cause = Cause(command_id=UUID(int=1), correlation_id=UUID(int=1), at_us=decided_us)
    return Recorded(
        id=UUID(int=position),
        stream="market-M",
        revision=position,
        position=Position(position),
        event=MarketResumed(),
        cause=cause,
    )


def test_how_late_events_became_visible_is_counted_from_a_millisecond_to_half_a_minute() -> None:
    stats, position = RunnerStats(), 0
    bounds_us = (
        1_000,
        2_500,
        5_000,
        10_000,
        25_000,
        50_000,
        100_000,
        250_000,
        1_000_000,
        5_000_000,
        30_000_000,
    )
    for late_us in bounds_us:
        for more_us, times in ((0, 1), (1, 2)):
            stats.decided((at(position := position + 1, 500) for _ in range(times)), since_us=500)
            stats.showed(Position(position), 500 + late_us + more_us)
    assert stats.behind_s.counts == [1] + [3] * 10 + [2]
    stats.decided([at(position + 1, 499)], since_us=500)
    stats.showed(Position(position + 1), 10**9)
    assert stats.behind_s.observations == 33, "what was decided before could not be earlier"
    clock_set_back = RunnerStats()
    clock_set_back.decided([at(1, 500)], since_us=0)
    clock_set_back.showed(Position(1), 400)
    assert clock_set_back.behind_s.total == 0


def test_each_event_is_as_late_as_it_is_itself_and_counts_once() -> None:
    stats = RunnerStats()
    stats.decided([at(1, 0), at(2, 90_000), at(3, 99_500)], since_us=0)
    stats.decided([at(2, 90_000), at(3, 99_500), at(4, 99_900)], since_us=0)
    stats.showed(Position(4), 100_000)
    assert stats.behind_s.observations == 4
    assert [stats.behind_s.at_most(bound) for bound in (0.001, 0.01, 0.1)] == [2, 3, 4]


def test_what_readers_cannot_see_yet_is_not_counted_and_late_once_they_can() -> None:
    stats = RunnerStats()
    stats.decided([at(1, 0), at(2, 0)], since_us=0)
    stats.showed(Position(1), 1_000)
    assert stats.behind_s.observations == 1
    stats.showed(Position(1), 3_000_000)
    stats.showed(Position(2), 4_000_000)
    assert (stats.behind_s.at_most(1.0), stats.behind_s.at_most(5.0)) == (1, 2)


def test_of_very_many_that_cannot_be_seen_the_oldest_count_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress_module, "UNSEEN_MOST", 3)
    stats = RunnerStats()
    stats.decided([at(number, 0) for number in range(1, 6)], since_us=0)
    stats.showed(START, 2_000_000)
    assert stats.behind_s.observations == 2


def test_the_last_event_shown_is_the_latest_that_was_ever_shown() -> None:
    progress = Progress()
    progress.reach(Position(5), 70)
    progress.reach(Position(6), 60)
    assert (progress.position, progress.at_us) == (6, 70)


@pytest.mark.parametrize(("leave", "waiting"), [(2, 4), (3, 1)])
async def test_those_who_left_are_forgotten_once_they_are_more_than_those_who_stay(
    leave: int, waiting: int
) -> None:
    progress = Progress()
    readers = [asyncio.ensure_future(progress.await_position(Position(9), 60)) for _ in range(4)]
    await asyncio.sleep(0)
    for reader in readers[:leave]:
        reader.cancel()
    await asyncio.gather(*readers[:leave], return_exceptions=True)
    assert len(progress._waiting) == waiting
    progress.reach(Position(9), 0)
    assert all(await asyncio.gather(*readers[leave:]))
    assert progress._waiting == []


async def test_of_those_who_left_nobody_is_counted_who_is_forgotten_already() -> None:
    progress = Progress()
    readers = [asyncio.ensure_future(progress.await_position(Position(at), 60)) for at in range(1, 11)]
    await asyncio.sleep(0)

    async def leave(*those: int) -> int:
        for each in those:
            readers[each - 1].cancel()
        await asyncio.gather(*(readers[each - 1] for each in those), return_exceptions=True)
        return len(progress._waiting)

    assert await leave(1, 2, 3, 4) == 10
    progress.reach(Position(4), 0)
    assert await leave(5, 6, 7) == 6, "of those who wait half have left, and not more"
    assert await leave(8) == 2, "now they are forgotten"
    assert await leave(9) == 2, "and do not count again"
    progress.reach(Position(10), 0)
    assert await readers[9]


def test_what_is_reached_in_the_very_moment_in_which_time_is_up_is_reached() -> None:
    async def story() -> None:
        progress, loop = Progress(), asyncio.get_running_loop()
        until_s = loop.time() + 5
        loop.call_at(until_s, progress.reach, Position(7), 0)
        assert await progress.await_position(Position(7), until_s - loop.time())

    run_simulated(story())
