"""Recording and alert rules for Prometheus: error budgets that burn too fast, and what is wrong besides."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from application.slo.tracker import ALERT_AT, BURN_ALARMS, ENOUGH_BAD, BurnAlarm

Rule = dict[str, Any]

_NAMES = {5: "5m", 30: "30m", 60: "1h", 360: "6h", 4_320: "3d"}
"""How Prometheus writes the windows."""

_S_PER_MIN = 60
_EVERY_MIN = Fraction(1, 4)


def rules(scale: Fraction = Fraction(1)) -> dict[str, Any]:
    """Return the file of rules. ``scale`` makes every window so many times as long, for a burn in a test."""
    return {
        "groups": [
            {
                "name": "presage service levels",
                "interval": _duration(_EVERY_MIN, scale),
                "rules": [*_recorded(scale), *(_burning(alarm, scale) for alarm in BURN_ALARMS)],
            },
            {
                "name": "presage",
                "interval": _duration(_EVERY_MIN, scale),
                "rules": list(_others(scale)),
            },
        ]
    }


def _recorded(scale: Fraction) -> Iterator[Rule]:
    """Yield, for each window, the share that was bad and how many times faster than allowed that is."""
    for minutes, name in _NAMES.items():
        window = _duration(minutes, scale)
        good = f"sum by (slo) (rate(presage_slo_good_total[{window}]))"
        counted = f"sum by (slo) (rate(presage_slo_counted_total[{window}]))"
        yield {"record": f"slo:bad:ratio_rate{name}", "expr": f"1 - {good} / {counted}"}
        yield {
            "record": f"slo:burn:rate{name}",
            "expr": f"slo:bad:ratio_rate{name} / on (slo) (1 - max by (slo) (presage_slo_target))",
        }


_SEVERITIES = {14.4: "page", 6.0: "page", 1.0: "ticket"}


def _burning(alarm: BurnAlarm, scale: Fraction) -> Rule:
    over, still = _NAMES[alarm.long_min], _NAMES[alarm.short_min]
    window = _duration(alarm.long_min, scale)
    bad = (
        f"sum by (slo) (increase(presage_slo_counted_total[{window}])) - "
        f"sum by (slo) (increase(presage_slo_good_total[{window}]))"
    )
    return {
        "alert": "PresageErrorBudgetBurns",
        "expr": (
            f"slo:burn:rate{over} > {alarm.factor:g} and on (slo) slo:burn:rate{still} > {alarm.factor:g} "
            f"and on (slo) ({bad}) >= {ENOUGH_BAD}"
        ),
        "labels": {"severity": _SEVERITIES[alarm.factor], "window": over},
        "annotations": {
            "summary": (
                "The error budget of {{ $labels.slo }} burns {{ $value | humanize }} times too fast "
                f"over {over}"
            ),
            "action": "`presage slo status` says how much is left, docs/watching.md what was promised",
        },
    }


def _others(scale: Fraction) -> Iterator[Rule]:
    for name, expr, minutes, severity, summary in (
        (
            "PresageTradeBookedWrongly",
            f'increase(presage_trades_booked_total{{how="wrongly"}}[{_duration(60, scale)}]) > 0',
            0,
            "page",
            "A trade was booked twice or not at all: run `presage verify`",
        ),
        ("PresageDown", 'up{job="presage"} == 0', 1, "page", "{{ $labels.instance }} does not answer"),
        (
            "PresageNotReady",
            "presage_ready == 0",
            1,
            "page",
            "{{ $labels.instance }} takes no commands: GET /readyz says why",
        ),
        (
            "PresageCondition",
            "presage_condition == 1",
            5,
            "ticket",
            "{{ $labels.code }} at {{ $labels.instance }}: docs/api.md says what to do",
        ),
        (
            "PresageErrorBudgetHalfUsed",
            f"max by (slo) (presage_slo_budget_consumed_ratio) > {float(ALERT_AT):g}",
            10,
            "ticket",
            "More than half of the error budget of {{ $labels.slo }} is used up",
        ),
        (
            "PresageUnusualOrderFlow",
            'presage_alerts_active{concern="order_flow"} > 0',
            0,
            "ticket",
            "Far more orders than usual: `presage alerts` says in which markets",
        ),
        (
            "PresageMarketManipulation",
            'presage_alerts_active{concern="market_manipulation"} > 0',
            0,
            "ticket",
            "Somebody seems to manipulate a market: `presage alerts` says who, `presage surveil` why",
        ),
    ):
        yield {
            "alert": name,
            "expr": expr,
            "for": _duration(minutes, scale),
            "labels": {"severity": severity},
            "annotations": {"summary": summary},
        }


def _duration(minutes: int | Fraction, scale: Fraction) -> str:
    """Return a duration as Prometheus writes it."""
    if scale == 1 and minutes in _NAMES:
        return _NAMES[int(minutes)]
    milliseconds = int(minutes * _S_PER_MIN * 1_000 * scale)
    return f"{milliseconds}ms" if milliseconds % 1_000 else f"{milliseconds // 1_000}s"
