"""The processes of ``presage serve --workers``: it starts these modules itself, nobody else does.

Each says in one line of JSON when it is open, and takes orders from its input; when that ends, it ends.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from adapters.bootstrap import open_presage
from adapters.cli.logs import begin_logging
from adapters.cli.main import main
from adapters.cli.output import print_json
from adapters.cli.process import Stopping, until_stopped
from adapters.cli.serve_steps import REQUESTS_S, closing_exchange, keys_to_try, open_house
from adapters.engine_lines.listening import listening
from adapters.engine_lines.shared_notes import SharedNotes
from adapters.event_stores.data_files import ProcessLock
from adapters.garbage import collect_in_calm, collect_seldom
from adapters.http.desk import HttpDesk
from adapters.http.serving.http_processes import HttpProcesses
from adapters.http.serving.serving import serving_at
from adapters.http_process import open_http_process
from adapters.settings import Settings
from adapters.threads import give_way_soon
from application.shutdown import Step

NOTICE, REFUSE, END = "notice", "refuse", "end"
"""Orders: say that the end is near; take no more connections; end in order."""

LOOK_S = 5.0
"""After how long an HTTP process that is not there is missed."""

UNREADY_S = 1.0
"""How long an HTTP process waits for the exchange before it listens and says that it waits."""

Line = Annotated[Path, typer.Option(help="The socket of the engine.")]
Number = Annotated[int, typer.Option()]

app = typer.Typer()


@app.command()
def engine(*, line: Line, notes: Number, demo: Annotated[bool, typer.Option("--demo")] = False) -> None:
    """Run the exchange itself."""
    ProcessLock.whom_to_stop = os.getppid
    settings = Settings.from_environment()
    _run(settings, lambda stopping: _engine(settings, stopping, line, SharedNotes(notes), demo=demo))


@app.command()
def http(*, number: Number, line: Line, notes: Number, listener: Number) -> None:
    """Answer requests at a socket that is listening already."""
    settings = Settings.from_environment()
    listening_socket = socket.socket(fileno=listener)
    _run(
        settings,
        lambda stopping: _http(settings, stopping, number, line, SharedNotes(notes), listening_socket),
    )


def _run(settings: Settings, work: Callable[[Stopping], Coroutine[Any, Any, None]]) -> None:
    begin_logging(settings.log_level)
    give_way_soon()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_stopped(work, as_json=True))


async def _engine(
    settings: Settings, stopping: Stopping, line: Path, notes: SharedNotes, *, demo: bool
) -> None:
    async with AsyncExitStack() as stack:
        presage = await stack.enter_async_context(open_presage(settings, notes))
        stopping.obey_input({NOTICE: presage.exchange.health.shuts_down, END: stopping.asked.set})
        processes = HttpProcesses(settings.workers, notes, presage.port.traffic, presage.exchange.health)
        presage.watch.add(processes)
        await stack.enter_async_context(presage.watch.running())
        desk = HttpDesk(presage.port, processes, presage.tracing.endpoint)
        health = presage.exchange.health
        await stack.enter_async_context(listening(line, desk, lambda: presage.exchange.ready, health))
        print_json({"listening": True})
        await presage.start()
        collect_seldom()
        collect_in_calm(asyncio.get_running_loop())
        house = await stack.enter_async_context(AsyncExitStack())
        trader = await open_house(house, presage, demo=demo)
        stopping.steps += closing_exchange(presage, house if demo or settings.stakes else None)
        asyncio.get_running_loop().call_later(LOOK_S, processes.look)
        identity = {"exchange": presage.identity.exchange, "folder": presage.identity.folder}
        print_json({"open": identity, **keys_to_try(presage.folder, trader)})
        await asyncio.Event().wait()


async def _http(
    settings: Settings,
    stopping: Stopping,
    number: int,
    line: Path,
    notes: SharedNotes,
    listener: socket.socket,
) -> None:
    async with AsyncExitStack() as stack:
        process = await stack.enter_async_context(
            open_http_process(settings, worker=number, engine=line, notes=notes)
        )
        with suppress(TimeoutError):  # another one answers meanwhile, if this one was started again
            await asyncio.wait_for(process.opened.wait(), UNREADY_S)
        served = await stack.enter_async_context(serving_at(listener, process.app))
        process.parts.append(served)

        async def refuse_more() -> None:
            if settings.workers > 1:
                with suppress(OSError):  # who connects gets another process at once, where that can be had
                    listener.shutdown(socket.SHUT_RD)
            await served.refuse_more()

        loop = asyncio.get_running_loop()
        refusing: set[asyncio.Task[None]] = set()
        stopping.obey_input(
            {REFUSE: lambda: refusing.add(loop.create_task(refuse_more())), END: stopping.asked.set}
        )
        collect_seldom()
        collect_in_calm(loop)
        stopping.steps += [
            Step(name="listener", action=refuse_more, limit_s=1),
            Step(name="live feed", action=process.feed.close, limit_s=5),
            Step(name="requests", action=served.finish, limit_s=REQUESTS_S),
        ]
        await process.opened.wait()
        print_json({"open": True})
        await asyncio.Event().wait()


if __name__ == "__main__":
    main(app, as_json=True)
