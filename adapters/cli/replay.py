"""``presage replay``: recorded order flow through a whole exchange."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
import uvloop

from adapters.bootstrap import open_presage
from adapters.cli.options import Data, Json
from adapters.cli.output import show
from adapters.cli.progress import Steps
from adapters.cli.replay_policy import Form, of_log, of_recordings, view, write
from adapters.cli.replay_views import replay_view
from adapters.garbage import collect_seldom
from adapters.policies.file import read_policy
from adapters.policies.report import as_json as policy_json
from adapters.recordings.formats import open_recordings
from adapters.settings import Settings
from application.replay.driver import replay as replay_all
from application.replay.recording import Recording
from application.replay.report import ReplayReport
from application.whatif.policy import Policy

app = typer.Typer()


@app.command()
def replay(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Recordings, gzipped or plain.")
    ] = None,
    *,
    policy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Other fees, price grid or self-trade rules, in TOML."),
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How --out is written.")] = Form.HTML,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the report of a policy is written.")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> int:
    """Run recorded flow through saga, store, matching and settlement, then verify the log.

    The format of each file is told by its content. Without --data the exchange is a new one in a temporary
    folder. Exit status 1 when an invariant does not hold.

    With --policy what came of it is compared with what would have come of it under other rules; without
    recordings the flow is that of the data folder's log, which is only read.
    """
    if policy is not None:
        return _under(read_policy(policy), files or [], out, form, data=data, as_json=as_json)
    if not files:
        raise typer.BadParameter("name a recording, or say --policy to go through the log of --data")
    if out is not None:
        raise typer.BadParameter("--out is for the report of a --policy")
    recordings = open_recordings(files)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if data is not None:
            report = runner.run(_replay(Settings.from_environment(data=data), recordings, shown=not as_json))
        else:
            with TemporaryDirectory(prefix="presage-replay-") as folder:
                settings = Settings(data=Path(folder))
                report = runner.run(_replay(settings, recordings, shown=not as_json))
    show(report.as_json(), as_json=as_json, view=lambda: replay_view(report))
    return 0 if report.invariants == "ok" else 1


async def _replay(settings: Settings, recordings: Sequence[Recording], *, shown: bool) -> ReplayReport:
    async with open_presage(settings) as presage:
        await presage.start()
        collect_seldom()
        with Steps(shown=shown) as steps:
            return await replay_all(
                recordings,
                presage.exchange,
                store=presage.store,
                codec=presage.codec,
                progress=steps.reached,
            )


def _under(
    policy: Policy, files: Sequence[Path], out: Path | None, form: Form, *, data: Path | None, as_json: bool
) -> int:
    """Go through recordings, or a log, under a policy, and tell what comes of it."""
    if files and data is not None:
        raise typer.BadParameter("--policy goes through recordings, or through the log of --data: not both")
    recordings = open_recordings(files)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, Steps(shown=not as_json) as steps:
        if recordings:
            with TemporaryDirectory(prefix="presage-replay-") as folder:
                settings = Settings(data=Path(folder))
                report = runner.run(of_recordings(recordings, settings, policy, steps.reached))
        else:
            settings = Settings.from_environment(data=data)
            report = runner.run(of_log(settings, policy, steps.reached))
    if out is not None:
        write(report, form, out)
    show(policy_json(report), as_json=as_json, view=lambda: view(report))
    return 0
