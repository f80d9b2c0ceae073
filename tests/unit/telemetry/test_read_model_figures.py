"""What monitoring sees of the read models."""

import time

from adapters.telemetry.read_models import ReadModelFigures
from application.ports.event_store import Position
from application.watching.histogram import Histogram
from projections.running.progress import RunnerStats


class Clock:
    def now_us(self) -> int:
        return 10_000_000


def seen(stats: RunnerStats) -> dict[tuple[str, ...], float | Histogram]:
    """Return every figure by its name and the values of its labels."""
    return {
        (each.name.removeprefix("presage_read_models_"), *labels): value
        for each in ReadModelFigures(stats, Clock()).measures()
        for labels, value in each.values.items()
        if not isinstance(value, Histogram)
    }


def test_position_lag_and_rate_are_told() -> None:
    stats = RunnerStats(
        position=Position(77),
        events=50,
        batches=4,
        rate=12.5,
        rated_s=time.monotonic(),
        last_event_at_us=8_500_000,
    )
    assert seen(stats) == {
        ("position",): 77,
        ("lag_seconds",): 1.5,
        ("events_per_second",): 12.5,
        ("available",): 1,
        ("events",): 50,
        ("batches",): 4,
    }


def test_a_rate_that_no_event_came_after_is_none() -> None:
    stats = RunnerStats(rate=12.5, rated_s=time.monotonic() - 60)
    assert seen(stats)["events_per_second",] == 0


def test_a_projector_that_has_caught_up_does_not_lag() -> None:
    stats = RunnerStats(caught_up=True, last_event_at_us=1)
    assert seen(stats)["lag_seconds",] == 0


def test_what_goes_wrong_is_told_by_projection() -> None:
    stats = RunnerStats(unavailable="away", halted={"portfolio": "poison"}, parked={"leaderboard": 2})
    told = seen(stats)
    assert told["available",] == 0
    assert told["halted", "portfolio"] == 1
    assert told["parked_events", "leaderboard"] == 2
