"""Everything that watches a running exchange, wired together."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from adapters.telemetry.exposition import Exposition
from adapters.telemetry.measurements import SqliteMeasurements
from application.exchange import Exchange
from application.health import kept_running
from application.log.whole_streams import FollowedLog
from application.ports.clock import Clock
from application.ports.codec import EventCodec
from application.ports.measurements import MeasurementsUnkept
from application.ports.measures import Measure, Measured, summed
from application.slo.objectives import AVAILABILITY, EXACTLY_ONCE, FRESHNESS, ORDER_P50, ORDER_P99, SLO
from application.slo.service_levels import ServiceLevels, Source
from application.slo.tracker import SLOTracker, Tally
from application.surveillance.rules import SurveillanceRules
from application.surveillance.watch import SurveillanceWatch
from application.watching.alerts import Alerts
from application.watching.histogram import Histogram
from application.watching.order_watch import OrderWatch
from application.watching.process import Process
from application.watching.traffic import Traffic
from projections.live.trade_audit import TradeAudit
from projections.running.progress import RunnerStats

log = logging.getLogger(__name__)

PART = "service levels"


class Watch:
    """What is known of a running exchange, for those who watch it.

    Figures are told whenever somebody asks. Time goes by for it only while it is :meth:`running`.
    """

    def __init__(
        self,
        exchange: Exchange,
        traffic: Traffic,
        stats: RunnerStats,
        audit: TradeAudit,
        *,
        slos: Sequence[SLO],
        measurements: Path | None,
        surveillance: SurveillanceRules,
        log: FollowedLog,
        codec: EventCodec,
        clock: Clock,
    ) -> None:
        directory = exchange.directory
        self.alerts = Alerts(clock)
        self.orders = OrderWatch(
            exchange.trading.sagas.take_placed, lambda: map(str, directory.markets), self.alerts, clock
        )
        self.surveillance = SurveillanceWatch(log, codec, surveillance, self.alerts, clock)
        self.levels = ServiceLevels(
            SLOTracker(slos),
            _sources({slo.name: slo for slo in slos}, traffic, stats, audit),
            SqliteMeasurements(measurements),
            alerts=self.alerts,
            clock=clock,
            ready=lambda: exchange.ready and not exchange.health.stopped,
        )
        self._process = Process(exchange)
        self._health = exchange.health
        self._parts: list[Measured] = [
            self._process,
            traffic,
            *exchange.measured,
            audit,
            self.alerts,
            self.levels,
            self.surveillance,
        ]
        self._exposition = Exposition(self._parts)

    def metrics(self) -> bytes:
        """Return all figures in the text format of Prometheus."""
        return self._exposition.text()

    def figures(self, names: Collection[str]) -> Iterator[Measure]:
        """Yield some figures by their names, without what Prometheus adds to these."""
        yield from summed(each for part in self._parts for each in part.measures() if each.name in names)

    def add(self, *parts: Measured) -> None:
        """Watch some more parts."""
        self._parts += parts

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Measure while the block runs."""
        tasks = [
            asyncio.create_task(kept_running(work, health=self._health, part=part), name=part)
            for part, work in (
                ("watch on the event loop", self._process.run),
                ("watch on the order flow", self.orders.run),
                ("surveillance", self.surveillance.run),
                ("surveillance's alerts", self.surveillance.expire),
                (PART, self.levels.run),
            )
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            try:
                await self.levels.close()
            except MeasurementsUnkept as error:
                # Nothing but the last seconds of measurements is lost.
                log.warning("the last measurements could not be kept: %s", error)
            except Exception:
                log.exception("the last measurements could not be kept")


def _sources(
    slos: dict[str, SLO], traffic: Traffic, stats: RunnerStats, audit: TradeAudit
) -> dict[str, Source]:
    def within(name: str, took: Callable[[], Histogram]) -> Source:
        at_most_s = slos[name].at_most_s
        assert at_most_s is not None
        return lambda: Tally(good=took().at_most(at_most_s), total=took().observations)

    def orders() -> Histogram:
        return traffic.latency_s["order"]

    return {
        AVAILABILITY.name: traffic.without_fault,
        ORDER_P50.name: within(ORDER_P50.name, orders),
        ORDER_P99.name: within(ORDER_P99.name, orders),
        FRESHNESS.name: within(FRESHNESS.name, lambda: stats.behind_s),
        EXACTLY_ONCE.name: lambda: Tally(good=audit.good, total=audit.good + audit.bad),
    }
