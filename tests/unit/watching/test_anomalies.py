"""Exercise 25: a minute with far more orders than the hour before it."""

from random import Random
from statistics import fmean, pstdev

import pytest

from application.watching.anomalies import AnomalyDetector

STEADY = [9, 11, 10, 8, 12, 10, 9, 11, 10, 10]


def fed(detector: AnomalyDetector, counts: list[int]) -> list[bool]:
    return [detector.observe(count).anomalous for count in counts]


def test_a_burst_is_flagged_and_an_ordinary_minute_is_not() -> None:
    detector = AnomalyDetector()
    assert not any(fed(detector, STEADY))
    reading = detector.observe(100)
    assert reading.anomalous
    assert (reading.minutes, reading.mean, round(reading.deviation, 4)) == (10, 10.0, 1.0954)
    assert reading.threshold == pytest.approx(10 + 3 * 1.0954, abs=1e-3)
    assert not detector.observe(11).anomalous


def test_more_than_three_deviations_above_the_mean_and_not_exactly_three() -> None:
    # 8 and 12 in turns: the mean is 10, the deviation exactly 2, the threshold exactly 16.
    for count, expected in ((16, False), (17, True)):
        detector = AnomalyDetector()
        fed(detector, [8, 12] * 10)
        assert detector.observe(count).anomalous is expected


def test_few_orders_are_never_flagged() -> None:
    detector = AnomalyDetector()
    fed(detector, STEADY * 6)
    assert not detector.observe(0).anomalous


def test_nothing_is_flagged_until_enough_minutes_are_known() -> None:
    detector = AnomalyDetector(warm_up=10)
    assert fed(detector, [5, 5, 5, 5, 5, 5, 5, 5, 5, 9_000]) == [False] * 10
    late = AnomalyDetector(warm_up=10)
    fed(late, [5] * 10)
    assert late.observe(9_000).anomalous


def test_where_counts_do_not_vary_the_deviation_is_taken_to_be_one() -> None:
    detector = AnomalyDetector()
    fed(detector, [5] * 20)
    assert not detector.observe(8).anomalous
    again = AnomalyDetector()
    fed(again, [0] * 60)
    assert not again.observe(3).anomalous
    assert AnomalyDetector().observe(0).deviation == 0


def test_where_counts_hardly_vary_a_least_deviation_can_be_set() -> None:
    detector = AnomalyDetector(deviation_min=5)
    fed(detector, [0, 1] * 20)
    assert not detector.observe(15).anomalous
    assert detector.observe(17).anomalous


def test_the_window_is_the_last_hour() -> None:
    detector = AnomalyDetector()
    fed(detector, [1_000] * 60)
    fed(detector, [10] * 60)
    reading = detector.observe(10)
    assert (reading.minutes, reading.mean, reading.deviation) == (60, 10.0, 0.0)


def test_minutes_that_are_not_known_are_no_zeros_but_make_the_window_shorter() -> None:
    detector = AnomalyDetector()
    for minute in range(60):
        detector.observe(10, minute=minute)
    reading = detector.observe(10, minute=90)
    assert (reading.minutes, reading.mean) == (30, 10.0)
    assert detector.observe(9_000, minute=1_000).minutes == 0


def test_an_anomaly_raises_what_is_usual_unless_it_is_kept_out() -> None:
    taken_in, kept_out = AnomalyDetector(), AnomalyDetector(keep_out=True)
    for detector in (taken_in, kept_out):
        fed(detector, STEADY)
        assert detector.observe(500).anomalous
    assert (taken_in.mean, kept_out.mean) == (pytest.approx(54.54, abs=0.01), 10.0)
    assert not taken_in.observe(100).anomalous
    assert kept_out.observe(100).anomalous


def test_what_goes_on_for_long_enough_is_usual_even_if_anomalies_are_kept_out() -> None:
    detector = AnomalyDetector(keep_out=True, accepted_after=5)
    fed(detector, STEADY)
    flagged = fed(detector, [50] * 40)
    assert flagged[:5] == [True] * 5
    assert not any(flagged[10:])


def test_mean_and_deviation_are_those_of_the_window_after_a_hundred_thousand_minutes() -> None:
    detector, random = AnomalyDetector(), Random(25)
    latest: list[int] = []
    for _ in range(100_000):
        count = random.choice((0, 3, 10**9, 10**12 + random.randrange(7)))
        detector.observe(count)
        latest = [*latest[-60:], count]
    # The next minute's window is the sixty before it.
    reading = detector.observe(0)
    assert reading.mean == pytest.approx(fmean(latest[-60:]), rel=1e-12)
    assert reading.deviation == pytest.approx(pstdev(latest[-60:]), rel=1e-12)


def test_it_agrees_with_the_definition_on_random_counts() -> None:
    for seed in range(50):
        random, detector = Random(seed), AnomalyDetector()
        counts = [random.choice((0, 1, 5, 20, 21, 22, 60)) for _ in range(200)]
        for number, count in enumerate(counts):
            window = counts[max(0, number - 60) : number]
            deviation = pstdev(window) if window else 0.0
            expected = len(window) >= 10 and count > fmean(window) + 3 * (deviation or 1.0)
            assert detector.observe(count).anomalous is expected, (seed, number)


def test_impossible_counts_minutes_and_settings_are_refused() -> None:
    detector = AnomalyDetector()
    detector.observe(1, minute=7)
    with pytest.raises(ValueError, match="a count of -1"):
        detector.observe(-1)
    with pytest.raises(ValueError, match="minute 7 comes after minute 7"):
        detector.observe(1, minute=7)
    with pytest.raises(ValueError, match="warm_up is 61"):
        AnomalyDetector(warm_up=61)
    with pytest.raises(ValueError, match="sigmas is 0"):
        AnomalyDetector(sigmas=0)
