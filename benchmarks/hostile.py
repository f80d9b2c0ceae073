"""The largest request of each route: how long it keeps the event loop, and what it leaves in memory.

Asked of a filled exchange. The time on the loop is the processor time of the longest stretch between two
turns of the loop; beside it stands what the same machine needed for a bare piece of work meanwhile, so that
what else it did can be told from what a request costs. Which routes keep the loop or memory for longer than
they may is said in the end, and the command fails.
"""

import asyncio
import gc
import re
import tracemalloc
from collections.abc import Mapping
from time import thread_time
from typing import Any
from urllib.parse import urlencode

import orjson

from adapters.cli.transport import InProcessTransport
from adapters.http.app import OPERATIONS
from adapters.http.operations import Access, Operation
from benchmarks._hostile_cases import CASES, Case
from benchmarks._hostile_world import AS_LARGE_AS_MAY_BE, Size, World, filled_world

STALL_MS_MAX = 50.0
"""The longest that a request may keep the loop, on a machine that needs :data:`BARE_MS` for the bare work."""

BARE_MS = 12.5

PARTS = 4
"""In how many parts the requests are asked to see what they leave in memory."""

KEPT_MAX = 150
"""The most bytes that a request may leave in memory on average, if it makes nothing.

The least that anything remembered takes up, a number and its place in a dictionary, is some 100 bytes; what a
cache holds in the end is spread over all requests, and there should be 1,000.
"""

MADE_MAX, MADE_TIMES = 80_000, 25
"""The same for what makes something: so much, and so many times what the request itself says.

An order that is asked for in 400 bytes is kept as one that rests, as money that is reserved, and as the
answer to the same request again.
"""

ENOUGH = 500
"""How often a route has to be asked for what it leaves to be told from what it had to set up once."""


def run(n: int = 1_000, size: Size = AS_LARGE_AS_MAY_BE) -> dict[str, Any]:
    """Ask every route its largest request ``n`` times, or as often as there is something to ask it about."""
    return asyncio.run(_run(n, size))


async def _run(n: int, size: Size) -> dict[str, Any]:
    routes: dict[str, dict[str, Any]] = {}
    async with filled_world(size) as world:
        transport = InProcessTransport(world.presage.app)
        for operation in OPERATIONS:
            name = f"{operation.method} {operation.path}"
            routes[name] = await _measured(transport, world, operation, CASES[name], n)
    bare_ms = sorted(route["bare_ms"] for route in routes.values())[len(routes) // 2]
    slow, growing = too_slow(routes), growing_with(routes)
    return {
        "bench": "hostile",
        "n": n,
        "conditions": {"store": "sqlite", "read_models": "sqlite", "stall_ms_max": STALL_MS_MAX},
        "ours": {
            "stall_ms_worst": max(route["stall_ms"] for route in routes.values()),
            "over_limit": len(slow),
            "growing": len(growing),
            "routes": routes,
        },
        "peers": {"bare work": {"ms": bare_ms}},
        "ratios": {},
        "failed": [
            *(f"{name} keeps the loop for {routes[name]['stall_ms']} ms" for name in slow),
            *(f"{name} leaves {routes[name]['kept_bytes_each']} bytes each time" for name in growing),
        ],
    }


def too_slow(routes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the routes that keep the loop for too long, for a machine as fast as this one was meanwhile."""
    return [
        name
        for name, route in routes.items()
        if route["stall_ms"] / route["bare_ms"] > STALL_MS_MAX / BARE_MS
    ]


def growing_with(routes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the routes that leave more in memory than they may, of those that were asked often enough."""
    return [
        name
        for name, route in routes.items()
        if (route["repeats"] >= ENOUGH and not route["makes"] and route["kept_bytes_each"] > KEPT_MAX)
        or (
            route["makes"]
            and route["kept_bytes_each"] > route["request_bytes"] * MADE_TIMES + MADE_MAX * route["orders"]
        )
    ]


async def _measured(
    transport: InProcessTransport, world: World, operation: Operation, case: Case, n: int
) -> dict[str, Any]:
    repeats = min(n, case.repeats_max)
    stalls: list[float] = []
    statuses: set[int] = set()
    request = answered = 0

    async def ask() -> None:
        nonlocal request, answered
        prepared = await case.prepare(world) if case.prepare else None
        if case.prepare:
            await world.shown()
        asked = case.ask(world, prepared)
        path = re.sub(r"{(\w+)}", lambda found: asked.names[found[1]], operation.path)
        query = urlencode(asked.query)
        body = b"" if asked.body is None else orjson.dumps(asked.body)
        signed = {} if operation.access is Access.PUBLIC else world.signer.headers(operation.method, path)
        sent = asyncio.ensure_future(transport.send(operation.method, path, query, signed, body))
        stalls.append(await _longest_step(sent))
        statuses.add(sent.result().status)
        request, answered = len(path) + len(query) + len(body), len(sent.result().content)

    for _ in range(max(2, repeats // 10)):
        await ask()
    kept = await _kept(ask, repeats)
    stalls.clear()
    bare_ms = _bare_ms()
    for _ in range(repeats):
        await ask()
    stalls.sort()
    return {
        "stall_ms": round(stalls[(len(stalls) - 1) * 99 // 100] * 1_000, 2),
        "bare_ms": round((bare_ms + _bare_ms()) / 2, 2),
        "kept_bytes_each": kept,
        "repeats": repeats,
        "makes": case.makes,
        "orders": case.orders,
        "request_bytes": request,
        "answer_bytes": answered,
        "statuses": " ".join(map(str, sorted(statuses))),
    }


async def _kept(ask: Any, times: int) -> int:
    """Return how much a request leaves in memory on average, in the part of them that left the least.

    What grows does so in every part; what something else set up meanwhile is in one of them.
    """
    each = max(1, times // PARTS)
    kept, before = [], 0
    tracemalloc.start()
    for _ in range(PARTS):
        for _ in range(each):
            await ask()
        gc.collect()
        now, _ = tracemalloc.get_traced_memory()
        kept.append((now - before) / each)
        before = now
    tracemalloc.stop()
    return max(0, round(min(kept)))


async def _longest_step(sent: "asyncio.Future[Any]") -> float:
    """Return the longest processor time of this thread within which nothing else had its turn."""
    longest, before = 0.0, thread_time()
    while not sent.done():
        await asyncio.sleep(0)
        now = thread_time()
        longest, before = max(longest, now - before), now
    return longest


def _bare_ms() -> float:
    """Return how long this thread needs for work that is always the same."""
    begin = thread_time()
    for _ in range(1_000_000):
        pass
    return (thread_time() - begin) * 1_000
