"""The largest request of each route, and of what is refused: how long it keeps the loop, and what it leaves.

Asked of a filled exchange. The time on the loop is the processor time of its longest turn; beside it stands
what the same machine needed for a bare piece of work meanwhile, so that it can be told what else it did. What
is left in memory is what the allocators count. Which routes keep the loop or memory for longer than they may
is said in the end, and the command fails.
"""

import asyncio
import gc
import re
from array import array
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import thread_time
from typing import Any
from urllib.parse import urlencode

import orjson

from adapters.cli.transport import InProcessTransport
from adapters.http.app import OPERATIONS
from adapters.http.operations import Access, Operation
from benchmarks._hostile_cases import CASES, FEW, Case
from benchmarks._hostile_nonsense import LARGE_BODIES, NONSENSE, Made
from benchmarks._hostile_world import AS_LARGE_AS_MAY_BE, Size, World, filled_world
from benchmarks._turns import allocated_bytes, loop_that_is_watched, turns

STALL_MS_MAX = 50.0
"""The longest that a request may keep the loop, on a machine that needs :data:`BARE_MS` for the bare work."""

BARE_MS = 12.5

PARTS = 10
"""In how many parts the requests are asked: to see what they leave in memory, and if they take longer."""

SLOWED, SLOWED_MS = 2, 5.0
"""So many times, and so much, longer may the last part keep the loop than the first, of what makes."""

KEPT_MAX = 150
"""The most bytes that a request may leave in memory on average, if it makes nothing.

The least that anything remembered takes up, a number and its place in a dictionary, is some 100 bytes; what a
cache holds in the end is spread over all requests, and there should be 1,000.
"""

MADE_MAX, MADE_TIMES, ORDER_MAX = 30_000, 4, 8_000
"""The same for what makes something: so much, so many times what the request itself says, and for each order.

An order that is asked for in 400 bytes is kept as one that rests, as money that is reserved, and as the
answer to the same request again.
"""

ENOUGH, MADE_ENOUGH = 500, 15
"""How often a route has to be asked for what it leaves to be told from what it had to set up once.

One that makes nothing, and one that makes something.
"""


def run(n: int = 1_000, size: Size = AS_LARGE_AS_MAY_BE) -> dict[str, Any]:
    """Ask every route its largest request ``n`` times, or as often as there is something to ask it about."""
    with asyncio.Runner(loop_factory=loop_that_is_watched) as runner:
        return runner.run(_run(n, size))


