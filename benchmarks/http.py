"""Orders over HTTP with signatures, from a client in its own process, against ``presage serve``."""

import asyncio
import json
import random
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks._http_client import plain_request, send

MARKET = "BENCH"
TRADERS = 16
BATCH = 50
BOOK = f"/trade-api/v2/markets/{MARKET}/orderbook"
VISIBLE = "/trade-api/v2/exchange/user_data_timestamp"
ORDERS = "/trade-api/v2/portfolio/orders"

_BARE_ROUTE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
body = sys.stdin.buffer.read()
async def answer(_request):
    return Response(body, media_type="application/json")
uvicorn.run(
    Starlette(routes=[Route("/", answer)]), port=int(sys.argv[1]), log_level="critical", access_log=False
)
"""


def run(n: int = 10_000) -> dict[str, Any]:
    """Measure ``n`` single orders, ``n`` orders in batches, and reads of the book beside a bare route."""
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as url:
        keys = _set_up(Path(folder))
        singly = _orders(url, ORDERS, keys, list(_random_orders(n, seed=1)))
        orders = list(_random_orders(n, seed=2))
        batches = [{"orders": orders[start : start + BATCH]} for start in range(0, n, BATCH)]
        batched = _orders(url, f"{ORDERS}/batched", keys, batches, orders_each=BATCH)
        asyncio.run(_idle(url))
        book = asyncio.run(send(url, [plain_request("GET", BOOK)] * n, connections=16))
        bare = _bare_route(asyncio.run(_body(url, BOOK)), n)
    ours = {
        "single": singly,
        "batched": batched,
        "orderbook": {"requests_per_s": round(n / book["seconds"])},
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
        "peers": {"bare_starlette_route": {"requests_per_s": round(n / bare)}},
        "ratios": {"orderbook_to_bare_route": round(bare / book["seconds"], 2)},
    }


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    command = ["presage", "serve", "--json", "--data", str(folder), "--port", "0"]
    with subprocess.Popen(_in_this_environment(command), stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())["url"]
        finally:
            server.terminate()


def _in_this_environment(command: Sequence[str]) -> list[str]:
    return [str(Path(sys.executable).with_name(command[0])), *command[1:]]


def _presage(folder: Path, *arguments: str) -> dict[str, Any]:
    command = _in_this_environment(["presage", *arguments, "--json", "--data", str(folder)])
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return answer


def _set_up(folder: Path) -> list[dict[str, Any]]:
    _presage(folder, "market", "create", MARKET, "--title", "A market to measure with")
    keys = []
    for trader in range(TRADERS):
        _presage(folder, "deposit", f"trader-{trader}", "10000000")
        keys.append(_presage(folder, "keys", "create", f"trader-{trader}"))
    return keys


def _random_orders(n: int, *, seed: int) -> Iterator[dict[str, Any]]:
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


def _orders(
    url: str, path: str, keys: list[dict[str, Any]], bodies: list[dict[str, Any]], orders_each: int = 1
) -> dict[str, Any]:
    work = {
        "url": url,
        "path": path,
        "method": "POST",
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
    measured = json.loads(client.stdout)
    latencies = sorted(measured["latencies_ms"])
    return {
        "orders_per_s": round(orders_each * measured["statuses"].get("201", 0) / measured["seconds"]),
        "latency_ms_p50": round(latencies[len(latencies) // 2], 1),
        "latency_ms_p99": round(latencies[len(latencies) * 99 // 100], 1),
        "statuses": measured["statuses"],
    }


async def _body(url: str, path: str) -> bytes:
    parts = url.rpartition(":")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(parts[2]))
    writer.write(plain_request("GET", path, headers="Connection: close\r\n"))
    answer = await reader.read()
    writer.close()
    return answer.partition(b"\r\n\r\n")[2]


async def _idle(url: str) -> None:
    """Wait until what follows from the orders is done too."""
    seen = -1
    while (position := json.loads(await _body(url, VISIBLE))["position"]) != seen:
        seen = position
        await asyncio.sleep(0.5)


def _bare_route(body: bytes, n: int) -> float:
    """Return the seconds a bare route takes to return the same bytes ``n`` times."""
    port = _free_port()
    with subprocess.Popen([sys.executable, "-c", _BARE_ROUTE, str(port)], stdin=subprocess.PIPE) as peer:
        assert peer.stdin is not None
        peer.stdin.write(body)
        peer.stdin.close()
        try:
            url = f"http://127.0.0.1:{port}"
            asyncio.run(_answers(port))
            measured = asyncio.run(send(url, [plain_request("GET", "/")] * n, connections=16))
            return float(measured["seconds"])
        finally:
            peer.terminate()


async def _answers(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
