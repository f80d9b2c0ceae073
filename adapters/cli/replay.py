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
from adapters.cli.replay_views import replay_view
from adapters.garbage import collect_seldom
from adapters.recordings.formats import open_recordings
from adapters.settings import Settings
from application.replay.driver import replay as replay_all
from application.replay.recording import Recording
from application.replay.report import ReplayReport

app = typer.Typer()


@app.command()
def replay(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings, gzipped or plain.")],
    *,
    data: Data = None,
    as_json: Json = False,
) -> int:
    """Run recorded flow through saga, store, matching and settlement, then verify the log.

    The format of each file is told by its content. Without --data the exchange is a new one in a temporary
    folder. Exit status 1 when an invariant does not hold.
    """
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
