"""The report of a week: for people as Markdown, with charts as HTML, for machines as JSON."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from html import escape
from typing import Any

from adapters.charts import Bar, bar_chart, document
from adapters.http.answers.watching import finite
from application.slo.objectives import percent
from application.slo.report import DAYS, ObjectiveReport, WeeklyReport
from application.slo.tracker import ErrorBudget, Tally

_CHART = {"width": 420, "height": 120}


def as_json(report: WeeklyReport) -> dict[str, Any]:
    """Return the report for machines."""
    return {
        "week": report.name,
        "begins": report.begins.isoformat(),
        "complete": report.complete,
        "objectives": [
            {
                "name": each.slo.name,
                "target": float(each.slo.target),
                "good_means": each.slo.good,
                "unit": each.slo.unit.value,
                "met": each.met,
                "counted": each.counted.total,
                "bad": each.counted.bad,
                "share": each.counted.share,
                "share_the_week_before": each.before.share,
                "week_budget": _budget(each.week),
                "window_budget": _budget(each.window),
                "days": [{"counted": day.total, "bad": day.bad} for day in each.days],
                "worst_hour": each.worst_hour
                and {"begins": each.worst_hour.begins.isoformat(), "bad": each.worst_hour.counted.bad},
            }
            for each in report.objectives
        ],
    }


def _budget(budget: ErrorBudget) -> dict[str, Any]:
    return {"allowed": float(budget.allowed), "left": budget.left, "consumed": finite(budget.consumed)}


def as_markdown(report: WeeklyReport) -> str:
    """Return the report for people."""
    return "\n".join(_markdown(report)) + "\n"


def _markdown(report: WeeklyReport) -> Iterator[str]:
    yield f"# Service levels in {report.name}"
    yield ""
    yield _headline(report)
    yield ""
    yield "| objective | promised | kept | bad of all | the week before | budget used | left |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for each in report.objectives:
        yield "| " + " | ".join(_cells(each)) + " |"
    yield ""
    yield "Budget used and left are those of the rolling window at the end of the week. What was good:"
    yield ""
    for each in report.objectives:
        yield f"- {each.slo.name}: {each.slo.good}"
    yield ""
    for each in report.objectives:
        if each.worst_hour:
            hour = each.worst_hour
            yield (
                f"- The worst hour of {each.slo.name} began at {hour.begins:%Y-%m-%d %H:%M} UTC: "
                f"{hour.counted.bad:,} of {hour.counted.total:,} {each.slo.unit.value} were bad."
            )


def _headline(report: WeeklyReport) -> str:
    broken = [each.slo.name for each in report.objectives if each.met is False]
    unmeasured = [each.slo.name for each in report.objectives if each.met is None]
    so_far = "" if report.complete else "The week is not over; this is how it stands. "
    kept = f"Not kept: {', '.join(broken)}." if broken else "Everything that was measured was kept."
    missing = f" Nothing was measured for {', '.join(unmeasured)}." if unmeasured else ""
    return f"{so_far}{kept}{missing}"


def _cells(each: ObjectiveReport) -> list[str]:
    mark = {True: "", False: " **broken**", None: ""}[each.met]
    return [
        f"{each.slo.name}{mark}",
        percent(each.slo.target),
        share_of(each.counted),
        f"{each.counted.bad:,} of {each.counted.total:,} {each.slo.unit.value}",
        share_of(each.before),
        used_of(each.window),
        f"{each.window.left:,} {each.slo.unit.value}",
    ]


def share_of(counted: Tally) -> str:
    """Return which share was good, never rounded up to all of it."""
    if counted.share is None:
        return "not measured"
    shown = f"{100 * counted.share:.4f}"
    return "99.9999+ %" if shown == "100.0000" and counted.bad else f"{shown.rstrip('0').rstrip('.')} %"


def used_of(budget: ErrorBudget) -> str:
    """Return how much of a budget is used up."""
    consumed = finite(budget.consumed)
    return "more than there was" if consumed is None else f"{consumed:.1%}"


_STYLE = """
:root { color-scheme: light dark; } body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto;
max-width: 62rem; padding: 1rem; } table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: .3rem .6rem; text-align: right; }
th:first-child, td:first-child { text-align: left; } .broken { color: #dc2626; font-weight: 600; }
figure { display: inline-block; margin: 1rem 1rem 0 0; } figcaption { font-weight: 600; }
"""


def as_html(report: WeeklyReport) -> str:
    """Return the report as a page with charts that needs nothing from anywhere."""
    head = ("objective", "promised", "kept", "bad of all", "the week before", "budget used", "left")
    rows = "".join(
        f"<tr{_class(each)}>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(each)) + "</tr>"
        for each in report.objectives
    ).replace(" **broken**", " (broken)")
    charts = "".join(
        f"<figure><figcaption>{escape(each.slo.name)}: bad {each.slo.unit.value} a day</figcaption>"
        f"{document(_days(report, each), **_CHART)}</figure>"
        for each in report.objectives
    )
    meanings = "".join(
        f"<li>{escape(each.slo.name)}: {escape(each.slo.good)}</li>" for each in report.objectives
    )
    title = f"Service levels in {report.name}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1><p>{escape(_headline(report))}</p>"
        f"<table><tr>{''.join(f'<th>{name}</th>' for name in head)}</tr>{rows}</table>"
        f"<p>What was good:</p><ul>{meanings}</ul>{charts}</body></html>\n"
    )


def _class(each: ObjectiveReport) -> str:
    return ' class="broken"' if each.met is False else ""


def _days(report: WeeklyReport, each: ObjectiveReport) -> str:
    allowed = each.slo.allowance
    bars = [
        Bar(
            name=f"{report.begins + timedelta(days=day):%a %d}",
            value=counted.bad,
            wrong=counted.bad > allowed * counted.total,
        )
        for day, counted in zip(range(DAYS), each.days, strict=True)
    ]
    return bar_chart(bars, **_CHART)


FORMATS: Mapping[str, Callable[[WeeklyReport], Any]] = {
    "markdown": as_markdown,
    "html": as_html,
    "json": as_json,
}
