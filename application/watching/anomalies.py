"""What is unusual: a minute with far more orders than the hour before it (exercise 25)."""

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from numbers import Rational

HOUR = 60
"""The minutes of the rolling window."""

WARM_UP = 10
"""How many minutes have to be known before one can be unusual."""

SIGMAS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a minute looked like beside the window before it.

    ``mean`` and ``deviation`` are those of the window, of ``minutes`` minutes; ``threshold`` is what a count
    has to exceed to be unusual.
    """

    minute: int
    count: int
    minutes: int
    mean: float
    deviation: float
    threshold: float
    anomalous: bool


class AnomalyDetector:
    """Takes one count a minute, and flags those that exceed the mean of the last hour by three deviations.

    Counts are whole numbers, and so are the two sums the window is kept as: mean and (population) standard
    deviation cost the same however long it runs, and are exact. A count is compared with the window before it
    is part of it. Where counts do not vary at all one more is no news: the deviation is taken to be 1.
    ``deviation_min`` does the same where they hardly vary.

    With ``keep_out``, what was flagged does not become part of what is usual, until it has gone on for
    ``accepted_after`` minutes: then that is how things are now.
    """

    def __init__(
        self,
        *,
        window: int = HOUR,
        sigmas: Rational | int = SIGMAS,
        warm_up: int = WARM_UP,
        deviation_min: int = 0,
        keep_out: bool = False,
        accepted_after: int = 15,
    ) -> None:
        if not 1 <= warm_up <= window:
            raise ValueError(f"warm_up is {warm_up}: it is at least 1 and at most the window, {window}")
        if sigmas <= 0:
            raise ValueError(f"sigmas is {sigmas}: it is more than 0")
        self._window = window
        self._sigmas = Fraction(sigmas)
        self._warm_up = warm_up
        self._deviation_min = deviation_min
        self._keep_out = keep_out
        self._accepted_after = accepted_after
        self._counts: deque[tuple[int, int]] = deque()
        self._sum = 0
        self._squares = 0
        self._minute: int | None = None
        self._in_a_row = 0

    @property
    def silent(self) -> bool:
        """Whether nothing at all happened in a whole window."""
        return len(self._counts) == self._window and not self._sum

    @property
    def mean(self) -> float:
        """The mean of the window, 0 while it is empty."""
        return self._sum / len(self._counts) if self._counts else 0.0

    @property
    def deviation(self) -> float:
        """The standard deviation of the window, 0 while it is empty."""
        return sqrt(self._scaled_variance()) / len(self._counts) if self._counts else 0.0

    def observe(self, count: int, *, minute: int | None = None) -> Reading:
        """Take in the count of a minute: the next one, or a later one if some are not known.

        Raises ``ValueError`` for a count below zero, or a minute that is over.
        """
        minute = self._next(count, minute)
        self._expire(minute)
        known = len(self._counts)
        scaled = self._least_variance(known)
        excess = known * count - self._sum
        unusual = known >= self._warm_up and excess > 0 and excess**2 > self._sigmas**2 * scaled
        reading = Reading(
            minute=minute,
            count=count,
            minutes=known,
            mean=self.mean,
            deviation=self.deviation,
            threshold=self.mean + float(self._sigmas) * sqrt(scaled) / known if known else 0.0,
            anomalous=unusual,
        )
        self._in_a_row = self._in_a_row + 1 if unusual else 0
        self._minute = minute
        if not (unusual and self._keep_out and self._in_a_row < self._accepted_after):
            self._counts.append((minute, count))
            self._sum += count
            self._squares += count * count
        self._expire(minute + 1)
        return reading

    def _next(self, count: int, minute: int | None) -> int:
        if count < 0:
            raise ValueError(f"a count of {count}: it is at least 0")
        last = self._minute
        if minute is None:
            return 0 if last is None else last + 1
        if last is not None and minute <= last:
            raise ValueError(f"minute {minute} comes after minute {last} was taken in")
        return minute

    def _expire(self, minute: int) -> None:
        while self._counts and self._counts[0][0] < minute - self._window:
            _, count = self._counts.popleft()
            self._sum -= count
            self._squares -= count * count

    def _scaled_variance(self) -> int:
        """Return the variance times the square of the number of minutes: a whole number."""
        return len(self._counts) * self._squares - self._sum**2

    def _least_variance(self, known: int) -> int:
        least = max(self._scaled_variance(), (known * self._deviation_min) ** 2)
        return least or known**2
