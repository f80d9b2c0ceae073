"""``presage engine``: one of the engines of a cluster."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Annotated

import typer
import uvloop

from adapters.cli.failures import Failure
from adapters.cli.logs import begin_logging
from adapters.cli.options import Data, Json
from adapters.cli.output import print_json, safe, say
from adapters.cli.process import Stopping, until_stopped
from adapters.cli.roles import Host, Port, listening_at, refuse_alone
from adapters.cli.serve_steps import closing_exchange
from adapters.engine_process import EngineProcess, open_engine
from adapters.garbage import collect_in_calm, collect_seldom
from adapters.http.app import service_app
from adapters.http.serving.serving import Served, serving_at
from adapters.settings import Settings
from adapters.threads import give_way_soon
from application.shutdown import Step

app = typer.Typer()


@app.command()
def engine(
    *,
    name: Annotated[str, typer.Option(metavar="NAME", help="Its own for good; no other engine has it.")],
    host: Host = None,
    port: Port = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Run one of the engines that share the markets and accounts of an exchange.

    It joins them if it is new, and goes on with what is its own if it was there before. APIs and others
    find it by way of REDIS_URL; at its address it answers `/readyz` and `/metrics` only.
    """
    settings = Settings.from_environment(data=data, host=host, port=port)
    refuse_alone(settings)
    if settings.stakes:
        raise Failure("invalid_setting", "PRESAGE_LIQUIDITY: the house's traders are part of `presage serve`")
    begin_logging(settings.log_level)
    give_way_soon()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(
            until_stopped(lambda stopping: _run(settings, stopping, name, as_json=as_json), as_json=as_json)
        )


async def _run(settings: Settings, stopping: Stopping, name: str, *, as_json: bool) -> None:
    """Run until cancelled, or until the engine's name or work is another's."""
    async with AsyncExitStack() as stack:
        listener = listening_at(settings)
        stack.callback(listener.close)
        process = await stack.enter_async_context(open_engine(settings, name))
        served = await stack.enter_async_context(serving_at(listener, service_app(process.presage.port)))
        collect_seldom()
        collect_in_calm(asyncio.get_running_loop())
        stopping.steps += _closing(process, served)
        if as_json:
            print_json({"engine": name, "url": served.url, "data": str(settings.data.absolute())})
        else:
            say(safe(f"Engine {name} is open; {served.url}/readyz says how it is."))
        await _until_over(process, stopping, name)


async def _until_over(process: EngineProcess, stopping: Stopping, name: str) -> None:
    lost, over = (asyncio.ensure_future(each.wait()) for each in (process.name_lost, process.over))
    try:
        await asyncio.wait({lost, over}, return_when=asyncio.FIRST_COMPLETED)
        if lost.done():
            raise Failure(
                "engine_name_taken",
                f"another engine {name} has begun while this one was not heard of",
                details="nothing is lost by that; every engine has a name of its own",
            )
        stopping.asked.set()
        await asyncio.Event().wait()
    finally:
        lost.cancel()
        over.cancel()


def _closing(process: EngineProcess, served: Served) -> Iterator[Step]:
    """Yield what is done when the engine is asked to end, in order."""
    presage = process.presage

    async def give_notice() -> None:
        presage.exchange.health.shuts_down()
        process.leave()

    yield Step(name="readiness", action=give_notice, limit_s=1)
    yield from closing_exchange(presage, None)
    yield Step(name="requests", action=served.finish, limit_s=5)
