"""Measuring a running exchange, and going on after a restart."""

from pathlib import Path

import pytest

from adapters.telemetry.measurements import MeasurementsDamaged, SqliteMeasurements
from application.slo.objectives import DEFAULT_SLOS
from application.slo.service_levels import ServiceLevels
from application.slo.tracker import SLOTracker, Tally
from application.watching.alerts import Alerts

START_S = 1_785_000_000


class Clock:
    def __init__(self) -> None:
        self.seconds = START_S

    def now_us(self) -> int:
        return self.seconds * 1_000_000


class Counters:
    """What the parts of an exchange have counted since it began."""

    def __init__(self) -> None:
        self.availability = Tally()
        self.ready = True


class Process:
    """A process that measures, from its start to its end."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.clock = clock
        self.counters = Counters()
        self.alerts = Alerts(clock)
        self.levels = ServiceLevels(
            SLOTracker(DEFAULT_SLOS),
            {"availability": lambda: self.counters.availability},
            SqliteMeasurements(path),
            alerts=self.alerts,
            clock=clock,
            ready=lambda: self.counters.ready,
        )

    async def later(self, *, good: int = 0, bad: int = 0, seconds: int = 10) -> None:
        """Let ten seconds pass with so many requests."""
        self.clock.seconds += seconds
        self.counters.availability += Tally(good=good, total=good + bad)
        await self.levels.tick()

    def counted(self, name: str) -> Tally:
        return self.levels.tracker.error_budget(name, self.levels.now_min).counted


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "measurements.db"


async def begun(file: Path, clock: Clock) -> Process:
    process = Process(file, clock)
    await process.levels.resume()
    return process


async def test_what_was_measured_outlives_the_process(file: Path) -> None:
    clock = Clock()
    first = await begun(file, clock)
    await first.later(good=99, bad=1)
    await first.later(good=100)
    await first.levels.close()
    second = await begun(file, clock)
    assert second.counted("availability") == Tally(good=199, total=200)
    assert second.counted("uptime") == Tally(good=20, total=20)
    await second.later(good=5, bad=5)
    assert second.counted("availability") == Tally(good=204, total=210)
    assert second.levels.tracker.burn_rate("availability", 60, second.levels.now_min) == pytest.approx(
        6 / 210 / 0.0005
    )
    await second.levels.close()


async def test_time_in_which_it_was_not_ready_is_down(file: Path) -> None:
    process = await begun(file, Clock())
    await process.later()
    process.counters.ready = False
    await process.later()
    await process.later()
    assert process.counted("uptime") == Tally(good=10, total=30)
    await process.levels.close()


async def test_time_after_a_crash_is_down_until_the_next_start(file: Path) -> None:
    clock = Clock()
    crashed = await begun(file, clock)
    await crashed.later()
    clock.seconds += 3_600 + 1_800
    again = await begun(file, clock)
    assert again.counted("uptime") == Tally(good=10, total=10 + 5_400)
    await again.levels.close()
    await crashed.levels._measurements.close()
    later = await begun(file, clock)
    assert later.counted("uptime") == Tally(good=10, total=10 + 5_400)
    await later.levels.close()


async def test_time_after_an_end_in_order_is_no_time_lost(file: Path) -> None:
    clock = Clock()
    process = await begun(file, clock)
    process.counters.ready = False
    clock.seconds += 4
    await process.levels.close()
    clock.seconds += 86_400
    again = await begun(file, clock)
    assert again.counted("uptime") == Tally(good=4, total=4)
    await again.levels.close()


async def test_a_promise_in_danger_is_an_alert_that_ends_with_the_danger(file: Path) -> None:
    process = await begun(file, Clock())
    for _ in range(12):
        await process.later(good=9_000, bad=0)
    assert not process.alerts.active
    await process.later(good=9_000, bad=50)
    [alert] = process.alerts.active
    assert (alert.concern.value, alert.subject) == ("service_level", "availability")
    assert "of the error budget is used up" in alert.message
    for _ in range(10):
        await process.later(good=900_000)
    assert not process.alerts.active
    assert [alert.subject for alert in process.alerts.over] == ["availability"]
    await process.levels.close()


async def test_a_clock_that_stands_still_counts_nothing_twice(file: Path) -> None:
    process = await begun(file, Clock())
    await process.later(good=10)
    await process.levels.tick()
    await process.levels.tick()
    assert process.counted("availability") == Tally(good=10, total=10)
    assert process.counted("uptime") == Tally(good=10, total=10)
    await process.levels.close()


async def test_monitoring_is_told_objectives_counts_and_what_is_used_up(file: Path) -> None:
    process = await begun(file, Clock())
    await process.later(good=1_999, bad=1)
    told = {each.name: dict(each.values) for each in process.levels.measures()}
    assert told["presage_slo_target"]["availability",] == 0.9995
    assert told["presage_slo_counted"] == {("availability",): 2_000, ("uptime",): 10}
    assert told["presage_slo_good"] == {("availability",): 1_999, ("uptime",): 10}
    assert told["presage_slo_budget_consumed_ratio"]["availability",] == 1.0
    await process.levels.close()


@pytest.fixture
def damaged(file: Path) -> Path:
    file.write_bytes(b"no database at all, but long enough to be looked at as one" * 40)
    return file


async def test_a_damaged_file_is_named(damaged: Path) -> None:
    process = Process(damaged, Clock())
    with pytest.raises(MeasurementsDamaged, match=r"measurements\.db: .*move the file away"):
        await process.levels.resume()
    await process.levels.close()


async def test_what_is_older_than_any_report_is_forgotten(file: Path) -> None:
    clock = Clock()
    process = await begun(file, clock)
    await process.later(good=1)
    clock.seconds += 50 * 86_400
    await process.later(good=1)
    kept = await process.levels._measurements.load()
    assert len(kept.hours["availability"]) == len(kept.minutes["availability"]) == 1
    await process.levels.close()
