"""The report of a week."""

import json
from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET

from adapters.telemetry.slo_report import as_html, as_json, as_markdown
from application.slo.report import WeeklyReport, monday_of, weekly_report
from application.slo.tracker import SLOTracker, Tally

MONDAY = date(2026, 11, 16)


def minute(day: int, hour: int = 12) -> int:
    return int(datetime(2026, 11, day, hour, tzinfo=UTC).timestamp()) // 60


def a_week() -> WeeklyReport:
    tracker = SLOTracker()
    tracker.record("availability", minute(10), Tally(good=10_000, total=10_000))
    tracker.record("availability", minute(15, 23), Tally(good=0, total=7))  # still the week before
    for day in range(16, 23):
        tracker.record("availability", minute(day), Tally(good=10_000, total=10_000))
        tracker.record("order_latency_p99", minute(day), Tally(good=999, total=1_000))
    tracker.record("availability", minute(18, 3), Tally(good=960, total=1_000))
    tracker.record("availability", minute(23, 0), Tally(good=0, total=9))  # already the week after
    return weekly_report(tracker, MONDAY, now=datetime(2026, 11, 28, tzinfo=UTC))


def test_a_week_begins_on_a_monday_and_is_named_as_iso_8601_does() -> None:
    assert monday_of(date(2026, 11, 22)) == MONDAY
    assert monday_of(MONDAY) == MONDAY
    assert a_week().name == "2026-W47"


def test_exactly_the_week_is_counted() -> None:
    [availability] = [each for each in a_week().objectives if each.slo.name == "availability"]
    assert (availability.counted.total, availability.counted.bad) == (71_000, 40)
    assert (availability.before.total, availability.before.bad) == (10_007, 7)
    assert [day.bad for day in availability.days] == [0, 0, 40, 0, 0, 0, 0]
    assert availability.worst_hour is not None
    assert availability.worst_hour.begins == datetime(2026, 11, 18, 3, tzinfo=UTC)
    assert availability.met is False, "0.0005 of 71,000 are 35.5"
    assert availability.window.counted == Tally(good=80_960, total=81_007)


def test_for_machines() -> None:
    told = json.loads(json.dumps(as_json(a_week())))
    assert (told["week"], told["begins"], told["complete"]) == ("2026-W47", "2026-11-16", True)
    by_name = {each["name"]: each for each in told["objectives"]}
    assert by_name["availability"]["week_budget"] == {"allowed": 35.5, "left": -5, "consumed": 40 / 35.5}
    assert by_name["order_latency_p99"]["met"] is True
    assert by_name["order_latency_p99"]["share"] == 0.999
    assert by_name["exactly_once"]["met"] is None


def test_for_people() -> None:
    text = as_markdown(a_week())
    assert text.startswith(
        "# Service levels in 2026-W47\n\nNot kept: availability. Nothing was measured for uptime, "
    )
    assert (
        "| availability **broken** | 99.95 % | 99.9437 % | 40 of 71,000 requests | 99.93 % | 116.0% "
        "| -7 requests |"
    ) in text
    assert (
        "| order_latency_p99 | 99 % | 99.9 % | 7 of 7,000 orders | not measured | 10.0% | 63 orders |" in text
    )
    assert (
        "- The worst hour of availability began at 2026-11-18 03:00 UTC: 40 of 1,000 requests were bad."
        in text
    )


def test_a_week_that_is_not_over_says_so() -> None:
    tracker = SLOTracker()
    report = weekly_report(tracker, date(2026, 11, 23), now=datetime(2026, 11, 28, tzinfo=UTC))
    assert not report.complete
    assert "The week is not over; this is how it stands." in as_markdown(report)


def test_what_is_nearly_perfect_is_not_told_as_perfect() -> None:
    tracker = SLOTracker()
    tracker.record("availability", minute(16), Tally(good=99_999_999, total=100_000_000))
    text = as_markdown(weekly_report(tracker, MONDAY, now=datetime(2026, 11, 28, tzinfo=UTC)))
    assert "| availability | 99.95 % | 99.9999+ % |" in text


def test_the_page_has_a_chart_for_each_objective_and_needs_nothing_from_anywhere() -> None:
    page = as_html(a_week())
    charts = [part.split("</svg>")[0] + "</svg>" for part in page.split("<figure>")[1:]]
    assert len(charts) == 6
    drawn = ET.fromstring(charts[0][charts[0].index("<svg") :])
    bars = drawn.findall("{http://www.w3.org/2000/svg}rect")
    heights = [float(bar.attrib["height"]) for bar in bars]
    assert len(bars) == 7
    assert heights.index(max(heights)) == 2
    assert [bar.attrib["fill"] == "#dc2626" for bar in bars] == [
        False,
        False,
        True,
        False,
        False,
        False,
        False,
    ]
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page
