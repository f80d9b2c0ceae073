"""What measuring costs: the same routes with and without it, in turns, and what is counted for an order."""

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Scope

from adapters.bootstrap import OPERATOR, Presage, open_presage
from adapters.http.app import OPERATIONS, routed
from adapters.http.endpoint import Endpoint
from adapters.settings import Settings
from application.requests import Accepted
from application.watching.work import Work
from benchmarks._http_client import Signer
from domain.identifiers import Ticker
from domain.market.commands import CreateMarket
from domain.quantities import Money

TICKER = Ticker("FED-CUT")
ORDERS = "/trade-api/v2/portfolio/orders"
READ = f"/trade-api/v2/markets/{TICKER}"
AT_ONCE = 32
ROUNDS = 40
"""How often the two are measured, in turns: what else the machine does falls on both."""

BATCHES_PER_ORDER = 4
"""An order by itself is at most so many batches: reserve, place, book in two ledgers."""


def run(n: int = 4_000) -> dict[str, Any]:
    """Measure ``n`` requests each way."""
    return asyncio.run(_run(n))


async def _run(n: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder), event_store="memory")
        async with open_presage(settings) as presage:
            await presage.start()
            operations = presage.exchange.operations
            await operations.create_market(CreateMarket(ticker=TICKER, title="A cut?"))
            made = await operations.activate(TICKER)
            assert isinstance(made, Accepted)
            await operations.deposit(OPERATOR, Money(10**15), "bench")
            assert await presage.shown()
            key = presage.folder.operator()
            assert key is not None
            signer = Signer(key.key_id, key.private_key_path)
            measured, bare = _measured_alone(presage)
            reads = await _in_turns(measured, bare, lambda: [_read()] * (n // ROUNDS))
            orders = await _in_turns(measured, bare, lambda: _orders(signer, n // ROUNDS))
            scrape_ms = _timed(presage.watch.metrics, 20) * 1_000
    work = Work()
    batch_us = _timed(lambda: work.decided(3, 0.000_2), 100_000) * 1_000_000
    return {
        "bench": "metrics",
        "n": n,
        "conditions": {"at_once": AT_ONCE, "rounds": ROUNDS, "in_process": True},
        "ours": {
            "reads_per_cpu_s": round(reads[0]),
            "orders_per_cpu_s": round(orders[0]),
            "batch_us": round(batch_us, 2),
            "most_an_order_us": round(BATCHES_PER_ORDER * batch_us, 2),
            "scrape_ms": round(scrape_ms, 2),
        },
        "peers": {"without": {"reads_per_cpu_s": round(reads[1]), "orders_per_cpu_s": round(orders[1])}},
        "ratios": {
            "reads_with_to_without": round(reads[2], 3),
            "orders_with_to_without": round(orders[2], 3),
        },
    }


def _measured_alone(presage: Presage) -> tuple[ASGIApp, ASGIApp]:
    """Return an application with nothing before its routes but what measures requests, and a bare one."""
    port = replace(presage.port, limits=None, screen=None)
    app = routed(port, [Endpoint(operation, port) for operation in OPERATIONS], feed=presage.feed)
    return app, Starlette(routes=app.routes)


async def _in_turns(
    one: ASGIApp, other: ASGIApp, requests: Callable[[], Sequence[tuple[Scope, bytes]]]
) -> tuple[float, float, float]:
    """Return how many requests each answers in a second of the processor, and the median of their ratios."""
    rates: list[tuple[float, float]] = []
    for number in range(ROUNDS + 1):
        pair = {app: await _rate(app, requests()) for app in ((one, other), (other, one))[number % 2]}
        if number:  # the first round warms up
            rates.append((pair[one], pair[other]))
    return (
        median(mine for mine, _ in rates),
        median(its for _, its in rates),
        median(mine / its for mine, its in rates),
    )


async def _rate(app: ASGIApp, requests: Sequence[tuple[Scope, bytes]]) -> float:
    waiting = iter(requests)

    async def caller() -> None:
        for scope, body in waiting:
            status = await _answer(app, scope, body)
            assert status in (200, 201), status

    began = time.process_time()  # what else the machine does takes none of it
    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))
    return len(requests) / (time.process_time() - began)


async def _answer(app: ASGIApp, scope: Scope, body: bytes) -> int:
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(dict(scope), receive, send)
    return status


def _scope(method: str, path: str, headers: list[tuple[bytes, bytes]]) -> Scope:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
    }


def _read() -> tuple[Scope, bytes]:
    return _scope("GET", READ, []), b""


def _orders(signer: Signer, n: int) -> list[tuple[Scope, bytes]]:
    now_ms, rng = int(time.time() * 1_000), random.Random(n)
    return [_order(signer, now_ms, rng) for _ in range(n)]


def _order(signer: Signer, at_ms: int, rng: random.Random) -> tuple[Scope, bytes]:
    price = rng.randint(1, 40)  # nobody sells: what is measured is the same for all of them
    body = orjson.dumps({"ticker": TICKER, "side": "yes", "action": "buy", "count": 1, "yes_price": price})
    head = signer.request("POST", ORDERS, body, at_ms=at_ms).split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    pairs = (line.split(b": ", 1) for line in head)
    return _scope("POST", ORDERS, [(name.lower(), value) for name, value in pairs]), body


def _timed(work: Callable[[], object], times: int) -> float:
    """Return how many seconds a piece of work takes."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times
