"""How what keeps read models up to date gets on."""

import time
from collections.abc import Iterator

from application.ports.clock import Clock
from application.ports.measures import Measure, counter, gauge, histogram
from projections.running.progress import RunnerStats

_US_PER_S = 1_000_000


class ReadModelFigures:
    """Measures the projector of this process, or what is seen of another one's."""

    def __init__(self, stats: RunnerStats, clock: Clock) -> None:
        self._stats = stats
        self._clock = clock

    def measures(self) -> Iterator[Measure]:
        """Yield how far the read models are, and what is wrong with them."""
        stats = self._stats
        yield gauge(_named("position"), "Up to where in the log everything is visible.", stats.position)
        lag_s = stats.lag_us(self._clock.now_us()) / _US_PER_S
        yield gauge(
            _named("lag_seconds"), "How old the last visible event is, 0 when there is no later one.", lag_s
        )
        yield histogram(
            _named("behind_seconds"), "How long after its decision an event became visible.", stats.behind_s
        )
        rate = stats.recent_rate(time.monotonic())
        yield gauge(_named("events_per_second"), "Events taken in a second, of late.", rate)
        yield gauge(_named("available"), "Whether the database takes writes.", not stats.unavailable)
        yield counter(_named("events"), "Events taken in since the start.", stats.events)
        yield counter(_named("batches"), "Transactions since the start.", stats.batches)
        yield gauge(
            _named("halted"),
            "Projections of money that stand still at an event.",
            {(projection,): 1 for projection in stats.halted},
            "projection",
        )
        yield counter(
            _named("parked_events"),
            "Events that projections left out.",
            {(projection,): events for projection, events in stats.parked.items()},
            "projection",
        )


def _named(name: str) -> str:
    return f"presage_read_models_{name}"
