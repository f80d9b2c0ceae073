"""When a snapshot is due, and which are kept."""

from itertools import pairwise

import pytest

from application.snapshots.policy import (
    EVENTS_MIN,
    PATIENCE_US,
    SHARE,
    SHARE_WITHOUT_HISTORY,
    SPACING,
    Pace,
    should_snapshot,
    snapshot_interval,
    superseded,
)


def test_more_than_a_hundred_events_since_the_last_one_make_a_snapshot_due() -> None:
    assert not should_snapshot(100, events_per_s=0.0, cost_s=0.0)
    assert should_snapshot(101, events_per_s=0.0, cost_s=0.0)


@pytest.mark.parametrize("events_per_s", [0.0, 0.1, 10.0, 1_000.0, 50_000.0])
@pytest.mark.parametrize("cost_s", [0.0, 0.001, 0.05])
def test_snapshots_never_take_more_than_their_share_of_the_time(events_per_s: float, cost_s: float) -> None:
    events = snapshot_interval(events_per_s, cost_s)
    assert events >= EVENTS_MIN
    if events_per_s:
        between_s = events / events_per_s
        assert cost_s / between_s <= SHARE * 1.000001


def test_the_interval_grows_with_the_rate_of_events_and_with_the_cost() -> None:
    intervals = [snapshot_interval(rate, 0.01) for rate in (0, 100, 1_000, 10_000)]
    assert intervals == sorted(intervals)
    assert intervals[-1] > intervals[0]
    assert snapshot_interval(10_000, 0.02) > snapshot_interval(10_000, 0.01)


def test_streams_that_are_as_busy_have_as_many_snapshots() -> None:
    pace, since, taken = Pace(0.05), [0] * 4, [0] * 4
    for now_us in range(0, 20_000_000, 1_000):
        for stream in range(4):
            since[stream] += 3
            if pace.allows(now_us, since[stream]):
                pace.spent(now_us, 20_000)
                taken[stream] += 1
                since[stream] = 0
    assert sum(taken) == pytest.approx(50, abs=1)
    assert min(taken) >= max(taken) - 2


def test_a_turn_is_not_kept_for_long_for_a_stream_that_has_gone_quiet() -> None:
    pace = Pace(0.05)
    pace.spent(0, 50_000)
    assert not pace.allows(999_999, 1_000_000)
    assert not pace.allows(1_000_000, 200)
    assert not pace.allows(1_000_000 + PATIENCE_US - 1, 200)
    assert pace.allows(1_000_000 + PATIENCE_US, 200)


@pytest.mark.parametrize("share", [SHARE, SHARE_WITHOUT_HISTORY])
def test_all_streams_together_never_take_more_than_their_share_of_the_time(share: float) -> None:
    pace, now_us, spent_us = Pace(share), 0, 0
    for cost_us in (700, 20_000, 5, 9_000, 3_000) * 20:
        while not pace.allows(now_us, 0):
            now_us += 1_000
        pace.spent(now_us, cost_us // 3)
        now_us += 1_000
        pace.spent(now_us, cost_us - cost_us // 3)
        spent_us += cost_us
    while not pace.allows(now_us, 0):
        now_us += 1_000
    assert 0.8 * share <= spent_us / now_us <= share * 1.0001


def test_of_a_history_the_first_snapshot_in_every_stretch_and_the_latest_stay() -> None:
    taken = list(range(100, 5 * SPACING, 150))
    kept = [revision for revision in taken if revision not in superseded(taken, history=True)]
    assert kept[-1] == taken[-1]
    assert [revision // SPACING for revision in kept[:-1]] == [0, 1, 2, 3, 4]
    assert all(later - earlier < 2 * SPACING for earlier, later in pairwise(kept))


def test_a_stretch_begins_with_its_very_first_event() -> None:
    edges = [0, SPACING - 1, SPACING, 2 * SPACING - 1, 2 * SPACING, 3 * SPACING]
    assert superseded(edges, history=True) == [SPACING - 1, 2 * SPACING - 1]


def test_thinning_again_and_again_keeps_the_same_as_thinning_once() -> None:
    kept: list[int] = []
    taken = list(range(130, 6 * SPACING, 130))
    for revision in taken:
        kept = [each for each in [*kept, revision] if each not in superseded([*kept, revision], history=True)]
    assert kept == [each for each in taken if each not in superseded(taken, history=True)]


def test_without_a_history_only_the_latest_two_stay() -> None:
    assert superseded([100, 200, 300, 400], history=False) == [100, 200]
    assert superseded([100], history=False) == []
    assert superseded([], history=True) == []
