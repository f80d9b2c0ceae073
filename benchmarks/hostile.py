"""The largest request of each route: how long it keeps the event loop, and what it leaves in memory."""

import asyncio
import gc
import re
import tempfile
import tracemalloc
from pathlib import Path
from time import perf_counter, time
from typing import Any
from urllib.parse import urlencode

import orjson

from adapters.bootstrap import OPERATOR, Presage, open_presage
from adapters.cli.signer import Signer
from adapters.cli.transport import InProcessTransport
from adapters.http.app import OPERATIONS
from adapters.http.callers.signing import generate_key_pair
from adapters.http.operations import Access, Operation
from adapters.settings import Settings
from domain.identity.aggregate import Scope

STALL_MS_MAX = 50.0
TEXT_MAX = 20_000
"""Texts without a limit of their own are made this long: more than any field takes."""

Json = dict[str, Any]


def run(n: int = 1_000) -> dict[str, Any]:
    """Send every route its largest request ``n`` times; keys are made ten times, which takes long enough."""
    return asyncio.run(_run(n))


async def _run(n: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        async with open_presage(Settings(data=Path(folder), event_store="memory")) as presage:
            await presage.start()
            signer = await _signer(presage)
            transport = InProcessTransport(presage.app)
            routes = {}
            for operation in OPERATIONS:
                repeats = min(n, 10) if operation.path.endswith("generate") else n
                name = f"{operation.method} {operation.path}"
                routes[name] = await _measured(transport, signer, operation, repeats)
    return {
        "bench": "hostile",
        "n": n,
        "conditions": {"store": "memory", "read_models": "sqlite", "stall_ms_max": STALL_MS_MAX},
        "ours": {
            "stall_ms_worst": max(route["stall_ms"] for route in routes.values()),
            "over_limit": sum(route["stall_ms"] > STALL_MS_MAX for route in routes.values()),
            "routes": routes,
        },
        "peers": {},
        "ratios": {},
    }


async def _signer(presage: Presage) -> Signer:
    private_pem, public_pem = generate_key_pair()
    key_id, _ = await presage.exchange.keys.create(
        OPERATOR, name="bench", public_key_pem=public_pem, scopes=tuple(Scope)
    )
    return Signer(key_id, private_pem.encode())


async def _measured(
    transport: InProcessTransport, signer: Signer, operation: Operation, repeats: int
) -> dict[str, Any]:
    path = re.sub(r"{\w+}", "A" * 100, operation.path)
    query = urlencode(largest_query(operation))
    body = orjson.dumps(largest_body(operation)) if operation.body else b""
    stalls: list[float] = []
    statuses: set[int] = set()

    async def ask() -> None:
        signed = {} if operation.access is Access.PUBLIC else signer.headers(operation.method, path)
        asked = asyncio.ensure_future(transport.send(operation.method, path, query, signed, body))
        stalls.append(await _longest_step(asked))
        statuses.add(asked.result().status)

    for _ in range(max(3, repeats // 10)):
        await ask()
    stalls.clear()
    gc.collect()
    tracemalloc.start()
    for _ in range(min(repeats, 100)):
        await ask()
    gc.collect()
    kept, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    stalls.clear()
    for _ in range(repeats):
        await ask()
    stalls.sort()
    return {
        "stall_ms": round(stalls[len(stalls) * 99 // 100] * 1_000, 2),
        "kept_bytes_each": round(kept / min(repeats, 100)),
        "request_bytes": len(path) + len(query) + len(body),
        "statuses": " ".join(map(str, sorted(statuses))),
    }


async def _longest_step(asked: "asyncio.Future[Any]") -> float:
    """Return the longest time within which nothing else had its turn."""
    longest, before = 0.0, perf_counter()
    while not asked.done():
        await asyncio.sleep(0)
        now = perf_counter()
        longest, before = max(longest, now - before), now
    return longest


def largest_query(operation: Operation) -> dict[str, str]:
    """Return every parameter of a route, each as long as it may be."""
    schema = operation.query.model_json_schema()
    said = {
        name: str(_largest(described, schema.get("$defs", {})))
        for name, described in schema.get("properties", {}).items()
    }
    for listed in {"tickers", "ticker", "market_tickers", "event_ticker"} & said.keys():
        if schema["properties"][listed].get("type") == "string":
            most = 100 if listed == "event_ticker" else 1_000
            said[listed] = ",".join(f"T{number}" for number in range(most))
    if "as_of_ts" in said:
        said |= {"as_of_ts": str(int(time()))}
        said.pop("as_of_revision", None)
    return {name: value for name, value in said.items() if name != "cursor"}


def largest_body(operation: Operation) -> Any:
    """Return a body with every field as large as it may be."""
    assert operation.body is not None
    schema = operation.body.model_json_schema()
    return _largest(schema, schema.get("$defs", {}))


def _largest(schema: Json, shared: Json) -> Any:
    if "$ref" in schema:
        return _largest(shared[schema["$ref"].rpartition("/")[2]], shared)
    if "anyOf" in schema:
        return _largest(schema["anyOf"][0], shared)
    if "enum" in schema or "const" in schema:
        return schema.get("const", (schema.get("enum") or [None])[0])
    if "examples" in schema:
        return schema["examples"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: _largest(inner, shared) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [_largest(schema.get("items", {}), shared)] * schema.get("maxItems", 200)
    if kind == "integer":
        return min(schema.get("maximum", 10_000), 10_000)
    if kind == "boolean":
        return True
    return "A" * min(schema.get("maxLength", 100), TEXT_MAX * 5)
