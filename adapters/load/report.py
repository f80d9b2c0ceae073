"""What a load found, as JSON and as a page with charts."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from adapters.charts import Line, document, line_chart
from adapters.load.measured import LATE_S_MAX
from adapters.load.profiles import Kind
from adapters.load.running import Outcome

_WIDE, _HIGH = 760, 180
READS = (Kind.BOOK, Kind.MARKET, Kind.MARKETS, Kind.TRADES, Kind.BALANCE)

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 800px; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse } td, th { padding: .2rem .8rem .2rem 0; text-align: left }
td.number { text-align: right; font-variant-numeric: tabular-nums }
.held { color: #059669 } .broken { color: #dc2626 } svg { max-width: 100%; height: auto }
:root { color-scheme: light dark }
"""


def as_document(outcome: Outcome) -> dict[str, Any]:
    """Return what was found as JSON."""
    plan, found = outcome.plan, outcome.found
    return {
        "profile": plan.name,
        "scale": plan.scale,
        "duration_s": plan.duration_s,
        "processes": plan.processes,
        "connections": plan.processes * plan.connections,
        "seed": plan.seed,
        "requests": found.sent,
        "failed": found.failed,
        "generator": {
            "late_ms_p99": round(outcome.late_ms, 2),
            "cpu_s": round(found.cpu_s, 1),
            "kept_up": outcome.generated,
        },
        "latency_ms": {
            "orders": found.percentiles_ms([Kind.ORDER]),
            "cancels": found.percentiles_ms([Kind.CANCEL]),
            "reads": found.percentiles_ms(READS),
        },
        "statuses": dict(sorted(found.statuses.items())),
        "verdicts": [
            {"promise": each.promise, "found": each.found, "held": each.held} for each in outcome.verdicts
        ],
        "held": outcome.held,
    }


def as_page(outcome: Outcome) -> str:
    """Return what was found as one HTML file that loads nothing."""
    told = as_document(outcome)
    sent = f"{told['requests']:,} requests in {outcome.plan.duration_s:g} s, measured from when each was due."
    title = f"{outcome.plan.profile.about}, at {outcome.plan.scale:g} of its rate"
    return "\n".join(
        (
            "<!doctype html>",
            f'<html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>',
            f"<h1>{escape(title)}</h1>",
            f"<p>{sent}</p>",
            *_judged(outcome),
            "<h2>Latency</h2>",
            _table([("", *_names(told)), *_latencies(told)]),
            *_charts(outcome),
            "<h2>Answers</h2>",
            _table(
                [("request and status", "count"), *((name, f"{n:,}") for name, n in told["statuses"].items())]
            ),
            "</html>",
        )
    )


def _judged(outcome: Outcome) -> Iterator[str]:
    if not outcome.generated:
        yield (
            f'<p class="broken">This machine could not make the load: one request in a hundred was sent '
            f"{outcome.late_ms:,.0f} ms late or more (at most {LATE_S_MAX * 1_000:g}). Nothing below is a "
            "judgement on the exchange.</p>"
        )
    yield "<ul>"
    for each in outcome.verdicts:
        kind, word = ("held", "held") if each.held else ("broken", "broken")
        yield f'<li class="{kind}"><b>{word}</b>: {escape(each.promise)} ({escape(each.found)})</li>'
    yield "</ul>"


def _names(told: dict[str, Any]) -> Sequence[str]:
    return next((tuple(each) for each in told["latency_ms"].values() if each), ())


def _latencies(told: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for kind, percentiles in told["latency_ms"].items():
        if percentiles:
            yield (kind, *(f"{value:,.2f} ms" for value in percentiles.values()))


def _charts(outcome: Outcome) -> Iterator[str]:
    seconds = sorted(outcome.found.seconds.items())
    ends = ("0 s", f"{outcome.plan.duration_s:g} s")
    for heading, lines in (
        (
            "Requests due in each second, and those that failed",
            [
                Line(name="due", points=[(at, second.due) for at, second in seconds]),
                Line(name="failed", points=[(at, second.failed) for at, second in seconds]),
            ],
        ),
        (
            "Latency in ms of what was due in each second: median and 99th percentile",
            [
                Line(
                    name=f"p{percent}", points=[(at, second.percentile_ms(percent)) for at, second in seconds]
                )
                for percent in (50, 99)
            ],
        ),
    ):
        yield f"<h2>{heading}</h2>"
        yield document(line_chart(lines, width=_WIDE, height=_HIGH, ends=ends), width=_WIDE, height=_HIGH)


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *rest = rows
    cells = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = [
        f"<tr><td>{escape(row[0])}</td>"
        + "".join(f'<td class="number">{escape(cell)}</td>' for cell in row[1:])
        + "</tr>"
        for row in rest
    ]
    return f"<table><tr>{cells}</tr>{''.join(lines)}</table>"
