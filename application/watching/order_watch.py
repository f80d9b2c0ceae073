"""Watches how many orders are placed in each market, minute by minute."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from application.ports.clock import Clock
from application.watching.alerts import Alerts, Concern
from application.watching.anomalies import HOUR, AnomalyDetector, Reading

MINUTE_US = 60_000_000
EVERYWHERE = "all markets"

DEVIATION_MIN = 5
"""In a market with next to no orders, fifteen more than usual in a minute are nothing to call anybody for."""


class OrderWatch:
    """Gives each market a detector, and raises an alert for every minute that is unusual.

    ``placed`` tells how many orders were placed in each market since it was last asked, ``listed`` which
    markets there are. What a market has shown since it is known counts, nothing included: one that wakes up
    after an hour of silence is noticed.
    """

    def __init__(
        self,
        placed: Callable[[], Mapping[str, int]],
        listed: Callable[[], Iterable[str]],
        alerts: Alerts,
        clock: Clock,
    ) -> None:
        self._placed = placed
        self._listed = listed
        self._alerts = alerts
        self._clock = clock
        self._detectors: dict[str, AnomalyDetector] = {EVERYWHERE: _detector()}
        self._known_since: dict[str, int] = {}
        self._minute = clock.now_us() // MINUTE_US

    async def run(self) -> None:
        """Look at every minute once it is over, until cancelled."""
        while True:
            await asyncio.sleep((MINUTE_US - self._clock.now_us() % MINUTE_US) / 1_000_000)
            self.look()

    def look(self) -> None:
        """Take in the minutes that are over; what was placed since the last look counts to the latest one."""
        over = self._clock.now_us() // MINUTE_US - 1
        if over < self._minute:
            return
        self._minute = over + 1
        placed = dict(self._placed())
        self._take(EVERYWHERE, over, sum(placed.values()))
        for ticker, count in placed.items():
            if ticker not in self._detectors:
                self._detectors[ticker] = self._one_for(ticker, over)
            self._take(ticker, over, count)
        for ticker in [ticker for ticker in self._detectors if ticker not in placed]:
            if ticker != EVERYWHERE:
                self._take(ticker, over, 0)
                if self._detectors[ticker].silent:
                    del self._detectors[ticker]
        self._note_listed(over)

    def _take(self, ticker: str, minute: int, count: int) -> None:
        reading = self._detectors[ticker].observe(count, minute=minute)
        if reading.anomalous:
            self._alerts.begin(Concern.ORDER_FLOW, ticker, sentence(reading))
        else:
            self._alerts.end(Concern.ORDER_FLOW, ticker)

    def _one_for(self, ticker: str, minute: int) -> AnomalyDetector:
        """Return a detector that knows for how long nothing was placed in a market."""
        detector = _detector()
        for silent in range(max(self._known_since.get(ticker, minute), minute - HOUR), minute):
            detector.observe(0, minute=silent)
        return detector

    def _note_listed(self, minute: int) -> None:
        listed = self._listed()
        self._known_since = {ticker: self._known_since.get(ticker, minute + 1) for ticker in listed}


def sentence(reading: Reading) -> str:
    """Return an unusual minute in words."""
    return (
        f"{reading.count} orders in a minute; the {reading.minutes} minutes before had {reading.mean:.1f} on "
        f"average with a standard deviation of {reading.deviation:.1f}, so more than {reading.threshold:.1f} "
        "are unusual"
    )


def _detector() -> AnomalyDetector:
    return AnomalyDetector(deviation_min=DEVIATION_MIN, keep_out=True)
