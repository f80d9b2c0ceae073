"""Alerts and service levels, as operators are told of them."""

import math

from typing_extensions import TypedDict

from adapters.http.answers.display import timestamp
from application.slo.service_levels import ServiceLevels
from application.slo.tracker import BURN_ALARMS, SLOTracker
from application.watching.alerts import Alert, Alerts


class AlertAnswer(TypedDict):
    """Something operators have to know. ``until`` is ``null`` while it goes on.

    ``concern`` is `order_flow` (far more orders in a market than usual), `service_level` (a promise in
    danger) or `market_manipulation` (somebody seems to deceive others); ``subject`` is the market, the
    objective, or rule, market and accounts.
    """

    concern: str
    subject: str
    message: str
    since: str
    until: str | None


class AlertsAnswer(TypedDict):
    """What goes on, and the latest that is over, each the latest first."""

    active: list[AlertAnswer]
    over: list[AlertAnswer]


class BurnRateAnswer(TypedDict):
    """How many times faster than allowed the budget was used up; ``null`` is infinitely."""

    minutes: int
    rate: float | None


class ObjectiveAnswer(TypedDict):
    """How an objective stands in the rolling window.

    ``left`` of ``unit`` may still go bad before the promise is broken; ``consumed`` is the share of the
    budget that is used up, ``null`` where none was allowed and something was bad.
    """

    name: str
    target: float
    good_means: str
    unit: str
    counted: int
    bad: int
    share: float | None
    left: int
    consumed: float | None
    broken: bool
    burn_rates: list[BurnRateAnswer]
    alarms: list[str]


class ServiceLevelsAnswer(TypedDict):
    """All objectives."""

    window_days: int
    objectives: list[ObjectiveAnswer]


def alerts_answer(alerts: Alerts) -> AlertsAnswer:
    """Return all alerts there are."""
    return AlertsAnswer(active=list(map(_alert, alerts.active)), over=list(map(_alert, alerts.over)))


def _alert(alert: Alert) -> AlertAnswer:
    return AlertAnswer(
        concern=alert.concern.value,
        subject=alert.subject,
        message=alert.message,
        since=timestamp(alert.since_us),
        until=None if alert.until_us is None else timestamp(alert.until_us),
    )


def service_levels_answer(levels: ServiceLevels) -> ServiceLevelsAnswer:
    """Return how all objectives stand."""
    return standing(levels.tracker, levels.now_min)


def standing(tracker: SLOTracker, now_min: int) -> ServiceLevelsAnswer:
    """Return how all objectives stand at a minute."""
    return ServiceLevelsAnswer(
        window_days=tracker.window_days,
        objectives=[_objective(tracker, name, now_min) for name in tracker.slos],
    )


def _objective(tracker: SLOTracker, name: str, now_min: int) -> ObjectiveAnswer:
    budget = tracker.error_budget(name, now_min)
    spans = sorted({minutes for alarm in BURN_ALARMS for minutes in (alarm.short_min, alarm.long_min)})
    return ObjectiveAnswer(
        name=name,
        target=float(budget.slo.target),
        good_means=budget.slo.good,
        unit=budget.slo.unit.value,
        counted=budget.counted.total,
        bad=budget.counted.bad,
        share=budget.counted.share,
        left=budget.left,
        consumed=finite(budget.consumed),
        broken=budget.broken,
        burn_rates=[
            BurnRateAnswer(minutes=minutes, rate=finite(tracker.burn_rate(name, minutes, now_min)))
            for minutes in spans
        ],
        alarms=tracker.alarms(name, now_min),
    )


def finite(value: float) -> float | None:
    """Return a number, ``None`` for an infinite one, which JSON does not have."""
    return value if math.isfinite(value) else None
