"""The command ``presage``."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from adapters.cli.catalogue import Catalogue
from adapters.cli.failures import failure_of, report
from adapters.cli.logs import begin_logging

USAGE = 2
INTERRUPTED = 130

app = typer.Typer(
    cls=Catalogue,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"presage {version('presage')}")
        raise typer.Exit


@app.callback()
def presage(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """An event-sourced exchange for prediction markets."""


def main(commands: typer.Typer = app, *, as_json: bool = False) -> None:
    """Run a command and end the process with its status: 0, 1 for a failure, 2 for wrong usage.

    What the process writes is its user's alone.
    """
    os.umask(0o077)
    begin_logging()
    sys.exit(run(sys.argv[1:], commands, as_json=as_json or "--json" in sys.argv))


def run(arguments: Sequence[str], commands: typer.Typer = app, *, as_json: bool | None = None) -> int:
    """Run a command; return its exit status."""
    as_json = "--json" in arguments if as_json is None else as_json
    try:
        status = typer.main.get_command(commands).main(
            args=list(arguments), prog_name="presage", standalone_mode=False
        )
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough; nothing may be written while the process ends.
        _write_no_more()
        return 1
    except Exception as error:  # noqa: BLE001 (nobody is shown a traceback)
        failure = failure_of(error)
        try:
            report(failure, as_json=as_json)
            sys.stdout.flush()
        except OSError:
            _write_no_more()
        return error.exit_code if isinstance(error, typer.TyperException) else 1
    return status if isinstance(status, int) else 0


def _write_no_more() -> None:
    """Let what could not be written go nowhere, so that the process ends without trying again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
