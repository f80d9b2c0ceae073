"""``presage api``: what answers HTTP for the engines of a cluster."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import typer
import uvloop

from adapters.api_process import ApiProcess, open_api
from adapters.cli.logs import begin_logging
from adapters.cli.options import Data, Json
from adapters.cli.output import print_json, safe, say
from adapters.cli.process import Stopping, until_stopped
from adapters.cli.roles import Host, Port, listening_at, refuse_alone
from adapters.cli.serve_steps import REQUESTS_S
from adapters.garbage import collect_in_calm, collect_seldom
from adapters.http.serving.serving import Served, serving_at
from adapters.settings import Settings
from adapters.threads import give_way_soon
from application.shutdown import Step

app = typer.Typer()


@app.command()
def api(*, host: Host = None, port: Port = None, data: Data = None, as_json: Json = False) -> None:
    """Answer HTTP for the engines that share an exchange. Any number may run, any of them answers anybody.

    Reads come from the read models; what has to be decided is passed on to the engine that has the account.
    """
    settings = Settings.from_environment(data=data, host=host, port=port)
    refuse_alone(settings)
    begin_logging(settings.log_level)
    give_way_soon()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_stopped(lambda stopping: _run(settings, stopping, as_json=as_json), as_json=as_json))


async def _run(settings: Settings, stopping: Stopping, *, as_json: bool) -> None:
    async with AsyncExitStack() as stack:
        listener = listening_at(settings)
        stack.callback(listener.close)
        process = await stack.enter_async_context(open_api(settings))
        served = await stack.enter_async_context(serving_at(listener, process.app))
        process.parts.append(served)
        collect_seldom()
        collect_in_calm(asyncio.get_running_loop())
        process.folder.announce(served.url, process.identity)
        stack.callback(process.folder.withdraw)
        stopping.steps += _closing(process, served, settings.shutdown_notice_s)
        if as_json:
            print_json({"url": served.url, "data": str(settings.data.absolute())})
        else:
            say(safe(f"Answering at {served.url}; what is decided, is decided by the engines."))
        await asyncio.Event().wait()


def _closing(process: ApiProcess, served: Served, notice_s: float) -> Iterator[Step]:
    """Yield what is done when the API is asked to end, in order."""

    async def give_notice() -> None:
        process.health.shuts_down()
        await asyncio.sleep(notice_s)

    async def refuse_more() -> None:
        process.folder.withdraw()
        await served.refuse_more()

    yield Step(name="readiness", action=give_notice, limit_s=notice_s + 1)
    yield Step(name="listener", action=refuse_more, limit_s=1)
    yield Step(name="live feed", action=process.feed.close, limit_s=5)
    yield Step(name="requests", action=served.finish, limit_s=REQUESTS_S)
