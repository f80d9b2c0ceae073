"""Keeps count of good and bad, and says how much of each error budget is left."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf

from application.slo.objectives import DEFAULT_SLOS, SLO, WINDOW_DAYS

MINUTES_KEPT = 7 * 60
"""How many minutes are kept by themselves: burn rates over up to six hours are told by the minute."""

WEEKS_KEPT = 2
"""How much longer than a window hours are kept, for the report of a week that began before it."""

ALERT_AT = Fraction(1, 2)
"""The share of the budget that may be used up before somebody is told."""

ENOUGH_BAD = 10
"""So many bad ones count even if there were too few of all to allow a single one."""

HOUR_MIN = 60
DAY_MIN = 24 * HOUR_MIN


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnAlarm:
    """Somebody is told when budget burns so many times too fast, over a long and still over a short time."""

    factor: float
    long_min: int
    short_min: int


BURN_ALARMS: Sequence[BurnAlarm] = (
    BurnAlarm(factor=14.4, long_min=HOUR_MIN, short_min=5),
    BurnAlarm(factor=6.0, long_min=6 * HOUR_MIN, short_min=30),
    BurnAlarm(factor=1.0, long_min=3 * DAY_MIN, short_min=6 * HOUR_MIN),
)
"""Two percent of a month's budget in an hour, five in six hours, ten in three days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How much was counted, and how much of it was good."""

    good: int = 0
    total: int = 0

    @property
    def bad(self) -> int:
        """How much was not good."""
        return self.total - self.good

    @property
    def share(self) -> float | None:
        """The share that was good, ``None`` where nothing was counted."""
        return self.good / self.total if self.total else None

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(good=self.good + other.good, total=self.total + other.total)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBudget:
    """How an objective stands in the window that ends now.

    ``allowed`` may be bad; ``left`` is how much more may go bad before the promise is broken, below zero once
    it is. ``consumed`` is the share that is used up, infinite where nothing was allowed.
    """

    slo: SLO
    counted: Tally
    allowed: Fraction
    left: int
    consumed: float

    @property
    def broken(self) -> bool:
        """Whether the promise is broken."""
        return self.counted.bad > self.allowed

    @property
    def telling(self) -> bool:
        """Whether enough was counted to say something: with three orders, one slow one says nothing."""
        return self.allowed >= 1 or self.counted.bad >= ENOUGH_BAD or not self.slo.allowance


class SLOTracker:
    """Takes measurements of a minute, and answers for the window that ends at a minute.

    Minutes are counted from the Unix epoch, and so are hours.
    """

    def __init__(self, slos: Iterable[SLO] = DEFAULT_SLOS, *, window_days: int = WINDOW_DAYS) -> None:
        self.slos: Mapping[str, SLO] = {slo.name: slo for slo in slos}
        self.window_days = window_days
        self._minutes: dict[str, dict[int, Tally]] = {name: {} for name in self.slos}
        self._hours: dict[str, dict[int, Tally]] = {name: {} for name in self.slos}

    def record(self, name: str, minute: int, counted: Tally) -> None:
        """Take in what was counted in a minute; several times for the same minute adds up."""
        self.record_minute(name, minute, counted)
        self.record_hour(name, minute // HOUR_MIN, counted)

    def record_minute(self, name: str, minute: int, counted: Tally) -> None:
        """Take in what was counted in a minute whose hour is taken in by itself."""
        _add(self._minutes[name], minute, counted, MINUTES_KEPT)

    def record_hour(self, name: str, hour: int, counted: Tally) -> None:
        """Take in what was counted in an hour that is long over."""
        _add(self._hours[name], hour, counted, (self.window_days + 7 * WEEKS_KEPT) * 24)

    def between(self, name: str, from_hour: int, to_hour: int) -> Tally:
        """Return what was counted in whole hours, without the last one."""
        return _between(self._hours[name], from_hour, to_hour)

    def error_budget(self, name: str, now_min: int) -> ErrorBudget:
        """Return how much of the budget of an objective is left."""
        slo = self.slos[name]
        hour = now_min // HOUR_MIN
        counted = self.between(name, hour - self.window_days * 24 + 1, hour + 1)
        return budget_of(slo, counted, slo.seconds_in(self.window_days))

    def burn_rate(self, name: str, minutes: int, now_min: int) -> float:
        """Return how many times faster than allowed the budget was used up in the latest minutes.

        At 1 it lasts exactly as long as the window. Where nothing may be bad, anything bad burns infinitely.
        """
        slo = self.slos[name]
        if minutes <= MINUTES_KEPT:
            kept, first, last = self._minutes[name], now_min - minutes + 1, now_min
        else:
            kept = self._hours[name]
            last = now_min // HOUR_MIN
            first = last - minutes // HOUR_MIN + 1
        counted = _between(kept, first, last + 1)
        if not counted.bad:
            return 0.0
        return counted.bad / counted.total / float(slo.allowance) if slo.allowance else inf

    def alarms(self, name: str, now_min: int) -> list[str]:
        """Return a sentence for everything about an objective that somebody has to be told."""
        budget = self.error_budget(name, now_min)
        if not budget.telling:
            return []
        told = []
        if budget.broken:
            told.append(f"the promise is broken: {budget.counted.bad} of {budget.counted.total} were bad")
        elif budget.consumed > ALERT_AT:
            told.append(f"{budget.consumed:.0%} of the error budget is used up")
        for alarm in BURN_ALARMS:
            rates = [self.burn_rate(name, minutes, now_min) for minutes in (alarm.long_min, alarm.short_min)]
            if min(rates) > alarm.factor:
                told.append(
                    f"the error budget burns {rates[0]:.1f} times too fast over {_span(alarm.long_min)} "
                    f"and {rates[1]:.1f} times over {_span(alarm.short_min)}"
                )
                break
        return told


def budget_of(slo: SLO, counted: Tally, whole: int = 0) -> ErrorBudget:
    """Return how an objective stands after so much was counted, of ``whole`` in the end.

    Zero is for what nobody knows beforehand: the budget then grows with what is counted.
    """
    allowed = slo.allowance * max(counted.total, whole)
    consumed = 0.0
    if counted.bad:
        consumed = float(counted.bad / allowed) if allowed else inf
    left = int(allowed) - counted.bad  # only whole ones can go bad
    return ErrorBudget(slo=slo, counted=counted, allowed=allowed, left=left, consumed=consumed)


def _between(kept: Mapping[int, Tally], first: int, end: int) -> Tally:
    good = total = 0
    for at in range(first, end):
        tally = kept.get(at)
        if tally is not None:
            good += tally.good
            total += tally.total
    return Tally(good=good, total=total)


def _add(kept: dict[int, Tally], at: int, counted: Tally, length: int) -> None:
    if counted.total:
        kept[at] = kept.get(at, Tally()) + counted
    if len(kept) > length:
        newest = max(kept)
        for old in [each for each in kept if each <= newest - length]:
            del kept[old]


def _span(minutes: int) -> str:
    if minutes >= DAY_MIN:
        return f"{minutes // DAY_MIN} days"
    return f"{minutes // HOUR_MIN} h" if minutes >= HOUR_MIN else f"{minutes} min"
