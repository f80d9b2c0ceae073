"""``presage verify``."""

import asyncio

import typer

from adapters.bootstrap import make_codec
from adapters.cli.options import Data, Json
from adapters.cli.output import safe, say, show
from adapters.cli.progress import Steps
from adapters.event_stores.opening import open_log
from adapters.settings import Settings
from application.verification.verify import Report
from application.verification.verify import verify as verify_log

app = typer.Typer()


@app.command()
def verify(*, data: Data = None, as_json: Json = False) -> int:
    """Read the whole log again, fold every aggregate, and check that everything holds.

    Works on a folder at rest and beside a running server. Exit status 1 when something does not hold.
    """
    report = asyncio.run(_verify(Settings.from_environment(data=data), as_json=as_json))
    document = {
        "events": report.events,
        "streams": report.streams,
        "violations": report.violations,
        "state_hash": report.state_hash,
    }
    show(document, as_json=as_json, view=lambda: _view(report))
    if report.violations and not as_json:
        say(f"[bold red]{len(report.violations)} violations; the first: [/]{safe(report.violations[0])}")
    return 1 if report.violations else 0


async def _verify(settings: Settings, *, as_json: bool) -> Report:
    async with open_log(settings) as log:
        with Steps(shown=not as_json) as steps:
            return await verify_log(log, make_codec(), lambda events: steps.reached("events", events))


def _view(report: Report) -> str:
    outcome = "[bold red]not everything holds" if report.violations else "[bold green]everything holds"
    return (
        f"{outcome}[/] in {report.events:,} events of {report.streams:,} streams; "
        f"state hash {report.state_hash}"
    )
