"""``presage rebuild``: read models from the log, anew."""

import asyncio
import shlex
import sys
import time
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from adapters.bootstrap import make_codec
from adapters.cli.options import Data, Json
from adapters.cli.output import print_json, safe, say
from adapters.cli.progress import Steps
from adapters.clock import SystemClock
from adapters.event_stores.opening import open_log
from adapters.read_models.rebuilding import rebuild as rebuild_projections
from adapters.settings import Settings
from projections.catalog import TABLES
from projections.running.rebuilder import RebuildProgress

app = typer.Typer()

TELL_EVERY_S = 0.5


@app.command()
def rebuild(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help=f"Of {', '.join(TABLES)}.")
    ] = None,
    *,
    whole: Annotated[bool, typer.Option("--all", help="Every projection.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier one stopped.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Build read models again from the whole log, beside those in use, and swap them in.

    Readers are served throughout. Where the output is not a terminal, or with --json, progress comes as
    JSON, an object a line. Stopped at any point, it changes nothing and can go on with --resume.
    """
    if bool(names) == whole:
        raise typer.BadParameter("name projections, or say --all")
    settings = Settings.from_environment(data=data)
    teller = _Lines() if as_json or not sys.stdout.isatty() else _Bar()
    try:
        with teller:
            ended = asyncio.run(_rebuild(settings, names or (), teller, resume=resume))
    except KeyboardInterrupt:
        folder = ["--data", str(data)] if data else []
        go_on = ["presage", "rebuild", *(names or ["--all"]), "--resume", *folder]
        typer.echo(f"Stopped; nothing was changed. Go on with: {shlex.join(go_on)}", err=True)
        raise
    teller.end(ended)


async def _rebuild(
    settings: Settings, names: Sequence[str], teller: "_Lines | _Bar", *, resume: bool
) -> RebuildProgress:
    async with open_log(settings) as log:
        return await rebuild_projections(
            settings.database_url or settings.read_file,
            names,
            log=log,
            codec=make_codec(),
            clock=SystemClock(),
            resume=resume,
            on_progress=teller.tell,
        )


class _Lines:
    """Tells progress as JSON, now and then."""

    def __init__(self) -> None:
        self._told_at = 0.0

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def tell(self, progress: RebuildProgress) -> None:
        """Tell how far it has come, unless that was told just now."""
        now = time.monotonic()
        if now - self._told_at >= TELL_EVERY_S:
            self._told_at = now
            print_json(_document(progress))

    def end(self, progress: RebuildProgress) -> None:
        """Tell how it ended."""
        print_json(_document(progress))


class _Bar:
    """Shows progress to people."""

    def __init__(self) -> None:
        self._steps = Steps()

    def __enter__(self) -> None:
        self._steps.__enter__()

    def __exit__(self, *_: object) -> None:
        self._steps.__exit__(None, None, None)

    def tell(self, progress: RebuildProgress) -> None:
        """Move the bar."""
        self._steps.reached(", ".join(progress.names), progress.events, progress.total)

    def end(self, progress: RebuildProgress) -> None:
        """Say how it ended."""
        say(safe(f"{progress} at {progress.rate:,.0f}/s; {', '.join(progress.names)} swapped in"))


def _document(progress: RebuildProgress) -> dict[str, Any]:
    left_s = progress.left_s
    return {
        "message": str(progress),
        "projections": list(progress.names),
        "events": progress.events,
        "events_total": progress.total,
        "events_per_s": round(progress.rate, 1),
        "left_s": None if left_s is None else round(left_s, 1),
        "swapped": progress.swapped,
    }
