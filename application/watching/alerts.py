"""What operators have to know now, and what they had to know of late."""

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from application.ports.clock import Clock
from application.ports.measures import Measure, counter, gauge

log = logging.getLogger(__name__)

REMEMBERED = 200
"""How many alerts that are over are still told."""

ACTIVE_MAX = 1_000
"""How many alerts can be active at once; more are logged and counted only."""


class Concern(StrEnum):
    """What an alert is about."""

    ORDER_FLOW = "order_flow"
    """Far more orders in a market than in the hour before."""
    SERVICE_LEVEL = "service_level"
    """A promise that is being broken, or soon will be."""
    MARKET_MANIPULATION = "market_manipulation"
    """Somebody seems to trade in order to deceive others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something an operator has to know: what about, whom it concerns, and a sentence with the figures.

    ``until_us`` is ``None`` while it goes on.
    """

    concern: Concern
    subject: str
    message: str
    since_us: int
    until_us: int | None = None


class Alerts:
    """The one place that alerts are raised and cleared."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._active: dict[tuple[Concern, str], Alert] = {}
        self._over: deque[Alert] = deque(maxlen=REMEMBERED)
        self._raised = dict.fromkeys(Concern, 0)

    @property
    def active(self) -> Sequence[Alert]:
        """All that goes on, the latest first."""
        return sorted(self._active.values(), key=lambda alert: -alert.since_us)

    @property
    def over(self) -> Sequence[Alert]:
        """What is over, the latest first."""
        return list(reversed(self._over))

    def begin(self, concern: Concern, subject: str, message: str) -> None:
        """Raise an alert, or renew the sentence of one that goes on. It is logged when it is new."""
        going_on = self._active.get((concern, subject))
        if going_on is not None:
            self._active[concern, subject] = replace(going_on, message=message)
            return
        self._raised[concern] += 1
        log.warning("alert: %s: %s", subject, message)
        if len(self._active) < ACTIVE_MAX:
            self._active[concern, subject] = Alert(
                concern=concern, subject=subject, message=message, since_us=self._clock.now_us()
            )

    def end(self, concern: Concern, subject: str) -> None:
        """Take note that it is over."""
        alert = self._active.pop((concern, subject), None)
        if alert is not None:
            self._over.append(replace(alert, until_us=self._clock.now_us()))
            log.warning("alert over: %s: %s", subject, alert.message)

    def measures(self) -> Iterator[Measure]:
        """Yield how many alerts there are, and were."""
        active = [concern for concern, _ in self._active]
        yield gauge(
            "presage_alerts_active",
            "Alerts that go on, by what they are about.",
            {(concern,): active.count(concern) for concern in Concern},
            "concern",
        )
        yield counter(
            "presage_alerts",
            "Alerts since the start.",
            {(concern,): raised for concern, raised in self._raised.items()},
            "concern",
        )
