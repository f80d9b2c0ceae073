"""The largest request of each route: how long it keeps the event loop, and what it leaves in memory.

Asked of a filled exchange. The time on the loop is the processor time of the longest stretch between two
turns of the loop; beside it stands what the same machine needed for a bare piece of work meanwhile, so that
what else it did can be told from what a request costs.
"""

import asyncio
import gc
import re
import tracemalloc
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

MEASURED = 100
"""After how many requests memory is compared; what grows does so by then."""


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
    return {
        "bench": "hostile",
        "n": n,
        "conditions": {"store": "sqlite", "read_models": "sqlite", "stall_ms_max": STALL_MS_MAX},
        "ours": {
            "stall_ms_worst": max(route["stall_ms"] for route in routes.values()),
            "over_limit": sum(
                route["stall_ms"] / route["bare_ms"] > STALL_MS_MAX / BARE_MS for route in routes.values()
            ),
            "routes": routes,
        },
        "peers": {"bare work": {"ms": bare_ms}},
        "ratios": {},
    }


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
    kept = await _kept(ask, min(repeats, MEASURED))
    stalls.clear()
    bare_ms = _bare_ms()
    for _ in range(repeats):
        await ask()
    stalls.sort()
    return {
        "stall_ms": round(stalls[(len(stalls) - 1) * 99 // 100] * 1_000, 2),
        "bare_ms": round((bare_ms + _bare_ms()) / 2, 2),
        "kept_bytes_each": kept,
        "makes": case.makes,
        "request_bytes": request,
        "answer_bytes": answered,
        "statuses": " ".join(map(str, sorted(statuses))),
    }


async def _kept(ask: Any, times: int) -> int:
    """Return how much a request leaves in memory on average."""
    gc.collect()
    tracemalloc.start()
    for _ in range(times):
        await ask()
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return round(kept / times)


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
