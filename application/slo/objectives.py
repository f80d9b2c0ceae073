"""Service level objectives: what is promised, and of which measurements that is said."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

WINDOW_DAYS = 30
"""The rolling window over which a promise is kept."""


class BadObjective(Exception):
    """An objective that nobody could keep or break; the message names the place."""


class Unit(StrEnum):
    """What is counted."""

    REQUESTS = "requests"
    SECONDS = "seconds"
    ORDERS = "orders"
    EVENTS = "events"
    TRADES = "trades"


@dataclass(frozen=True, slots=True, kw_only=True)
class SLO:
    """At least ``target`` of what is counted is good.

    ``at_most_s`` is the duration up to which something is good, where it is about one. Raises
    :class:`BadObjective` for a target that is not above 0 and at most 1.
    """

    name: str
    target: Fraction
    good: str
    unit: Unit
    at_most_s: float | None = None

    def __post_init__(self) -> None:
        if self.target > 1:
            raise BadObjective(
                f"{self.name}: a target of {percent(self.target)} is above 100 %: always is the best there is"
            )
        if self.target <= 0:
            raise BadObjective(
                f"{self.name}: a target of {percent(self.target)} promises nothing; it is above 0 %"
            )

    def seconds_in(self, days: int) -> int:
        """Return how much there will be to count in so many days, 0 where nobody knows that beforehand."""
        return days * 86_400 if self.unit is Unit.SECONDS else 0

    @property
    def allowance(self) -> Fraction:
        """The share that may be bad."""
        return 1 - self.target


def percent(share: Fraction) -> str:
    """Return a share as people write it."""
    return f"{float(share * 100):.6g} %"


AVAILABILITY = SLO(
    name="availability",
    target=Fraction(9_995, 10_000),
    good="requests that were not answered with a fault of ours (5xx)",
    unit=Unit.REQUESTS,
)
UPTIME = SLO(
    name="uptime",
    target=Fraction(9_995, 10_000),
    good="seconds in which the exchange was ready, or had been stopped in order",
    unit=Unit.SECONDS,
)
ORDER_P50 = SLO(
    name="order_latency_p50",
    target=Fraction(50, 100),
    good="orders answered within 50 ms",
    unit=Unit.ORDERS,
    at_most_s=0.05,
)
ORDER_P99 = SLO(
    name="order_latency_p99",
    target=Fraction(99, 100),
    good="orders answered within 200 ms",
    unit=Unit.ORDERS,
    at_most_s=0.2,
)
FRESHNESS = SLO(
    name="read_models_fresh",
    target=Fraction(99, 100),
    good="events visible within 10 ms of their decision",
    unit=Unit.EVENTS,
    at_most_s=0.01,
)
EXACTLY_ONCE = SLO(
    name="exactly_once",
    target=Fraction(1),
    good="trades booked once in each of their two accounts",
    unit=Unit.TRADES,
)

DEFAULT_SLOS: Sequence[SLO] = (AVAILABILITY, UPTIME, ORDER_P50, ORDER_P99, FRESHNESS, EXACTLY_ONCE)
"""The promises of section 33.1.4."""
