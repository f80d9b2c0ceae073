"""What other rules would have come to: as JSON, as text, and as a page with charts."""

from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import accumulate
from typing import Any

from adapters.charts import COLOURS, Line, document, line_chart
from adapters.http.answers.display import contracts, price_dollars, timestamp
from adapters.http.answers.why import exact_dollars
from application.whatif.under_policy import Came, MarketUnder, PolicyReport

_CHART = {"width": 760, "height": 180}
_POINTS = 400
_SHOWN = 20

ASSUMED = (
    "Everybody sends what they sent: nobody trades more or less, or at other prices, because the rules are "
    "others. Nobody's money is looked at."
)


def as_json(report: PolicyReport) -> dict[str, Any]:
    """Return the report for machines."""
    return {
        "policy": report.policy.name,
        "assumed": ASSUMED,
        "recorded": _came(report.recorded),
        "under_policy": _came(report.other),
        "refused": {reason.value: count for reason, count in report.refused.most_common()},
        "markets": [
            {
                "ticker": each.ticker,
                "recorded": _came(each.recorded),
                "under_policy": _came(each.other),
                "refused": {reason.value: count for reason, count in each.refused.most_common()},
            }
            for each in report.markets
        ],
        "left_out": dict(report.left_out),
        "accounts": [
            {"account_id": account, "gain_dollars": exact_dollars(gain)} for account, gain in _gains(report)
        ],
    }


def _came(came: Came) -> dict[str, Any]:
    return {
        "trades": came.trades,
        "volume_fp": contracts(came.volume),
        "fees_dollars": exact_dollars(came.fees),
        "maker_fees_dollars": exact_dollars(came.maker_fees),
        "taker_fees_dollars": exact_dollars(came.taker_fees),
        "self_trades_prevented": came.self_trades,
        "mean_spread_dollars": None if came.spread_ticks is None else round(came.spread_ticks / 10_000, 6),
        "last_price_dollars": None if came.last_price is None else price_dollars(came.last_price),
    }


def _gains(report: PolicyReport) -> list[tuple[str, int]]:
    """Return who would have gained or lost by the policy, those whom it moves most first."""
    recorded, other = report.recorded.profits, report.other.profits
    gains = {each: other[each] - recorded[each] for each in recorded.keys() | other.keys()}
    moved = [(account, gain) for account, gain in gains.items() if gain]
    return sorted(moved, key=lambda each: (-abs(each[1]), each[0]))


HEAD = ("", "trades", "volume", "fees", "of makers", "of takers", "self-trades prevented", "mean spread")


def total_rows(report: PolicyReport) -> list[Sequence[str]]:
    """Return all markets together, both ways."""
    return [("recorded", *_cells(report.recorded)), ("under the policy", *_cells(report.other))]


def market_rows(report: PolicyReport) -> Iterator[Sequence[str]]:
    """Yield the busiest markets, both ways."""
    for each in _busiest(report):
        yield (each.ticker, *_cells(each.recorded))
        yield ("  under the policy", *_cells(each.other))


def _busiest(report: PolicyReport) -> list[MarketUnder]:
    return sorted(report.markets, key=lambda each: (-each.recorded.volume, each.ticker))[:_SHOWN]


def _cells(came: Came) -> Sequence[str]:
    return (
        f"{came.trades:,}",
        contracts(came.volume),
        exact_dollars(came.fees),
        exact_dollars(came.maker_fees),
        exact_dollars(came.taker_fees),
        f"{came.self_trades:,}",
        "" if came.spread_ticks is None else f"{came.spread_ticks / 10_000:.4f}",
    )


def notes(report: PolicyReport) -> Iterator[str]:
    """Yield what else there is to say, in sentences."""
    for reason, count in report.refused.most_common():
        yield f"{count:,} commands would have been refused: {reason.value}."
    for ticker, why in report.left_out.items():
        yield f"{ticker} is left out: {why}."
    moved = _gains(report)
    for account, gain in moved[:_SHOWN]:
        yield f"{account} would have {'gained' if gain > 0 else 'lost'} ${exact_dollars(abs(gain))}."
    if len(moved) > _SHOWN:
        yield f"So would {len(moved) - _SHOWN:,} others have, by less."
    yield ASSUMED


def as_text(report: PolicyReport) -> str:
    """Return the report for people, as Markdown."""
    lines = [f"# {report.policy.name}", ""]
    for rows in (total_rows(report), list(market_rows(report))):
        lines += [f"| {' | '.join(HEAD)} |", f"|---|{'---:|' * (len(HEAD) - 1)}"]
        lines += [f"| {' | '.join(row)} |" for row in rows]
        lines.append("")
    return "\n".join([*lines, *(f"- {note}" for note in notes(report))]) + "\n"


_STYLE = """
:root { color-scheme: light dark } body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto;
max-width: 62rem; padding: 1rem } table { border-collapse: collapse; width: 100%; margin-bottom: 1rem }
th, td { border-bottom: 1px solid #8884; padding: .3rem .6rem; text-align: right }
th:first-child, td:first-child { text-align: left } figure { margin: 1rem 0 } figcaption { font-weight: 600 }
svg { max-width: 100%; height: auto }
"""


def as_html(report: PolicyReport) -> str:
    """Return the report as a page with charts that needs nothing from anywhere."""
    title = escape(report.policy.name)
    tables = "".join(_table(rows) for rows in (total_rows(report), list(market_rows(report))))
    said = "".join(f"<li>{escape(note)}</li>" for note in notes(report))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{tables}{''.join(_charts(report))}"
        f"<ul>{said}</ul></body></html>\n"
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in HEAD)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _charts(report: PolicyReport) -> Iterator[str]:
    both = report.recorded, report.other
    yield _chart("Fees so far, in dollars", [_so_far(came, lambda each: each[2] / 1e6) for came in both])
    yield _chart("Contracts traded so far", [_so_far(came, lambda each: each[1] / 100) for came in both])
    for busiest in _busiest(report)[:1]:
        prices = [
            [(each[0] / 1e6, each[3] / 10_000) for each in came.flow]
            for came in (busiest.recorded, busiest.other)
        ]
        yield _chart(f"Price of yes in {busiest.ticker}, in dollars", prices)


Points = list[tuple[float, float]]


def _so_far(came: Came, part: Callable[[tuple[int, int, int, int]], float]) -> Points:
    flow = sorted(came.flow, key=lambda each: each[0])
    sums = accumulate(map(part, flow))
    return [(each[0] / 1e6, total) for each, total in zip(flow, sums, strict=True)]


def _chart(caption: str, both: Sequence[Points]) -> str:
    names = ("recorded", "under the policy")
    lines = [Line(name=name, points=_thinned(points)) for name, points in zip(names, both, strict=True)]
    times = [at for points in both for at, _ in points]
    ends = tuple(timestamp(int(at * 1e6))[:16] for at in (min(times), max(times))) if times else ("", "")
    key = " ".join(
        f'<span style="color:{COLOURS[number]}">{name}</span>' for number, name in enumerate(names)
    )
    drawn = document(line_chart(lines, ends=(ends[0], ends[1]), **_CHART), **_CHART)
    return f"<figure><figcaption>{escape(caption)}: {key}</figcaption>{drawn}</figure>"


def _thinned(points: Points) -> Points:
    """Return at most so many points, the last among them."""
    if len(points) <= _POINTS:
        return points
    return [points[(number + 1) * len(points) // _POINTS - 1] for number in range(_POINTS)]
