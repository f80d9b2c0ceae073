"""What firewall and limits cost: a look at an order, and a route with and without what stands before it.

The route is the order book, the cheapest read there is, so that what stands before it weighs most. It is
asked in process, where the best of the rounds counts; and over a socket, where one process answers at two
ports, with everything before its routes (what measures included) and with nothing: in turns, by the
processor time of that process, the median of the rounds.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from adapters.bootstrap import Presage, open_presage
from adapters.http.firewall.firewall import WebApplicationFirewall
from adapters.http.firewall.rules import usual_rules
from adapters.settings import Settings
from benchmarks._http_client import plain_request, send
from benchmarks._http_server import body_of
from benchmarks._middleware_server import PROCESSOR
from domain.identifiers import Ticker
from domain.market.commands import CreateMarket

ROUNDS = 7
BOOK = "/trade-api/v2/markets/M/orderbook"
AS_A_BROWSER = "User-Agent: python-httpx/0.28\r\nAccept-Language: en\r\n"
ELSEWHERE = "127.0.0.2"
"""An address that is limited, as that of the machine itself is not."""

ORDERS = b"/trade-api/v2/portfolio/orders"
HEADERS = [(b"host", b"bench"), (b"user-agent", b"python-httpx/0.28"), (b"accept-language", b"en")]

WAYS: Mapping[str, Mapping[str, str]] = {
    "all": {},
    "without firewall": {"PRESAGE_FIREWALL": "off"},
    "without limits": {"PRESAGE_RATE_LIMITS": "off"},
    "without both": {"PRESAGE_FIREWALL": "off", "PRESAGE_RATE_LIMITS": "off"},
}


def run(n: int = 3_000) -> dict[str, Any]:
    """Look at ``n`` orders and ask a route ``n`` times, in each of the rounds."""
    firewall = WebApplicationFirewall(usual_rules())
    orders = [_order(number) for number in range(n)]
    order_us = min(asyncio.run(_look(firewall, orders)) for _ in range(ROUNDS))
    ways = asyncio.run(_ways(n))
    socket_us, bare_us, share = asyncio.run(_over_a_socket(n))
    ours = {
        "order_us": round(order_us, 2),
        "book_us": round(ways.pop("all"), 2),
        "book_over_a_socket_us": round(socket_us, 2),
    }
    return {
        "bench": "waf",
        "n": n,
        "conditions": {"rounds": ROUNDS, "route": BOOK, "asked": "in process, from this machine"},
        "ours": ours,
        "peers": {
            **{name: {"book_us": round(us, 2)} for name, us in ways.items()},
            "nothing before the route": {"book_over_a_socket_us": round(bare_us, 2)},
        },
        "ratios": {
            **{name: round(ours["book_us"] / us, 2) for name, us in ways.items()},
            "over a socket, nothing before the route": round(share, 2),
        },
    }


def _order(number: int) -> bytes:
    return orjson.dumps(
        {
            "ticker": f"FED-27MAR-{number % 50}",
            "side": "yes",
            "action": "buy",
            "count": 1 + number % 20,
            "yes_price": 1 + number % 99,
            "client_order_id": f"mine-{number}",
        }
    )


async def _look(firewall: WebApplicationFirewall, orders: list[bytes]) -> float:
    begin = time.process_time()
    for body in orders:
        firewall.head("POST", ORDERS, b"", HEADERS)
        await firewall.body("POST", ORDERS, body)
    return 1e6 * (time.process_time() - begin) / len(orders)


async def _over_a_socket(n: int) -> tuple[float, float, float]:
    """Return the processor time of a request with everything and with nothing before it, and the ratio."""
    command = [sys.executable, "-m", "benchmarks._middleware_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:  # noqa: ASYNC220 (starting takes no time)
        try:
            assert server.stdout is not None
            urls = orjson.loads(server.stdout.readline())
            rounds = [[await _us_each(url, urls[1], n) for url in urls] for _ in range(1 + ROUNDS)][1:]
        finally:
            server.kill()
    return (
        median(whole for whole, _ in rounds),
        median(bare for _, bare in rounds),
        median(whole / bare for whole, bare in rounds),
    )


async def _us_each(url: str, bare: str, n: int) -> float:
    request = plain_request("GET", BOOK, headers=AS_A_BROWSER)
    began = float(await body_of(bare, PROCESSOR))
    told = await send(url, [request] * n, connections=16, source=ELSEWHERE)
    assert told["statuses"] == {"200": n}, told["statuses"]
    return 1e6 * (float(await body_of(bare, PROCESSOR)) - began) / n


async def _ways(n: int) -> dict[str, float]:
    best = dict.fromkeys(WAYS, float("inf"))
    async with AsyncExitStack() as stack:
        ask: dict[str, Callable[[int], Any]] = {}
        for name, environment in WAYS.items():
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            settings = Settings.from_environment(environment, data=Path(folder) / "data")
            presage = await stack.enter_async_context(open_presage(settings))
            ask[name] = await _asking(presage)
        for _ in range(ROUNDS):
            for name in WAYS:
                begin = time.process_time()
                await ask[name](n)
                best[name] = min(best[name], 1e6 * (time.process_time() - begin) / n)
    return best


async def _asking(presage: Presage) -> Callable[[int], Any]:
    await presage.start()
    operations = presage.exchange.operations
    await operations.create_market(CreateMarket(ticker=Ticker("M"), title="M"))
    await operations.activate(Ticker("M"))
    await presage.exchange.settled()
    await presage.shown()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": BOOK,
        "raw_path": BOOK.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": HEADERS,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    statuses: set[int] = set()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        if "status" in message:
            statuses.add(message["status"])

    async def many(times: int) -> None:
        for _ in range(times):
            await presage.app(dict(scope), receive, send)
        assert statuses == {200}, statuses

    return many
