"""The report of a week: what was promised, what was kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from application.slo.objectives import SLO
from application.slo.tracker import ErrorBudget, SLOTracker, Tally, budget_of

HOURS_A_DAY = 24
DAYS = 7
_S_PER_HOUR = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What was counted in one hour. ``begins`` is in UTC."""

    begins: datetime
    counted: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveReport:
    """How an objective was kept in a week.

    ``week`` is what may be bad of what was counted in the week alone; ``window`` how the budget stood at the
    week's end. ``days`` has what was counted on each day.
    """

    slo: SLO
    counted: Tally
    before: Tally
    week: ErrorBudget
    window: ErrorBudget
    days: Sequence[Tally]
    worst_hour: Hour | None

    @property
    def met(self) -> bool | None:
        """Whether the promise was kept in the week, ``None`` where nothing was measured."""
        return None if not self.counted.total else not self.week.broken


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyReport:
    """How all objectives were kept in the week that begins on a Monday, in UTC."""

    begins: date
    complete: bool
    objectives: Sequence[ObjectiveReport]

    @property
    def name(self) -> str:
        """The week as ISO 8601 writes it."""
        year, week, _ = self.begins.isocalendar()
        return f"{year}-W{week:02}"


def weekly_report(tracker: SLOTracker, begins: date, *, now: datetime) -> WeeklyReport:
    """Return the report of the week that begins on ``begins``, up to now if it is not over."""
    first = _hour_of(begins)
    last = first + DAYS * HOURS_A_DAY
    end = min(last, _hour(now) + 1)
    return WeeklyReport(
        begins=begins,
        complete=_hour(now) >= last,
        objectives=[_objective(tracker, slo, first, end) for slo in tracker.slos.values()],
    )


def monday_of(day: date) -> date:
    """Return the Monday of the week that a day is in."""
    return day - timedelta(days=day.weekday())


def _objective(tracker: SLOTracker, slo: SLO, first: int, end: int) -> ObjectiveReport:
    def between(begins: int, ends: int) -> Tally:
        return tracker.between(slo.name, begins, min(ends, end))

    counted = between(first, end)
    days = [between(day, day + HOURS_A_DAY) for day in range(first, first + DAYS * HOURS_A_DAY, HOURS_A_DAY)]
    hours = [(between(hour, hour + 1), hour) for hour in range(first, end)]
    worst = max(hours, key=lambda each: each[0].bad, default=None)
    return ObjectiveReport(
        slo=slo,
        counted=counted,
        before=tracker.between(slo.name, first - DAYS * HOURS_A_DAY, first),
        week=budget_of(slo, counted, slo.seconds_in(DAYS)),
        window=budget_of(
            slo, between(end - tracker.window_days * HOURS_A_DAY, end), slo.seconds_in(tracker.window_days)
        ),
        days=days,
        worst_hour=(
            Hour(begins=datetime.fromtimestamp(worst[1] * _S_PER_HOUR, UTC), counted=worst[0])
            if worst and worst[0].bad
            else None
        ),
    )


def _hour_of(day: date) -> int:
    return _hour(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _hour(moment: datetime) -> int:
    return int(moment.timestamp()) // _S_PER_HOUR
