"""One exchange at two ports, in a process of its own: with all that stands before its routes, and without.

What else it has is as the environment says.
"""

import asyncio
import dataclasses
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

from adapters.bootstrap import OPERATOR, Presage, open_presage
from adapters.garbage import collect_in_calm, collect_seldom
from adapters.http.app import OPERATIONS, routed
from adapters.http.endpoint import Endpoint
from adapters.http.serving.serving import serving
from adapters.settings import Settings
from domain.identifiers import Ticker
from domain.market.commands import CreateMarket
from domain.quantities import Money

MARKET = Ticker("M")

LIMITS = """
address = {per_s = 1000000, burst = 1000000}
[tiers.all]
read = {per_s = 1000000, burst = 1000000}
write = {per_s = 1000000, burst = 1000000}
"""
"""Every request is counted and none is refused."""

PROCESSOR = "/processor"
"""Where the server without anything before its routes tells how much processor time the process has had."""


async def _processor(_request: Request) -> Response:
    return Response(str(time.process_time()))


def _bare(presage: Presage) -> Starlette:
    """Return the same routes with nothing before them, and no limits of accounts within them."""
    port = dataclasses.replace(presage.port, limits=None, screen=None)
    app = routed(port, [Endpoint(operation, port) for operation in OPERATIONS], feed=presage.feed)
    return Starlette(routes=[Route(PROCESSOR, _processor), *app.routes])


async def main() -> None:
    """Serve until killed; say at which addresses, and with which key, on standard output."""
    with tempfile.TemporaryDirectory() as folder:
        limits = Path(folder) / "limits.toml"
        limits.write_text(LIMITS)
        settings = Settings.from_environment(
            data=Path(folder), event_store="memory", rate_limits=str(limits), open_orders_max=10_000_000
        )
        async with open_presage(settings) as presage:
            await presage.start()
            operations = presage.exchange.operations
            await operations.create_market(CreateMarket(ticker=MARKET, title="M"))
            await operations.activate(MARKET)
            await operations.deposit(OPERATOR, Money(10**15), "bench")
            await presage.shown()
            key = presage.folder.operator()
            assert key is not None
            async with (
                serving(presage.app, "127.0.0.1", 0) as whole,
                serving(_bare(presage), "127.0.0.1", 0) as without,
            ):
                collect_seldom()
                collect_in_calm(asyncio.get_running_loop())
                told = {
                    "whole": whole.url,
                    "bare": without.url,
                    "key_id": key.key_id,
                    "private_key": str(key.private_key_path),
                }
                sys.stdout.write(orjson.dumps(told).decode() + "\n")
                sys.stdout.flush()
                await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
