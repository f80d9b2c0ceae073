"""``presage record`` and ``presage mock``: a session with an exchange, written down and played back."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
import uvloop

from adapters.cassettes.cassette import Cassette, read_cassette
from adapters.cassettes.player import Player, player
from adapters.cassettes.recorder import WITHIN_S, recorder
from adapters.cli.failures import Failure
from adapters.cli.options import Json
from adapters.cli.output import print_json, safe, say
from adapters.cli.process import Stopping, until_stopped
from adapters.http.serving.serving import serving
from application.shutdown import Step

recording = typer.Typer()
mocking = typer.Typer()

HOST = "127.0.0.1"
REQUESTS_S = 5.0

Session = Annotated[
    Path, typer.Argument(metavar="FILE", help="The session, a request and its answer a line.")
]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")]


@recording.command()
def record(
    file: Session,
    *,
    to: Annotated[str, typer.Option(metavar="URL", help="Where the exchange is.")] = "http://127.0.0.1:8000",
    port: Port = 8_100,
    as_json: Json = False,
) -> None:
    """Stand before an exchange and write down what is asked and answered, until interrupted.

    Clients use this address in place of the exchange's; their signatures hold. Nothing secret is written
    down: no headers of requests, no cookies, no passwords, private keys or addresses of webhooks.
    """

    async def work(stopping: Stopping) -> None:
        if not to.startswith(("http://", "https://")):
            raise Failure("usage", f"{to!r} is no address of an exchange")
        async with httpx.AsyncClient(base_url=to.rstrip("/"), timeout=WITHIN_S) as upstream:
            with Cassette(file) as cassette:
                await _serve(
                    recorder(cassette, upstream),
                    port,
                    stopping,
                    {"session": str(file), "to": to},
                    "records to",
                    as_json=as_json,
                )

    _run(work, as_json=as_json)


@mocking.command()
def mock(
    file: Session,
    *,
    port: Port = 8_100,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A parameter or field that makes no difference; may be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Answer requests as they were answered in a recorded session, until interrupted.

    The n-th request of a kind is answered as the n-th was, then as the last; signatures are not looked at.
    """
    session = read_cassette(file)

    async def work(stopping: Stopping) -> None:
        told = {"session": str(file), "requests": len(session)}
        await _serve(
            player(Player(session, ignore or ())), port, stopping, told, "answers from", as_json=as_json
        )

    _run(work, as_json=as_json)


def _run(work: Callable[[Stopping], Any], *, as_json: bool) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_stopped(work, as_json=as_json))


async def _serve(
    app: Any, port: int, stopping: Stopping, told: dict[str, Any], does: str, *, as_json: bool
) -> None:
    try:
        async with serving(app, HOST, port) as served:
            stopping.steps.append(Step(name="requests", action=served.finish, limit_s=REQUESTS_S))
            if as_json:
                print_json({"url": served.url, **told})
            else:
                say(f"[bold]{safe(served.url)}[/] {does} {safe(told['session'])}; Ctrl-C ends it")
            await asyncio.Event().wait()
    except OSError as error:
        if error.filename is not None:
            raise  # which names the file
        raise Failure(
            "cannot_listen", f"cannot serve at {HOST}:{port} ({error.strerror or error})"
        ) from error
