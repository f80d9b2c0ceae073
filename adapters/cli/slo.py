"""``presage slo``: what the exchange promises, how much of it is used up, and the report of a week."""

import asyncio
import json
import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.cli.failures import Failure
from adapters.cli.options import Data, Json
from adapters.cli.output import safe, say, show, table
from adapters.http.answers.watching import standing
from adapters.settings import Settings
from adapters.telemetry.measurements import SqliteMeasurements
from adapters.telemetry.objectives import read_objectives
from adapters.telemetry.slo_report import FORMATS
from application.slo.report import monday_of, weekly_report
from application.slo.tracker import SLOTracker

app = typer.Typer(no_args_is_help=True, help="Service levels: promises, error budgets, weekly reports.")

_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)


class Format(StrEnum):
    """How a report is written."""

    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"


@app.command()
def status(*, data: Data = None, as_json: Json = False) -> None:
    """Show each objective's error budget, and how fast it burns.

    Works on a folder at rest and beside a running server, which measures every ten seconds.
    """
    tracker = _measured(Settings.from_environment(data=data))
    answer: Any = standing(tracker, int(datetime.now(UTC).timestamp()) // 60)
    show(answer, as_json=as_json, view=lambda: _view(answer))


def _view(answer: dict[str, Any]) -> Any:
    from rich.console import Group  # noqa: PLC0415 (scripts do without it)

    objectives = answer["objectives"]
    rows = (
        (
            each["name"],
            f"{100 * each['target']:g} %",
            "not measured" if each["share"] is None else f"{100 * each['share']:.4f} %",
            f"{each['left']:,} {each['unit']}",
            "more than there was" if each["consumed"] is None else f"{each['consumed']:.1%}",
            " ".join("∞" if burn["rate"] is None else f"{burn['rate']:.2g}" for burn in each["burn_rates"]),
        )
        for each in objectives
    )
    spans = " ".join(_span(burn["minutes"]) for burn in objectives[0]["burn_rates"])
    alarms = [f"[bold red]{each['name']}[/]: {safe(text)}" for each in objectives for text in each["alarms"]]
    columns = ["objective", "promised#", "kept#", "left#", "used#", f"burn rate over {spans}#"]
    return Group(table(columns, rows), *alarms)


def _span(minutes: int) -> str:
    return f"{minutes // 60}h" if minutes >= 60 else f"{minutes}m"


@app.command()
def report(
    *,
    week: Annotated[
        str | None,
        typer.Option(metavar="YYYY-Www", help="The week, by ISO 8601, in UTC. [default: the present one]"),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.MARKDOWN,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where it is written. [default: printed]")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Report how the promises were kept in a week.

    Works on a folder at rest and beside a running server.
    """
    now = datetime.now(UTC)
    begins = monday_of(now.date()) if week is None else _monday(week)
    made = weekly_report(_measured(Settings.from_environment(data=data)), begins, now=now)
    written = FORMATS[Format.JSON if as_json else form](made)
    text = written if isinstance(written, str) else json.dumps(written, indent=2) + "\n"
    if out is not None:
        out.write_text(text)
        document = {"week": made.name, "file": str(out)}
        show(document, as_json=as_json, view=lambda: f"wrote {safe(out)}")
    elif as_json:
        show(written, as_json=True, view=str)
    else:
        say(safe(text.rstrip("\n")))


def _monday(week: str) -> date:
    found = _WEEK.fullmatch(week)
    try:
        if found is not None:
            return date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError:
        pass
    latest = datetime.now(UTC).date() - timedelta(days=7)
    year, number, _ = latest.isocalendar()
    raise Failure("usage", f"{week!r} is no week", details=f"as ISO 8601 writes it: {year}-W{number:02}")


def _measured(settings: Settings) -> SLOTracker:
    """Return a tracker that knows all that is kept in a data folder."""
    tracker = SLOTracker(read_objectives(settings.slos))
    file = settings.measurements_file
    if file is None or not file.exists():
        raise Failure(
            "not_measured",
            f"there are no measurements in {settings.data}",
            details="`presage serve` makes them while it runs, and keeps them in measurements.db",
        )
    kept = asyncio.run(_load(file))
    for name in tracker.slos:
        for hour, counted in kept.hours.get(name, ()):
            tracker.record_hour(name, hour, counted)
        for minute, counted in kept.minutes.get(name, ()):
            tracker.record_minute(name, minute, counted)
    return tracker


async def _load(file: Path) -> Any:
    measurements = SqliteMeasurements(file, reading=True)
    try:
        return await measurements.load()
    finally:
        await measurements.close()
