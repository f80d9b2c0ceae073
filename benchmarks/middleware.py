"""What all that stands before a route costs of it: the same routes with and without, over a socket, in turns.

One process answers at two ports: with everything before its routes (what measures, limits of addresses and of
accounts, the firewall) and with nothing. What counts is the processor time of that process, so that what else
the machine does falls on neither, and the median of the rounds. Beside it is what surveillance and traces
cost, each in a process that differs in nothing else.
"""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.http.serving.serving import serving
from benchmarks._http_client import Signer, plain_request, send
from benchmarks._http_server import body_of
from benchmarks._middleware_server import MARKET, PROCESSOR

ROUNDS = 33
"""Many and short: a signature is old after five seconds, and on a busy machine that is soon."""
CONNECTIONS = 16
AS_A_PROGRAM = "User-Agent: python-httpx/0.28\r\nAccept-Language: en\r\n"
ELSEWHERE = "127.0.0.2"
"""An address that is limited, as that of the machine itself is not."""

ROOT = "/trade-api/v2"
BOOK, BALANCE, ORDERS = (
    f"{ROOT}/markets/{MARKET}/orderbook",
    f"{ROOT}/portfolio/balance",
    f"{ROOT}/portfolio/orders",
)


@dataclass(frozen=True, slots=True)
class _Port:
    """A port of a server, whose process tells of itself at another one."""

    url: str
    told_at: str
    signer: Signer

    async def us_each(self, requests: Sequence[bytes]) -> float:
        """Return how much processor time the server takes for each of some requests."""
        began = float(await body_of(self.told_at, PROCESSOR))
        told = await send(self.url, requests, connections=CONNECTIONS, source=ELSEWHERE)
        assert sum(told["statuses"].get(each, 0) for each in ("200", "201")) == len(requests), told[
            "statuses"
        ]
        return 1e6 * (float(await body_of(self.told_at, PROCESSOR)) - began) / len(requests)


_Asked = Callable[[Signer, int], Sequence[bytes]]


def _books(_signer: Signer, n: int) -> Sequence[bytes]:
    return [plain_request("GET", BOOK, headers=AS_A_PROGRAM)] * n


def _balances(signer: Signer, n: int) -> Sequence[bytes]:
    return [_signed(signer, "GET", BALANCE)] * n  # a signature is used up by what changes something only


def _orders(signer: Signer, n: int) -> Sequence[bytes]:
    rng = random.Random(n)
    return [_signed(signer, "POST", ORDERS, _order(rng)) for _ in range(n)]


def _signed(signer: Signer, method: str, path: str, body: bytes = b"") -> bytes:
    at_ms = int(time.time() * 1_000)
    return signer.request(method, path, body, at_ms=at_ms).replace(
        b"\r\n", b"\r\n" + AS_A_PROGRAM.encode(), 1
    )


def _order(rng: random.Random) -> bytes:
    price = rng.randint(1, 40)  # nobody sells: every order is as much work as the next
    return orjson.dumps({"ticker": MARKET, "side": "yes", "action": "buy", "count": 1, "yes_price": price})


ASKED: Mapping[str, _Asked] = {"book": _books, "balance": _balances, "order": _orders}


def run(n: int = 5_500) -> dict[str, Any]:
    """Ask each route ``n`` times with everything and ``n`` times without."""
    whole, surveillance, traces = asyncio.run(_run(max(1, n // ROUNDS)))
    return {
        "bench": "middleware",
        "n": n,
        "conditions": {
            "rounds": ROUNDS,
            "connections": CONNECTIONS,
            "book": BOOK,
            "balance": f"{BALANCE}, signed",
            "order": f"{ORDERS}, signed",
            "event_store": "memory",
        },
        "ours": {f"{name}_us": round(measured.one, 1) for name, measured in whole.items()},
        "peers": {
            "nothing before the route": {
                f"{name}_us": round(measured.other, 1) for name, measured in whole.items()
            },
            "without surveillance": {"order_us": round(surveillance.other, 1)},
            "with traces": {f"{name}_us": round(measured.one, 1) for name, measured in traces.items()},
        },
        "ratios": {
            **{
                f"{name}: throughput with everything, to that with nothing": round(1 / measured.ratio, 3)
                for name, measured in whole.items()
            },
            "order: throughput with surveillance, to that without": round(1 / surveillance.ratio, 3),
            **{
                f"{name}: throughput with traces, to that without": round(1 / measured.ratio, 3)
                for name, measured in traces.items()
            },
        },
    }


class _Pair(NamedTuple):
    """What a request takes in two ways, in microseconds, and the median of how often one takes the other."""

    one: float
    other: float
    ratio: float


async def _run(each: int) -> tuple[dict[str, _Pair], _Pair, dict[str, _Pair]]:
    async with _collector() as collector:
        with _server({}) as (whole, bare):
            before = {name: await _in_turns(whole, bare, asked, each) for name, asked in ASKED.items()}
            with _server({"PRESAGE_SURVEILLANCE": "off"}) as (unwatched, _):
                surveillance = await _in_turns(whole, unwatched, _orders, each)
            with _server({"PRESAGE_TRACES": collector}) as (traced, _):
                traces = {name: await _in_turns(traced, whole, asked, each) for name, asked in ASKED.items()}
    return before, surveillance, traces


async def _in_turns(one: _Port, other: _Port, asked: _Asked, each: int) -> _Pair:
    rounds: list[tuple[float, float]] = []
    for number in range(1 + ROUNDS):
        us = {
            port: await port.us_each(asked(port.signer, each))
            for port in ((one, other), (other, one))[number % 2]
        }
        if number:  # the first round warms up
            rounds.append((us[one], us[other]))
    return _Pair(
        median(mine for mine, _ in rounds),
        median(its for _, its in rounds),
        median(mine / its for mine, its in rounds),
    )


@contextmanager
def _server(environment: Mapping[str, str]) -> Iterator[tuple[_Port, _Port]]:
    """Run a server; give its port with everything and that with nothing before its routes."""
    command = [sys.executable, "-m", "benchmarks._middleware_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **environment}) as server:
        try:
            assert server.stdout is not None
            told = orjson.loads(server.stdout.readline())
            signer = Signer(told["key_id"], Path(told["private_key"]))
            yield _Port(told["whole"], told["bare"], signer), _Port(told["bare"], told["bare"], signer)
        finally:
            server.kill()


@asynccontextmanager
async def _collector() -> AsyncIterator[str]:
    """Give the address of what takes spans and forgets them."""

    async def take(request: Request) -> Response:
        await request.body()
        return Response(media_type="application/x-protobuf")

    app = Starlette(routes=[Route("/v1/traces", take, methods=["POST"])])
    async with serving(app, "127.0.0.1", 0) as served:
        yield f"{served.url}/v1/traces"
