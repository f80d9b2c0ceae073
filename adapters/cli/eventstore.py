"""``presage eventstore``: an event store that EventStoreDB's clients can use."""

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from adapters.cli.failures import Failure
from adapters.cli.options import Data, Json
from adapters.cli.output import print_json, say
from adapters.eventstore_node.security import Tls
from adapters.eventstore_node.server import DEFAULT_PORT, Node
from adapters.eventstore_node.server import serve as serve_node
from adapters.settings import Settings

app = typer.Typer()

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
    folder = Settings.from_environment(data=data).data
    serving = _serve(folder, host, port, tls, _read_users(users), as_json=as_json)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


async def _serve(
    folder: Path, host: str, port: int, tls: Tls | None, users: Mapping[str, str] | None, *, as_json: bool
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def ready(node: Node) -> None:
        if as_json:
            print_json({"uri": node.uri, "data": str(folder.absolute())})
        else:
            say(f"[bold green]the event store is open[/] at [bold]{node.uri}[/]; Ctrl-C closes")

    try:
        await serve_node(folder, host, port, tls=tls, users=users, ready=ready, stop=stop)
    except OSError as error:
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
