"""The formula, the simulation and a real cache agree about hits and staleness."""

import math

import pytest

from adapters.caches.memory import MemoryCache
from application.capacity.cache_hits import Outcome, Policy, Traffic, expected, measure, moments, simulate

TRAFFIC = Traffic()
TTL = Policy(ttl_s=5)
EVENTS = Policy(invalidated=True)
BOTH = Policy(ttl_s=60, invalidated=True)
MINUTES, SEED = 30, 15


def test_a_time_to_live_of_five_seconds_hits_833_times_of_834() -> None:
    outcome = expected(TTL, TRAFFIC)
    assert outcome.hit_rate == pytest.approx(1 - 1 / (1 + 10_000 / 60 * 5))
    assert outcome.computed_per_min == pytest.approx(12, rel=0.002)


def test_invalidation_by_events_misses_once_for_nearly_every_change_and_is_never_stale() -> None:
    outcome = expected(EVENTS, TRAFFIC)
    assert outcome.hit_rate == pytest.approx(10_000 / 10_050)
    assert outcome.stale_rate == outcome.behind_s == 0


def test_three_of_four_answers_are_stale_with_a_time_to_live_alone() -> None:
    outcome = expected(TTL, TRAFFIC)
    assert outcome.stale_rate == pytest.approx(0.763, abs=0.001)
    assert outcome.behind_s == pytest.approx(1.58, abs=0.01)


def test_a_value_that_nothing_removes_has_no_long_run() -> None:
    with pytest.raises(ValueError, match="stale for ever"):
        expected(Policy(), TRAFFIC)


@pytest.mark.parametrize("policy", [TTL, EVENTS, BOTH], ids=str)
async def test_formula_simulation_and_a_real_cache_agree(policy: Policy) -> None:
    clock_s = 0.0

    def set_clock_s(now_s: float) -> None:
        nonlocal clock_s
        clock_s = now_s

    cache = MemoryCache(now_s=lambda: clock_s)
    measured = await measure(policy, TRAFFIC, cache, set_clock_s, minutes=3, seed=SEED)
    assert measured == simulate(policy, TRAFFIC, minutes=3, seed=SEED)
    assert_close(simulate(policy, TRAFFIC, minutes=MINUTES, seed=SEED), expected(policy, TRAFFIC))


def assert_close(simulated: Outcome, formula: Outcome) -> None:
    # The number of misses in so many minutes strays by its square root.
    misses = formula.computed_per_min * MINUTES
    assert simulated.computed_per_min * MINUTES == pytest.approx(misses, abs=4 * math.sqrt(misses))
    assert simulated.hit_rate == pytest.approx(formula.hit_rate, abs=0.001)
    assert simulated.stale_rate == pytest.approx(formula.stale_rate, abs=0.03)
    assert simulated.behind_s == pytest.approx(formula.behind_s, abs=0.15)


def test_chance_makes_as_many_reads_and_changes_as_the_traffic_has() -> None:
    happened = list(moments(TRAFFIC, MINUTES, SEED))
    changes = sum(change for _, change in happened)
    assert changes == pytest.approx(50 * MINUTES, rel=0.1)
    assert len(happened) - changes == pytest.approx(10_000 * MINUTES, rel=0.005)  # three deviations
    times = [now_s for now_s, _ in happened]
    assert times == sorted(times)
    assert (times[0], times[-1]) == (pytest.approx(0, abs=0.1), pytest.approx(MINUTES * 60, abs=0.1))


def test_every_read_either_hits_or_computes() -> None:
    outcome = simulate(TTL, TRAFFIC, minutes=MINUTES, seed=SEED)
    reads = sum(not change for _, change in moments(TRAFFIC, MINUTES, SEED))
    assert outcome.hit_rate * reads + outcome.computed_per_min * MINUTES == pytest.approx(reads)


def test_where_nothing_changes_nothing_is_stale_and_only_the_first_read_computes() -> None:
    quiet = Traffic(changes_per_min=0.0)
    reads = len(list(moments(quiet, 3, SEED)))
    assert simulate(Policy(), quiet, minutes=3, seed=SEED) == Outcome(
        hit_rate=(reads - 1) / reads, stale_rate=0.0, behind_s=0.0, computed_per_min=1 / 3
    )


def test_both_together_miss_once_for_a_change_and_once_for_a_quiet_minute() -> None:
    # A life ends with the next change, or after a minute: 50 changes in a minute leave hardly a quiet one.
    outcome = expected(Policy(ttl_s=1.0, invalidated=True), TRAFFIC)
    life_s = (1 - math.exp(-50 / 60)) / (50 / 60)
    assert outcome.hit_rate == pytest.approx(1 - 1 / (1 + 10_000 / 60 * life_s))
    assert outcome.computed_per_min == pytest.approx(10_000 * (1 - outcome.hit_rate))


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (TTL, "TTL 5 s"),
        (EVENTS, "invalidated by events"),
        (BOTH, "invalidated by events and TTL 60 s"),
        (Policy(), ""),
    ],
)
def test_a_policy_says_what_it_is(policy: Policy, words: str) -> None:
    assert str(policy) == words
