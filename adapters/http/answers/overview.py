"""How an exchange is as a whole, in one answer for operators."""

from collections.abc import Iterator

from typing_extensions import TypedDict

from adapters.http.answers.exchange import ReadinessAnswer
from adapters.http.answers.watching import (
    AlertsAnswer,
    ServiceLevelsAnswer,
    alerts_answer,
    service_levels_answer,
)
from adapters.telemetry.watch import Watch
from application.ports.measures import Measure
from application.watching.histogram import Histogram

FIGURES = frozenset(
    {
        "presage_commands_waiting",
        "presage_feed_sockets",
        "presage_firewall_hits",
        "presage_firewall_verdicts",
        "presage_limiter_decisions",
        "presage_notices_undelivered",
        "presage_notices_waiting",
        "presage_queue_dead",
        "presage_queue_messages",
        "presage_read_models_lag_seconds",
        "presage_sagas_open",
        "presage_sagas_set_aside",
        "presage_streams_owned",
        "presage_surveillance_findings",
    }
)
"""Which figures operators are told: those that say what waits, and what was refused or found."""


class FigureAnswer(TypedDict):
    """One value of a figure, by its labels."""

    labels: dict[str, str]
    value: float


class OverviewAnswer(TypedDict):
    """What is wrong or unusual, how promises stand, and some figures, as `/metrics` names them.

    Of figures with labels those values are told that are not zero.
    """

    readiness: ReadinessAnswer
    alerts: AlertsAnswer
    service_levels: ServiceLevelsAnswer
    figures: dict[str, list[FigureAnswer]]


def overview_answer(watch: Watch, readiness: ReadinessAnswer) -> OverviewAnswer:
    """Return how an exchange is."""
    return OverviewAnswer(
        readiness=readiness,
        alerts=alerts_answer(watch.alerts),
        service_levels=service_levels_answer(watch.levels),
        figures={each.name: list(_figures(each)) for each in watch.figures(FIGURES)},
    )


def _figures(measure: Measure) -> Iterator[FigureAnswer]:
    for labels, value in measure.values.items():
        assert not isinstance(value, Histogram)
        if value or not labels:
            yield FigureAnswer(labels=dict(zip(measure.labels, labels, strict=True)), value=value)
