"""Writes figures out in the text format of Prometheus."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from application.ports.measures import Kind, Measure, Measured, summed
from application.watching.histogram import Histogram


class Exposition:
    """The metrics of one process: those of its parts, and what the system says of it."""

    def __init__(self, parts: Sequence[Measured]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Parts(parts))
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """Return all metrics as they are now."""
        return generate_latest(self._registry)


class _Parts(Collector):
    """All that the parts of the process measure."""

    def __init__(self, parts: Sequence[Measured]) -> None:
        self._parts = parts

    def describe(self) -> Iterable[Metric]:
        """Say nothing beforehand: nobody else registers these names."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield what is known now."""
        for measure in summed(measure for part in self._parts for measure in part.measures()):
            yield _family(measure)


def _family(measure: Measure) -> Metric:
    if measure.kind is Kind.HISTOGRAM:
        family = HistogramMetricFamily(measure.name, measure.meaning, labels=measure.labels)
        for labels, value in measure.values.items():
            assert isinstance(value, Histogram)
            family.add_metric(labels, _buckets(value), sum_value=value.total)
        return family
    kind = CounterMetricFamily if measure.kind is Kind.COUNTER else GaugeMetricFamily
    plain = kind(measure.name, measure.meaning, labels=measure.labels)
    for labels, value in measure.values.items():
        assert not isinstance(value, Histogram)
        plain.add_metric(labels, value)
    return plain


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    names = [*map(str, histogram.bounds), "+Inf"]
    return list(zip(names, accumulate(histogram.counts), strict=True))
