"""Metrics in the text format of Prometheus, made when somebody asks for them."""

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from application.notices.deliveries import Deliveries
from application.ports.clock import Clock
from application.sagas.set_aside import SetAside
from projections.running.progress import RunnerStats

_US_PER_S = 1_000_000


class Metrics:
    """The metrics of one process."""

    def __init__(
        self, projector: RunnerStats, set_aside: SetAside, deliveries: Deliveries, clock: Clock
    ) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_ReadModels(projector, clock))
        self._registry.register(_Sagas(set_aside))
        self._registry.register(_Notices(deliveries))

    def text(self) -> bytes:
        """Return all metrics as they are now."""
        return generate_latest(self._registry)


class _ReadModels(Collector):
    """How the projector of this process gets on."""

    def __init__(self, stats: RunnerStats, clock: Clock) -> None:
        self._stats = stats
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """Yield what is known now."""
        stats = self._stats
        yield _gauge("position", "Up to where in the log everything is visible.", stats.position)
        lag_s = stats.lag_us(self._clock.now_us()) / _US_PER_S
        yield _gauge("lag_seconds", "How old the last visible event is, 0 when there is no later one.", lag_s)
        yield _gauge(
            "events_per_second", "Events taken in a second, of late.", stats.recent_rate(time.monotonic())
        )
        yield _gauge("available", "Whether the database takes writes.", not stats.unavailable)
        yield CounterMetricFamily(_named("events"), "Events taken in since the start.", value=stats.events)
        yield CounterMetricFamily(_named("batches"), "Transactions since the start.", value=stats.batches)
        halted = GaugeMetricFamily(
            _named("halted"), "Projections of money that stand still at an event.", labels=["projection"]
        )
        for projection in stats.halted:
            halted.add_metric([projection], 1)
        yield halted
        parked = CounterMetricFamily(
            _named("parked_events"), "Events that projections left out.", labels=["projection"]
        )
        for projection, events in stats.parked.items():
            parked.add_metric([projection], events)
        yield parked


class _Sagas(Collector):
    """Sagas that could not be brought to their end."""

    def __init__(self, set_aside: SetAside) -> None:
        self._set_aside = set_aside

    def collect(self) -> Iterator[Metric]:
        """Yield how many there are now."""
        yield GaugeMetricFamily(
            "presage_sagas_set_aside",
            "Interrupted orders that cannot be brought to their end; somebody has to look at the log.",
            value=len(list(self._set_aside)),
        )


class _Notices(Collector):
    """How telling accounts of their orders gets on."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries

    def collect(self) -> Iterator[Metric]:
        """Yield what is known now."""
        yield GaugeMetricFamily(
            "presage_notices_waiting", "Notices that wait to be taken.", value=self._deliveries.waiting
        )
        yield GaugeMetricFamily(
            "presage_notices_undelivered",
            "Notices that did not reach a webhook and wait for its owner.",
            value=self._deliveries.undelivered,
        )
        sent = CounterMetricFamily(
            "presage_notices_sent", "Requests to webhooks, by how they ended.", labels=["outcome"]
        )
        for outcome, requests in self._deliveries.outcomes.items():
            sent.add_metric([outcome.value.replace(" ", "_")], requests)
        yield sent


def _named(name: str) -> str:
    return f"presage_read_models_{name}"


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(_named(name), meaning, value=value)
