"""``presage eventstore``: an event store that EventStoreDB's clients can use."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from adapters.cli.failures import Failure
from adapters.cli.options import Data, Json
from adapters.cli.output import print_json, safe, say
from adapters.cli.process import Stopping, until_stopped
from adapters.eventstore_node.security import Tls
from adapters.eventstore_node.server import DEFAULT_PORT, running_node
from adapters.settings import Settings
from application.shutdown import Step

app = typer.Typer()

CALLS_S = 5.0
"""How long the calls that are under way have to end, once the process is asked to."""

DEFAULT_PASSWORD = "changeit"  # noqa: S105 (the one that is refused)


@app.command()
def eventstore(
    *,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = DEFAULT_PORT,
    certificate: Annotated[
        Path | None, typer.Option(help="Serve TLS with this certificate (PEM) ...", metavar="FILE")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="... and its private key.", metavar="FILE")] = None,
    users: Annotated[
        Path | None, typer.Option(help="Ask for one of these: a name:password a line.", metavar="FILE")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Run a single-node stand-in for EventStoreDB, for development; production runs EventStoreDB itself.

    The log is the file events.db in the data folder.
    """
    if (certificate is None) != (key is None):
        raise typer.BadParameter("a certificate and its key go together")
    tls = Tls(certificate, key) if certificate is not None and key is not None else None
    folder = Settings.from_environment(data=data, host=host).data.absolute()
    known = _read_users(users)

    async def work(stopping: Stopping) -> None:
        await _serve(folder, host, port, tls, known, stopping, as_json=as_json)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_stopped(work, as_json=as_json))


async def _serve(
    folder: Path,
    host: str,
    port: int,
    tls: Tls | None,
    users: Mapping[str, str] | None,
    stopping: Stopping,
    *,
    as_json: bool,
) -> None:
    try:
        async with running_node(folder, host, port, tls=tls, users=users) as node:
            stopping.steps.append(Step(name="calls", action=node.end_calls, limit_s=CALLS_S))
            if as_json:
                print_json({"uri": node.uri, "data": str(folder)})
            else:
                say(f"[bold green]the event store is open[/] at [bold]{safe(node.uri)}[/]; Ctrl-C closes")
            await asyncio.Event().wait()
    except OSError as error:
        if error.filename is not None:
            raise  # which names the file
        raise Failure(
            "cannot_listen", f"cannot serve at {host}:{port} ({error.strerror or error})"
        ) from error


def _read_users(path: Path | None) -> dict[str, str] | None:
    """Return names and passwords. Raises :class:`Failure` for a password that everybody knows."""
    if path is None:
        return None
    users: dict[str, str] = {}
    for line in filter(None, map(str.strip, path.read_text().splitlines())):
        name, _, password = line.partition(":")
        if not name or not password:
            raise Failure("invalid_setting", f"{path}: every line is name:password")
        if password == DEFAULT_PASSWORD:
            raise Failure("invalid_setting", f"{path}: the password of {name} is the one everybody knows")
        users[name] = password
    return users