async def _run(n: int, size: Size) -> dict[str, Any]:
    routes: dict[str, dict[str, Any]] = {}
    async with filled_world(size) as world:
        here = InProcessTransport(world.presage.app)
        for operation in OPERATIONS:
            name = f"{operation.method} {operation.path}"
            case = CASES[name]
            routes[name] = await _measured(
                partial(_case, world.transport if case.elsewhere else here, world, operation, case),
                min(n, case.repeats_max),
                makes=case.makes,
                orders=case.orders,
            )
        for name, nonsense in NONSENSE.items():
            routes[name] = await _measured(partial(_nonsense, here, world, nonsense), n)
        for name, nonsense in LARGE_BODIES.items():
            routes[name] = await _measured(partial(_nonsense, here, world, nonsense), min(n, FEW))
    bare_ms = sorted(route["bare_ms"] for route in routes.values())[len(routes) // 2]
    slow, growing, slowing = too_slow(routes), growing_with(routes), slowing_with(routes)
    return {
        "bench": "hostile",
        "n": n,
        "conditions": {"store": "sqlite", "read_models": "sqlite", "stall_ms_max": STALL_MS_MAX},
        "ours": {
            "stall_ms_worst": max(route["stall_ms"] for route in routes.values()),
            "over_limit": len(slow),
            "growing": len(growing),
            "slowing": len(slowing),
            "routes": routes,
        },
        "peers": {"bare work": {"ms": bare_ms}},
        "ratios": {},
        "failed": [
            *(f"{name} keeps the loop for {routes[name]['stall_ms']} ms" for name in slow),
            *(f"{name} leaves {routes[name]['kept_bytes_each']} bytes each time" for name in growing),
            *(
                f"{name} keeps the loop for {routes[name]['stall_first_ms']} ms at first and for "
                f"{routes[name]['stall_last_ms']} ms in the end"
                for name in slowing
            ),
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
            route["makes"] and route["repeats"] >= MADE_ENOUGH and route["kept_bytes_each"] > _made_max(route)
        )
    ]


def slowing_with(routes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the routes that make something and take longer, the more of it there is."""
    return [
        name
        for name, route in routes.items()
        if route["makes"]
        and route["repeats"] >= MADE_ENOUGH
        and route["stall_last_ms"] > SLOWED * route["stall_first_ms"] + SLOWED_MS * route["bare_ms"] / BARE_MS
    ]


def _made_max(route: Mapping[str, Any]) -> int:
    return int(MADE_MAX + MADE_TIMES * route["request_bytes"] + ORDER_MAX * route["orders"])


@dataclass(frozen=True, slots=True)
class _Answered:
    """A request that was answered: how long it kept the loop, and how large it was."""

    stall_s: float
    status: int
    sent_bytes: int
    answer_bytes: int


async def _case(transport: InProcessTransport, world: World, operation: Operation, case: Case) -> _Answered:
    prepared = await case.prepare(world) if case.prepare else None
    if case.prepare:
        await world.shown()
    asked = case.ask(world, prepared)
    path = re.sub(r"{(\w+)}", lambda found: asked.names[found[1]], operation.path)
    body = b"" if asked.body is None else orjson.dumps(asked.body)
    if asked.cookie is not None:
        headers = {"cookie": asked.cookie, "sec-fetch-site": "same-origin", "x-presage-session": "1"}
    elif operation.access is Access.PUBLIC:
        headers = {}
    else:
        headers = world.signer.headers(operation.method, path)
    return await _asked(transport, operation.method, path, urlencode(asked.query), headers, body)


async def _nonsense(transport: InProcessTransport, world: World, make: Made) -> _Answered:
    asked = make(world)
    signed = world.signer.headers(asked.method, asked.path) if asked.signed else {}
    headers = {**signed, **asked.headers}
    return await _asked(transport, asked.method, asked.path, asked.query, headers, asked.body)


async def _asked(
    transport: InProcessTransport,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
) -> _Answered:
    loop = turns()
    # What is left of this turn is not the request's.
    await asyncio.sleep(0)
    loop.longest_s = 0.0
    answer = await asyncio.ensure_future(transport.send(method, path, query, headers, body))
    return _Answered(loop.longest_s, answer.status, len(path) + len(query) + len(body), len(answer.content))


async def _measured(
    ask: Callable[[], Awaitable[_Answered]], repeats: int, *, makes: bool = False, orders: int = 1
) -> dict[str, Any]:
    """Ask for what is set up once, then in parts, after each of which is seen what they left in memory.

    What grows does so in every part; what something else set up or let go meanwhile is in some of them: the
    middle one counts.
    """
    for _ in range(max(2, repeats // 20)):
        await ask()
    bare_ms = _bare_ms()
    parts = min(PARTS, repeats)
    each = repeats // parts
    stalls, statuses, kept = array("d", bytes(8 * parts * each)), set(), []
    before = _memory_bytes()
    for part in range(parts):
        for number in range(part * each, (part + 1) * each):
            answered = await ask()
            stalls[number] = answered.stall_s
            statuses.add(answered.status)
        now = _memory_bytes()
        kept.append((now - before) / each)
        before = now
    return {
        "stall_ms": round(sorted(stalls)[(len(stalls) - 1) * 99 // 100] * 1_000, 2),
        "bare_ms": round((bare_ms + _bare_ms()) / 2, 2),
        "stall_first_ms": round(median(stalls[:each]) * 1_000, 2),
        "stall_last_ms": round(median(stalls[-each:]) * 1_000, 2),
        "kept_bytes_each": max(0, round(median(kept))),
        "repeats": repeats,
        "makes": makes,
        "orders": orders,
        "request_bytes": answered.sent_bytes,
        "answer_bytes": answered.answer_bytes,
        "statuses": " ".join(map(str, sorted(statuses))),
    }


def _memory_bytes() -> int:
    gc.collect()
    return allocated_bytes()


def _bare_ms() -> float:
    """Return how long this thread needs for work that is always the same."""
    begin = thread_time()
    for _ in range(1_000_000):
        pass
    return (thread_time() - begin) * 1_000
