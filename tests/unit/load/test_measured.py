"""What a load makes of its measurements: percentiles, failures, verdicts."""

import json

import pytest

from adapters.load.measured import Measurements, verdicts


def held(found: Measurements, lost: tuple[str, ...] = (), doubled: tuple[str, ...] = ()) -> list[bool]:
    return [each.held for each in verdicts(found, lost, doubled)]


def answered(latencies_ms: list[float]) -> Measurements:
    found = Measurements()
    for number, latency_ms in enumerate(latencies_ms):
        found.answered("order", number / 100, latency_ms / 1_000, "201", failed=False)
    return found


def test_percentiles_are_of_all_answers_of_a_kind() -> None:
    found = answered([float(each) for each in range(1, 1_001)])
    percentiles = found.percentiles_ms(["order"])
    assert percentiles == pytest.approx(
        {"p50": 500, "p90": 900, "p99": 990, "p99.9": 999, "p100": 1_000}, rel=1e-3
    )
    assert found.percentiles_ms(["book"]) == {}


def test_what_processes_measured_is_put_together_as_if_one_had_measured_it() -> None:
    whole, together = answered([1.0, 2.0, 3.0, 400.0]), Measurements()
    for latency_ms in (1.0, 2.0, 3.0, 400.0):
        part = answered([latency_ms])
        part.late(0.001)
        part.acknowledged["alice"] = [str(latency_ms)]
        part.cpu_s = 1.5
        together.add(json.loads(json.dumps(part.document())))
    assert together.percentiles_ms(["order"]) == whole.percentiles_ms(["order"])
    assert (together.sent, together.failed, together.cpu_s) == (4, 0, 6.0)
    assert together.acknowledged == {"alice": ["1.0", "2.0", "3.0", "400.0"]}
    assert together.lateness.get_total_count() == 4
    assert together.seconds[0].percentile_ms(50) == 3.0


def test_orders_slower_than_promised_break_the_promise() -> None:
    assert held(answered([49.0] * 99 + [199.0])) == [True, True, True, True]
    assert held(answered([51.0] * 100))[:2] == [False, True]
    assert held(answered([1.0] * 98 + [201.0] * 2))[:2] == [True, False]


def test_no_answered_order_is_no_promise_kept() -> None:
    assert held(Measurements()) == [False, False, False, True]


def test_one_failure_in_two_thousand_is_allowed_and_two_are_not() -> None:
    found = answered([1.0] * 1_999)
    found.answered("book", 1.0, 0.0, "503", failed=True)
    assert (found.sent, found.failed) == (2_000, 1)
    assert held(found)[2]
    found.answered("book", 1.0, 0.0, "connection lost", failed=True)
    assert not held(found)[2]
    assert found.percentiles_ms(["book"]) == {}, "what failed has no latency"


def test_an_order_that_is_missing_or_there_twice_breaks_the_last_promise() -> None:
    assert held(answered([1.0]), lost=("a",))[3] is False
    assert held(answered([1.0]), doubled=("a",))[3] is False
