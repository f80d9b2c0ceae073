"""What monitoring sees of the read models."""

import time
from types import SimpleNamespace
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from adapters.telemetry.metrics import Metrics
from application.health import Health
from application.ports.event_store import Position
from application.sagas.place_order import Outcome
from application.sagas.set_aside import SetAside
from projections.running.progress import RunnerStats


class Clock:
    def now_us(self) -> int:
        return 10_000_000


DELIVERIES: Any = SimpleNamespace(
    waiting=3, undelivered=2, outcomes={Outcome.DONE: 5, Outcome.FAILED: 4, Outcome.GIVEN_UP: 1}
)


def seen(stats: RunnerStats) -> dict[tuple[str, ...], float]:
    """Return every sample by its name and the values of its labels."""
    text = Metrics(stats, SetAside(Health()), DELIVERIES, Clock()).text().decode()
    samples: Any = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {(each.name, *each.labels.values()): each.value for each in samples}


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
        ("presage_read_models_position",): 77,
        ("presage_read_models_lag_seconds",): 1.5,
        ("presage_read_models_events_per_second",): 12.5,
        ("presage_read_models_available",): 1,
        ("presage_read_models_events_total",): 50,
        ("presage_read_models_batches_total",): 4,
        ("presage_sagas_set_aside",): 0,
        ("presage_notices_waiting",): 3,
        ("presage_notices_undelivered",): 2,
        ("presage_notices_sent_total", "done"): 5,
        ("presage_notices_sent_total", "failed"): 4,
        ("presage_notices_sent_total", "given_up"): 1,
    }


def test_a_rate_that_no_event_came_after_is_none() -> None:
    stats = RunnerStats(rate=12.5, rated_s=time.monotonic() - 60)
    assert seen(stats)["presage_read_models_events_per_second",] == 0


def test_a_projector_that_has_caught_up_does_not_lag() -> None:
    stats = RunnerStats(caught_up=True, last_event_at_us=1)
    assert seen(stats)["presage_read_models_lag_seconds",] == 0


def test_what_goes_wrong_is_told_by_projection() -> None:
    stats = RunnerStats(unavailable="away", halted={"portfolio": "poison"}, parked={"leaderboard": 2})
    told = seen(stats)
    assert told["presage_read_models_available",] == 0
    assert told["presage_read_models_halted", "portfolio"] == 1
    assert told["presage_read_models_parked_events_total", "leaderboard"] == 2
