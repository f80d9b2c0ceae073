"""``presage chaos``: experiments that break an exchange on purpose, for the Chaos Toolkit."""

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.failures import Failure
from adapters.cli.options import Json
from adapters.cli.output import print_json, safe, say, show, table

if TYPE_CHECKING:
    from adapters.chaos.running import Ended

app = typer.Typer(no_args_is_help=True, help="Break an exchange on purpose, and see whether it holds.")


@app.command("list")
def list_experiments(*, as_json: Json = False) -> None:
    """List the experiments that come with Presage."""
    _installed()
    from adapters.chaos.running import usual  # noqa: PLC0415 (the toolkit takes long to load)

    told = [
        {"name": name, "title": said["title"], "file": str(path)}
        for name, path in usual().items()
        for said in [json.loads(path.read_text("utf-8"))]
    ]
    rows = [(each["name"], each["title"]) for each in told]
    show(told, as_json=as_json, view=lambda: table(["name", "what happens~"], rows))


@app.command("run")
def run_experiment(
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="A name of the list, or a file.")],
    *,
    journal: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write the toolkit's journal.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DIR", help="Break the exchange that runs here. [default: one made for it]"
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run an experiment: the steady state is checked, something is broken and mended, all is checked again.

    What was broken is restored however the experiment ends, Ctrl-C included. Exit status 0 if the steady
    state held and all that was expected came.
    """
    _installed()
    from adapters.chaos.control import DATA  # noqa: PLC0415 (the toolkit takes long to load)
    from adapters.chaos.running import load, run  # noqa: PLC0415

    loaded = load(experiment)
    if data is not None:
        os.environ[DATA] = str(data.absolute())
    ended = run(loaded)
    if journal is not None:
        journal.write_text(json.dumps(ended.journal, indent=2, default=str), encoding="utf-8")
    _tell(experiment, ended, as_json=as_json)
    if ended.outcome != "held":
        raise typer.Exit(1)


def _installed() -> None:
    if find_spec("chaoslib") is None:
        raise Failure(
            "not_installed",
            "the Chaos Toolkit is not installed",
            details="pip install 'presage[chaos]'",
        )


def _tell(name: str, ended: "Ended", *, as_json: bool) -> None:
    run_ = [*ended.journal.get("run", ()), *ended.journal.get("rollbacks", ())]
    if as_json:
        print_json(
            {
                "experiment": name,
                "outcome": ended.outcome,
                "why": ended.why,
                "acknowledged": ended.journal.get("presage", {}).get("acknowledged"),
                "steps": [
                    {
                        "name": each["activity"]["name"],
                        "status": each["status"],
                        "output": each.get("output"),
                        "duration_s": each.get("duration"),
                    }
                    for each in run_
                ],
            }
        )
        return
    rows = [(each["activity"]["name"], each["status"], each.get("output") or "") for each in run_]
    say(table(["step~", "", "seen~"], rows))
    say(f"[bold]{ended.outcome}[/]{'' if ended.outcome == 'held' else ': ' + safe('; '.join(ended.why))}")
