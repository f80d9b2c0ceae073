"""One exchange at two ports, in a process of its own: with all that stands before its routes, and without."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import orjson
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.bootstrap import open_presage
from adapters.garbage import collect_in_calm, collect_seldom
from adapters.http.serving.serving import serving
from adapters.settings import Settings
from domain.identifiers import Ticker
from domain.market.commands import CreateMarket

LIMITS = "address = {per_s = 1000000, burst = 1000000}\n"
"""Every request is counted and none is refused."""


PROCESSOR = "/processor"
"""Where the server without anything before its routes tells how much processor time the process has had."""


async def _processor(_request: Request) -> Response:
    return Response(str(time.process_time()))


async def main() -> None:
    """Serve until killed; say at which addresses on standard output."""
    with tempfile.TemporaryDirectory() as folder:
        limits = Path(folder) / "limits.toml"
        limits.write_text(LIMITS)
        settings = Settings(data=Path(folder), event_store="memory", rate_limits=str(limits))
        async with open_presage(settings) as presage:
            await presage.start()
            operations = presage.exchange.operations
            await operations.create_market(CreateMarket(ticker=Ticker("M"), title="M"))
            await operations.activate(Ticker("M"))
            await presage.shown()
            bare = Starlette(routes=[Route(PROCESSOR, _processor), *presage.app.routes])
            async with (
                serving(presage.app, "127.0.0.1", 0) as whole,
                serving(bare, "127.0.0.1", 0) as without,
            ):
                collect_seldom()
                collect_in_calm(asyncio.get_running_loop())
                sys.stdout.write(orjson.dumps([whole.url, without.url]).decode() + "\n")
                sys.stdout.flush()
                await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
