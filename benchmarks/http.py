"""Orders over HTTP with signatures, from a client in its own process, against ``presage serve``."""

import asyncio
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks._http_server import beside_bare_route, idle, presage, server

MARKET = "BENCH"
TRADERS = 16
BATCH = 50
BOOK = f"/trade-api/v2/markets/{MARKET}/orderbook"
ORDERS = "/trade-api/v2/portfolio/orders"


def run(n: int = 10_000) -> dict[str, Any]:
    """Measure ``n`` single orders, ``n`` orders in batches, and reads of the book beside a bare route."""
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as url:
        keys = set_up(Path(folder))
        singly = orders_over_http(url, ORDERS, keys, list(random_orders(n, seed=1)))
        orders = list(random_orders(n, seed=2))
        batches = [{"orders": orders[start : start + BATCH]} for start in range(0, n, BATCH)]
        batched = orders_over_http(url, f"{ORDERS}/batched", keys, batches, orders_each=BATCH)
        asyncio.run(idle(url))
        book, bare = asyncio.run(beside_bare_route(url, BOOK, n))
    ours = {
        "single": singly,
        "batched": batched,
        "orderbook": {"requests_per_s": round(book)},
    }
    return {
        "bench": "http",
        "n": n,
        "conditions": {
            "traders": TRADERS,
            "connections": 64,
            "orders_per_batch": BATCH,
            "store": "sqlite, synchronous=FULL",
            "client": "its own process; signatures made before the time is taken",
        },
        "ours": ours,
        "peers": {"bare_starlette_route": {"requests_per_s": round(bare)}},
        "ratios": {"orderbook_to_bare_route": round(book / bare, 2)},
    }


def set_up(folder: Path) -> list[dict[str, Any]]:
    """Make a market and funded traders in a running exchange; return their keys."""
    presage(folder, "market", "create", MARKET, "--title", "A market to measure with")
    keys = []
    for trader in range(TRADERS):
        presage(folder, "deposit", f"trader-{trader}", "10000000")
        keys.append(presage(folder, "keys", "create", f"trader-{trader}"))
    return keys


def random_orders(n: int, *, seed: int) -> Iterator[dict[str, Any]]:
    """Yield bodies of orders, of which many meet."""
    rng = random.Random(seed)
    for _ in range(n):
        side = rng.choice(("yes", "no"))
        yield {
            "ticker": MARKET,
            "side": side,
            "action": "buy",
            "count": rng.randint(1, 20),
            f"{side}_price": rng.randint(35, 60),
        }


def orders_over_http(
    url: str, path: str, keys: list[dict[str, Any]], bodies: list[dict[str, Any]], orders_each: int = 1
) -> dict[str, Any]:
    """Send orders from a client in its own process; return how fast they were answered, and how."""
    measured = _sent(url, path, "POST", keys, bodies, orders_each)
    latencies = sorted(measured["latencies_ms"])
    return {
        "orders_per_s": round(orders_each * measured["statuses"].get("201", 0) / measured["seconds"]),
        "latency_ms_p50": round(latencies[len(latencies) // 2], 1),
        "latency_ms_p99": round(latencies[len(latencies) * 99 // 100], 1),
        "statuses": measured["statuses"],
    }


def reads_over_http(url: str, path: str, keys: list[dict[str, Any]], n: int) -> int:
    """Send signed reads in the same way; return how many a second were answered."""
    measured = _sent(url, path, "GET", keys, [{}] * n, 1)
    assert measured["statuses"] == {"200": n}, measured["statuses"]
    return round(n / float(measured["seconds"]))


def _sent(
    url: str,
    path: str,
    method: str,
    keys: list[dict[str, Any]],
    bodies: list[dict[str, Any]],
    orders_each: int,
) -> dict[str, Any]:
    work = {
        "url": url,
        "path": path,
        "method": method,
        "keys": keys,
        "bodies": bodies,
        "orders_each": orders_each,
    }
    client = subprocess.run(
        [sys.executable, "-m", "benchmarks._http_client"],
        input=json.dumps(work).encode(),
        check=True,
        capture_output=True,
    )
    measured: dict[str, Any] = json.loads(client.stdout)
    return measured
