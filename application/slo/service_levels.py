"""Measures the objectives of a running exchange, and tells when a promise is in danger."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping

from application.ports.clock import Clock
from application.ports.measurements import Measurements, MeasurementsUnkept
from application.ports.measures import Measure, counter, gauge
from application.slo.objectives import UPTIME
from application.slo.tracker import SLOTracker, Tally
from application.watching.alerts import Alerts, Concern

log = logging.getLogger(__name__)

TICK_S = 10
"""How often it is measured: what a crash can lose."""

_US_PER_S = 1_000_000
_S_PER_MIN = 60
_S_PER_HOUR = 3_600

Source = Callable[[], Tally]
"""Returns what was counted since the process began."""


class ServiceLevels:
    """Feeds a tracker from what parts of the exchange count.

    ``sources`` has a source for each objective but uptime, which is measured here: each second in which
    ``ready`` says so is good. A time in which no process ran is bad, unless the last one was ended in order.
    """

    def __init__(
        self,
        tracker: SLOTracker,
        sources: Mapping[str, Source],
        measurements: Measurements,
        *,
        alerts: Alerts,
        clock: Clock,
        ready: Callable[[], bool],
    ) -> None:
        self.tracker = tracker
        self._sources = sources
        self._measurements = measurements
        self._alerts = alerts
        self._clock = clock
        self._ready = ready
        self._then = {name: source() for name, source in sources.items()}
        self._up = Tally()
        self._at_s: int | None = None

    @property
    def now_s(self) -> int:
        """The time, in seconds since the Unix epoch."""
        return self._clock.now_us() // _US_PER_S

    @property
    def now_min(self) -> int:
        """The minute it is, counted from the Unix epoch."""
        return self.now_s // _S_PER_MIN

    async def run(self) -> None:
        """Measure again and again, until cancelled."""
        if self._at_s is None:
            await self.resume()
        while True:
            await asyncio.sleep(TICK_S)
            try:
                await self.tick()
            except MeasurementsUnkept as error:
                # They count here all the same, and go on being kept once there is room again.
                log.warning("measurements are not kept: %s", error)

    async def resume(self) -> None:
        """Go on with what was measured before, and count the time since as lost if nobody ended it."""
        kept, now_s = await self._measurements.load(), self.now_s
        for name in self.tracker.slos:
            for hour, counted in kept.hours.get(name, ()):
                self.tracker.record_hour(name, hour, counted)
            for minute, counted in kept.minutes.get(name, ()):
                self.tracker.record_minute(name, minute, counted)
        self._at_s = now_s
        if kept.alive_s is not None and not kept.ended and UPTIME.name in self.tracker.slos:
            lost = list(_hours_between(kept.alive_s, now_s))
            for hour, seconds in lost:
                self.tracker.record_hour(UPTIME.name, hour, Tally(total=seconds))
            await self._measurements.add_hours(
                [(UPTIME.name, hour, Tally(total=seconds)) for hour, seconds in lost]
            )
        await self._measurements.add(now_s // _S_PER_MIN, {}, alive_s=now_s)

    async def tick(self, *, ended: bool = False) -> None:
        """Take in what was counted since the last time, and keep it."""
        now_s, minute = self.now_s, self.now_min
        counted = {name: self._since(name, source()) for name, source in self._sources.items()}
        counted[UPTIME.name] = self._time(now_s, up=ended or self._ready())
        counted = {
            name: tally for name, tally in counted.items() if tally.total and name in self.tracker.slos
        }
        for name, tally in counted.items():
            self.tracker.record(name, minute, tally)
        self._tell(minute)
        await self._measurements.add(minute, counted, alive_s=now_s, ended=ended)

    async def close(self) -> None:
        """Measure a last time, and note that this process was ended in order: that is no time lost."""
        if self._at_s is not None:
            await self.tick(ended=True)
        await self._measurements.close()

    def _since(self, name: str, now: Tally) -> Tally:
        then, self._then[name] = self._then[name], now
        return Tally(good=now.good - then.good, total=now.total - then.total)

    def _time(self, now_s: int, *, up: bool) -> Tally:
        seconds = max(0, now_s - (now_s if self._at_s is None else self._at_s))
        self._at_s = now_s
        counted = Tally(good=seconds if up else 0, total=seconds)
        self._up += counted
        return counted

    def _tell(self, minute: int) -> None:
        for name in self.tracker.slos:
            told = self.tracker.alarms(name, minute)
            if told:
                self._alerts.begin(Concern.SERVICE_LEVEL, name, "; ".join(told))
            else:
                self._alerts.end(Concern.SERVICE_LEVEL, name)

    def measures(self) -> Iterator[Measure]:
        """Yield the objectives, what was counted for each since the process began, and what is left."""
        slos = self.tracker.slos
        counted = {name: source() for name, source in self._sources.items() if name in slos}
        if UPTIME.name in slos:
            counted[UPTIME.name] = self._up
        yield gauge(
            "presage_slo_target",
            "The share that is promised to be good.",
            {(name,): float(slo.target) for name, slo in slos.items()},
            "slo",
        )
        yield counter(
            "presage_slo_counted",
            "What was counted for an objective.",
            {(name,): tally.total for name, tally in counted.items()},
            "slo",
        )
        yield counter(
            "presage_slo_good",
            "How much of it was good.",
            {(name,): tally.good for name, tally in counted.items()},
            "slo",
        )
        budgets = {name: self.tracker.error_budget(name, self.now_min) for name in slos}
        yield gauge(
            "presage_slo_budget_consumed_ratio",
            "The share of the error budget of the window that is used up.",
            {(name,): budget.consumed for name, budget in budgets.items()},
            "slo",
        )


def _hours_between(from_s: int, to_s: int) -> Iterator[tuple[int, int]]:
    """Yield each hour that lies between two times, with how many of its seconds do."""
    while from_s < to_s:
        hour = from_s // _S_PER_HOUR
        until_s = min(to_s, (hour + 1) * _S_PER_HOUR)
        yield hour, until_s - from_s
        from_s = until_s
