"""What firewall and limits cost: a look at an order, and a route with and without what stands before it.

The route is the order book, the cheapest read there is, so that what stands before it weighs most. It is
asked in process, and the best of the rounds counts. What a request costs over a socket, with everything and
with nothing before its route, is told by ``presage bench middleware``.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson

from adapters.bootstrap import Presage, open_presage
from adapters.http.firewall.firewall import WAF
from adapters.http.firewall.rules import usual_rules
from adapters.settings import Settings
from domain.identifiers import Ticker
from domain.market.commands import CreateMarket

ROUNDS = 7
BOOK = "/trade-api/v2/markets/M/orderbook"
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
    firewall = WAF(usual_rules())
    orders = [_order(number) for number in range(n)]
    order_us = min(asyncio.run(_look(firewall, orders)) for _ in range(ROUNDS))
    ways = asyncio.run(_ways(n))
    ours = {
        "order_us": round(order_us, 2),
        "book_us": round(ways.pop("all"), 2),
    }
    return {
        "bench": "waf",
        "n": n,
        "conditions": {"rounds": ROUNDS, "route": BOOK, "asked": "in process, from this machine"},
        "ours": ours,
        "peers": {name: {"book_us": round(us, 2)} for name, us in ways.items()},
        "ratios": {name: round(ours["book_us"] / us, 2) for name, us in ways.items()},
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


async def _look(firewall: WAF, orders: list[bytes]) -> float:
    begin = time.process_time()
    for body in orders:
        firewall.head("POST", ORDERS, b"", HEADERS)
        await firewall.body("POST", ORDERS, body)
    return 1e6 * (time.process_time() - begin) / len(orders)


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
