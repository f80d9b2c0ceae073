"""What monitoring reads."""

from collections.abc import Iterable
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from adapters.telemetry.exposition import Exposition
from application.ports.measures import Measure, counter, gauge, histogram
from application.watching.histogram import Histogram


class Part:
    def __init__(self, *measures: Measure) -> None:
        self._measures = measures

    def measures(self) -> Iterable[Measure]:
        return self._measures


def seen(*measures: Measure) -> dict[tuple[str, ...], float]:
    """Return every sample but those of the process by its name and the values of its labels."""
    text = Exposition([Part(*measures)]).text().decode()
    samples: Any = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {
        (each.name, *each.labels.values()): each.value
        for each in samples
        if not each.name.startswith("process_")
    }


def test_counters_and_gauges_are_told_by_their_labels() -> None:
    assert seen(
        counter("orders", "Orders.", {("a", "yes"): 3, ("a", "no"): 4}, "kind", "side"),
        gauge("waiting", "Waiting.", 2.5),
    ) == {
        ("orders_total", "a", "yes"): 3,
        ("orders_total", "a", "no"): 4,
        ("waiting",): 2.5,
    }


def test_a_histogram_is_told_as_counts_up_to_each_bound() -> None:
    seconds = Histogram((0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        seconds.observe(value)
    assert seen(histogram("took", "Took.", seconds)) == {
        ("took_bucket", "0.1"): 2,
        ("took_bucket", "1.0"): 3,
        ("took_bucket", "+Inf"): 4,
        ("took_count",): 4,
        ("took_sum",): 7.65,
    }


def test_a_part_is_asked_anew_each_time() -> None:
    told = Histogram((1.0,))
    exposition = Exposition([Part(histogram("took", "Took.", told))])
    assert b"took_count 0.0" in exposition.text()
    told.observe(3)
    assert b"took_count 1.0" in exposition.text()


def test_the_process_is_measured_too() -> None:
    assert b"process_cpu_seconds_total" in Exposition([]).text()
