"""Draws the screen with its data: what Prometheus answers to each panel's queries, as one SVG.

``python -m adapters.telemetry.dashboard.picture http://127.0.0.1:9090 screen.svg``
"""

import math
import re
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import httpx

from adapters.charts import COLOURS, Line, document, line_chart
from adapters.telemetry.dashboard.screen import SCREEN, Panel, Query, Row

WIDE = 1_200
_CHART_HIGH = 130
_PANEL_HIGH = 190
_HEADING_HIGH = 26
_LINES_MAX = 6
"""How many lines a panel of the picture shows: those with the highest last value."""

_POINTS = 40
_LABEL = re.compile(r"{{\s*(\w+)\s*}}")


def answered(prometheus: httpx.Client, query: Query, *, start: float, end: float) -> list[Line]:
    """Return the lines that Prometheus answers to a query; what is no number interrupts them."""
    asked: dict[str, str | float] = {"query": query.expr, "start": start, "end": end}
    asked["step"] = max(1.0, (end - start) / _POINTS)
    answer = prometheus.get("/api/v1/query_range", params=asked)
    answer.raise_for_status()
    return [
        Line(name=_legend(query, each["metric"]), points=[_point(*point) for point in each["values"]])
        for each in answer.json()["data"]["result"]
    ]


def _legend(query: Query, labels: dict[str, str]) -> str:
    return _LABEL.sub(lambda found: labels.get(found[1], ""), query.legend)


def _point(at: float, value: str) -> tuple[float, float | None]:
    number = float(value)
    return at, number if math.isfinite(number) else None


def screen_picture(
    prometheus: httpx.Client, *, start: float, end: float, rows: Sequence[Row] = SCREEN
) -> str:
    """Return the screen as a picture."""
    drawn, top = [], 0
    for row in rows:
        drawn.append(_text(10, top + 18, row.title, size=14, weight=600))
        wide = WIDE // len(row.panels)
        for number, panel in enumerate(row.panels):
            lines = [
                line for query in panel.queries for line in answered(prometheus, query, start=start, end=end)
            ]
            left, at = wide * number, top + _HEADING_HIGH
            drawn.append(f'<g transform="translate({left},{at})">{_drawn(panel, lines, wide)}</g>')
        top += _HEADING_HIGH + _PANEL_HIGH
    background = f'<rect width="{WIDE}" height="{top}" fill="#fff"/>'
    return document(background + "".join(drawn), width=WIDE, height=top) + "\n"


def _drawn(panel: Panel, lines: Sequence[Line], wide: int) -> str:
    shown = sorted(lines, key=lambda line: -_last(line))[:_LINES_MAX]
    times = [at for line in shown for at, _ in line.points]
    ends = (_clock(min(times)), _clock(max(times))) if times else ("", "")
    legend, x, y = [], 52, _CHART_HIGH + 32
    for number, line in enumerate(shown):
        width = 16 + 6 * len(line.name)
        if x + width > wide and x > 52:
            x, y = 52, y + 13
        legend.append(
            f'<rect x="{x}" y="{y - 7}" width="8" height="3" fill="{COLOURS[number % len(COLOURS)]}"/>'
        )
        legend.append(_text(x + 11, y - 2, line.name))
        x += width
    chart = line_chart(shown, width=wide, height=_CHART_HIGH, ends=ends)
    unit = {"s": " (s)", "percentunit": " (share)", "reqps": " (per s)"}.get(panel.unit.value, "")
    title = _text(52, 10, f"{panel.title}{unit}", size=11, weight=600)
    return f'{title}<g transform="translate(0,12)">{chart}</g>{"".join(legend)}'


def _last(line: Line) -> float:
    return next((value for _, value in reversed(line.points) if value is not None), -1.0)


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"


def _text(x: float, y: float, text: str, *, size: int = 10, weight: int = 400) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="#333">{escape(text)}</text>'
    )


if __name__ == "__main__":
    with httpx.Client(base_url=sys.argv[1]) as client:
        now = time.time()
        Path(sys.argv[2]).write_text(screen_picture(client, start=now - 300, end=now))
