"""Exercise 26: error budgets."""

from fractions import Fraction
from math import inf

import pytest

from application.slo.objectives import (
    AVAILABILITY,
    DEFAULT_SLOS,
    EXACTLY_ONCE,
    ORDER_P99,
    SLO,
    UPTIME,
    BadObjective,
    Unit,
)
from application.slo.tracker import SLOTracker, Tally

NOW = 29_700_000
"""A minute in 2026."""

DAY = 24 * 60


def requests(bad: int, total: int) -> Tally:
    return Tally(good=total - bad, total=total)


def test_the_promises_are_those_of_the_chapter() -> None:
    promised = {slo.name: (slo.target, slo.at_most_s) for slo in DEFAULT_SLOS}
    assert promised == {
        "availability": (Fraction("0.9995"), None),
        "uptime": (Fraction("0.9995"), None),
        "order_latency_p50": (Fraction("0.5"), 0.05),
        "order_latency_p99": (Fraction("0.99"), 0.2),
        "read_models_fresh": (Fraction("0.99"), 0.01),
        "exactly_once": (Fraction(1), None),
    }


def test_what_is_left_of_a_budget_of_requests() -> None:
    tracker = SLOTracker()
    tracker.record("availability", NOW - DAY, requests(12, 60_000))
    tracker.record("availability", NOW, requests(3, 40_000))
    budget = tracker.error_budget("availability", NOW)
    assert (budget.allowed, budget.left, budget.consumed, budget.broken) == (50, 35, 0.3, False)


def test_what_is_left_of_a_budget_of_time_is_that_of_the_whole_window_from_the_first_day() -> None:
    tracker = SLOTracker()
    tracker.record("uptime", NOW, Tally(good=40, total=60))
    budget = tracker.error_budget("uptime", NOW)
    assert budget.allowed == 30 * 86_400 * Fraction("0.0005") == 1_296
    assert (budget.left, round(budget.consumed, 4)) == (1_276, 0.0154)


def test_what_left_the_window_does_not_count_any_more() -> None:
    tracker = SLOTracker()
    tracker.record("availability", NOW, requests(50, 100_000))
    tracker.record("availability", NOW + 20 * DAY, requests(0, 100_000))
    assert tracker.error_budget("availability", NOW + 20 * DAY).left == 50
    assert tracker.error_budget("availability", NOW + 29 * DAY).left == 50
    assert tracker.error_budget("availability", NOW + 31 * DAY).left == 50
    assert tracker.error_budget("availability", NOW + 31 * DAY).counted.total == 100_000


def test_half_a_budget_used_up_is_no_alarm_and_one_more_is() -> None:
    for bad, alarmed in ((25, False), (26, True)):
        tracker = SLOTracker()
        for day in range(10):
            tracker.record("availability", NOW - day * DAY - 7 * DAY, requests(0, 10_000))
        tracker.record("availability", NOW - 8 * DAY, requests(bad, 0 + bad))
        tracker.record("availability", NOW - 9 * DAY, requests(0, 0))
        told = tracker.alarms("availability", NOW)
        assert bool(told) is alarmed, told
    assert told == ["52% of the error budget is used up"]


def test_a_broken_promise_is_told_as_one() -> None:
    tracker = SLOTracker()
    tracker.record("availability", NOW - 10 * DAY, requests(51, 100_000))
    assert tracker.error_budget("availability", NOW).broken
    assert tracker.alarms("availability", NOW) == ["the promise is broken: 51 of 100000 were bad"]


@pytest.mark.parametrize(
    ("share_bad", "minutes", "expected"),
    [
        (Fraction("0.0075"), 60, "burns 15.0 times too fast over 1 h and 15.0 times over 5 min"),
        (Fraction("0.0035"), 360, "burns 7.0 times too fast over 6 h and 7.0 times over 30 min"),
    ],
)
def test_a_budget_that_burns_too_fast_is_an_alarm(share_bad: Fraction, minutes: int, expected: str) -> None:
    tracker = SLOTracker()
    for minute in range(minutes):
        tracker.record("availability", NOW - minute, requests(int(share_bad * 10_000), 10_000))
    assert any(expected in told for told in tracker.alarms("availability", NOW))


