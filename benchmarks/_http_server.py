"""``presage serve`` in a process of its own, and how fast it answers beside a bare route."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks._http_client import plain_request, send

READERS = 16
"""How many connections read at once."""

ROUNDS = 5
"""How often the two are measured, in turn: what else the machine does falls on both."""

_VISIBLE = "/trade-api/v2/exchange/user_data_timestamp"

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


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run an exchange; give its address."""
    with started("serve", "--data", str(folder), "--port", "0") as (_, told):
        yield told["url"]


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Run a command of Presage's that serves; give its process id and what it says when it is ready."""
    command = _in_this_environment(["presage", *arguments, "--json"])
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ) as process:
        assert process.stdout is not None
        try:
            yield process.pid, json.loads(process.stdout.readline())
        finally:
            process.terminate()


def _in_this_environment(command: Sequence[str]) -> list[str]:
    return [str(Path(sys.executable).with_name(command[0])), *command[1:]]


def presage(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run a command on a data folder; return what it prints."""
    command = _in_this_environment(["presage", *arguments, "--json", "--data", str(folder)])
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return answer


async def body_of(url: str, path: str, headers: str = "") -> bytes:
    """Return what a route answers."""
    port = url.rpartition(":")[2]
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    writer.write(plain_request("GET", path, headers=f"{headers}Connection: close\r\n"))
    answer = await reader.read()
    writer.close()
    return answer.partition(b"\r\n\r\n")[2]


async def idle(url: str) -> None:
    """Wait until what follows from the orders is done too."""
    seen = -1
    while (position := json.loads(await body_of(url, _VISIBLE))["position"]) != seen:
        seen = position
        await asyncio.sleep(0.5)


async def beside_bare_route(url: str, path: str, n: int) -> tuple[float, float]:
    """Return how often a second a route answers, and a bare one that returns the same bytes."""
    ours, bare = [plain_request("GET", path)] * (n // ROUNDS), [plain_request("GET", "/")] * (n // ROUNDS)
    async with _bare_route(await body_of(url, path)) as bare_url:
        rates = [(await _rate(url, ours), await _rate(bare_url, bare)) for _ in range(ROUNDS)]
    return median(rate for rate, _ in rates), median(rate for _, rate in rates)


async def _rate(url: str, requests: Sequence[bytes]) -> float:
    measured = await send(url, requests, connections=READERS)
    assert measured["statuses"] == {"200": len(requests)}, measured["statuses"]
    return len(requests) / float(measured["seconds"])


@asynccontextmanager
async def _bare_route(body: bytes) -> AsyncIterator[str]:
    port = _free_port()
    with subprocess.Popen(  # noqa: ASYNC220 (starting takes no time)
        [sys.executable, "-c", _BARE_ROUTE, str(port)], stdin=subprocess.PIPE
    ) as peer:
        assert peer.stdin is not None
        peer.stdin.write(body)
        peer.stdin.close()
        try:
            await _answers(port)
            yield f"http://127.0.0.1:{port}"
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