def test_a_slow_burn_over_three_days_is_an_alarm_too() -> None:
    tracker = SLOTracker()
    for hour in range(72):
        tracker.record("availability", NOW - 60 * hour, requests(12, 10_000))
    told = tracker.alarms("availability", NOW)
    assert any("burns 2.4 times too fast over 3 days and 2.4 times over 6 h" in each for each in told), told


def test_a_burn_that_has_stopped_is_no_alarm_though_its_hour_is_not_over() -> None:
    tracker = SLOTracker()
    for day in range(1, 25):
        tracker.record("availability", NOW - day * DAY, requests(0, 1_000_000))
    for minute in range(6, 60):
        tracker.record("availability", NOW - minute, requests(150, 10_000))
    for minute in range(6):
        tracker.record("availability", NOW - minute, requests(0, 10_000))
    assert tracker.burn_rate("availability", 60, NOW) > 14.4
    assert tracker.burn_rate("availability", 5, NOW) == 0
    assert not any("over 1 h" in told for told in tracker.alarms("availability", NOW))


def test_a_burn_of_one_lasts_exactly_as_long_as_the_window() -> None:
    tracker = SLOTracker()
    tracker.record("availability", NOW, requests(5, 10_000))
    for minutes in (5, 60, 360, 3 * DAY):
        assert tracker.burn_rate("availability", minutes, NOW) == pytest.approx(1.0)


def test_too_few_orders_say_nothing_but_many_bad_ones_do() -> None:
    tracker = SLOTracker()
    tracker.record("order_latency_p99", NOW, requests(1, 3))
    assert tracker.alarms("order_latency_p99", NOW) == []
    tracker.record("order_latency_p99", NOW, requests(9, 10))
    assert tracker.alarms("order_latency_p99", NOW)[0] == "the promise is broken: 10 of 13 were bad"


def test_where_nothing_may_be_bad_a_single_one_is_too_many() -> None:
    tracker = SLOTracker()
    tracker.record("exactly_once", NOW, requests(0, 1_000_000))
    assert tracker.alarms("exactly_once", NOW) == []
    assert tracker.error_budget("exactly_once", NOW).consumed == 0
    tracker.record("exactly_once", NOW, requests(1, 1))
    budget = tracker.error_budget("exactly_once", NOW)
    assert (budget.left, budget.consumed, budget.broken) == (-1, inf, True)
    assert tracker.burn_rate("exactly_once", 5, NOW) == inf
    assert tracker.alarms("exactly_once", NOW)[0] == "the promise is broken: 1 of 1000001 were bad"


def test_nothing_measured_is_nothing_used_up() -> None:
    tracker = SLOTracker()
    for slo in (AVAILABILITY, UPTIME, ORDER_P99, EXACTLY_ONCE):
        budget = tracker.error_budget(slo.name, NOW)
        assert (budget.counted.share, budget.consumed, budget.broken) == (None, 0, False)
        assert tracker.burn_rate(slo.name, 60, NOW) == 0
        assert tracker.alarms(slo.name, NOW) == []


def test_memory_does_not_grow_with_time() -> None:
    tracker = SLOTracker([AVAILABILITY])
    for hour in range(24 * 365):
        tracker.record("availability", NOW + 60 * hour, requests(0, 1))
    for minute in range(3_000):
        tracker.record("availability", NOW + 60 * 24 * 365 + minute, requests(0, 1))
    assert len(tracker._hours["availability"]) <= (30 + 14) * 24
    assert len(tracker._minutes["availability"]) <= 7 * 60


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (Fraction("1.0001"), "a target of 100.01 % is above 100 %: always is the best there is"),
        (Fraction(0), "a target of 0 % promises nothing; it is above 0 %"),
        (Fraction(-1), "a target of -100 % promises nothing; it is above 0 %"),
    ],
)
def test_an_objective_that_nobody_could_keep_or_break_is_refused(target: Fraction, why: str) -> None:
    with pytest.raises(BadObjective, match="mine") as refused:
        SLO(name="mine", target=target, good="good", unit=Unit.REQUESTS)
    assert str(refused.value) == f"mine: {why}"
