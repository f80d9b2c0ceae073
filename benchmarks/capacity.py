"""What an order and a read take of each process of an exchange: the unit costs of ``presage capacity plan``.

The exchange runs spread out, as in the large: ``presage serve`` with the projector beside it, and an event
store, PostgreSQL and Redis in processes of their own, whose processor time is read before and after. What the
engine takes of ``serve`` is what the same orders take in process, without HTTP; the rest of it is the API's.
"""

import asyncio
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import uvloop

from adapters.bootstrap import make_codec
from adapters.event_stores.eventstoredb import EventStoreDBStore
from application.capacity.planner import RULES_OF_THUMB, Role
from benchmarks._http_client import plain_request, send
from benchmarks._http_server import idle, started
from benchmarks._postgres import empty_database
from benchmarks._redis import some_redis
from benchmarks._trading import apart, exchange_on
from benchmarks.http import MARKET, ORDERS, orders_over_http, random_orders, set_up
from benchmarks.orders import measure_exchange

READS = (
    *(f"/markets/{MARKET}/orderbook",) * 5,
    *(f"/markets/{MARKET}",) * 3,
    "/markets?limit=100",
    "/markets/trades?limit=100",
)
"""What is read, one after the other in turn: books and markets for the most part, and lists."""

CONNECTIONS = 64


def run(n: int = 10_000) -> dict[str, Any]:
    """Measure ``n`` orders and as many reads."""
    with tempfile.TemporaryDirectory() as name, _exchange(Path(name)) as exchange:
        keys = set_up(exchange.folder / "data")
        orders_over_http(exchange.url, ORDERS, keys, list(random_orders(n // 10, seed=1)))
        asyncio.run(idle(exchange.url))
        bytes_before = exchange.stored_bytes()
        with exchange.timed(n) as order_us:
            orders_over_http(exchange.url, ORDERS, keys, list(random_orders(n, seed=2)))
            asyncio.run(idle(exchange.url))
        order_bytes = {role: (now - bytes_before[role]) / n for role, now in exchange.stored_bytes().items()}
        with exchange.timed(n) as read_us:
            asyncio.run(_read(exchange.url, n))
        process_gb = exchange.resident_gb()
    order_us[Role.ENGINE] = min(order_us[Role.API], apart(_engine, n))
    order_us[Role.API] -= order_us[Role.ENGINE]
    process_gb[Role.ENGINE] = process_gb[Role.API]
    ours = {"read_us": read_us, "order_us": order_us, "order_bytes": order_bytes, "process_gb": process_gb}
    return {
        "bench": "capacity",
        "n": n,
        "conditions": {
            "orders": "one a request, signed",
            "reads": "of ten: 5 books, 3 markets, a list of markets, a list of trades",
            "connections": CONNECTIONS,
            "cores": os.cpu_count(),
            "event_store": "the node, one of it",
        },
        "ours": {kind: _rounded(measured) for kind, measured in ours.items()},
        "peers": {
            "rules of thumb": {
                kind: dict(getattr(RULES_OF_THUMB, kind)) for kind in ("read_us", "order_us", "order_bytes")
            }
        },
        "ratios": {
            f"order: {role}": round(order_us[role] / guessed, 2)
            for role, guessed in RULES_OF_THUMB.order_us.items()
        },
    }


def _rounded(measured: Mapping[Role, float]) -> dict[str, float]:
    return {str(role): round(measured[role], 3) for role in Role if role in measured}


async def _read(url: str, n: int) -> None:
    requests = [plain_request("GET", f"/trade-api/v2{READS[number % len(READS)]}") for number in range(n)]
    measured = await send(url, requests, connections=CONNECTIONS)
    assert measured["statuses"] == {"200": n}, measured["statuses"]


def _engine(n: int) -> float:
    """Return the microseconds of an order in the exchange's own process, on the node, without HTTP."""

    async def measure(uri: str) -> float:
        store = await EventStoreDBStore.connect(uri)
        try:
            async with exchange_on(store, make_codec()) as exchange:
                return (await measure_exchange(exchange, n))["cpu_us_per_order"]
        finally:
            await store.close()

    with tempfile.TemporaryDirectory() as folder, _node(Path(folder)) as (_, uri):
        return uvloop.run(measure(uri))


@contextmanager
def _node(folder: Path) -> Iterator[tuple[int, str]]:
    with started("eventstore", "--data", str(folder / "node"), "--port", "0") as (pid, told):
        yield pid, told["uri"]


@dataclass(frozen=True)
class _Exchange:
    """A running exchange and the processes it is made of."""

    folder: Path
    url: str
    serving: psutil.Process
    others: Mapping[Role, psutil.Process]

    @contextmanager
    def timed(self, n: int) -> Iterator[dict[Role, float]]:
        """Give the microseconds of each of ``n`` pieces of work, once they are done."""
        taken: dict[Role, float] = {}
        before = self._cpu_s()
        yield taken
        taken.update({role: 1e6 * (now - before[role]) / n for role, now in self._cpu_s().items()})

    def _cpu_s(self) -> dict[Role, float]:
        return {role: sum(_cpu_s(each) for each in of) for role, of in self._processes().items()}

    def resident_gb(self) -> dict[Role, float]:
        """Return the memory of each part, without what its processes share counted again."""
        return {
            role: sum(each.memory_full_info().uss for each in of) / 1e9
            for role, of in self._processes().items()
        }

    def _processes(self) -> dict[Role, list[psutil.Process]]:
        serving = {Role.API: [self.serving], Role.PROJECTOR: self.serving.children(recursive=True)}
        others = {role: [of, *of.children(recursive=True)] for role, of in self.others.items()}
        return {**serving, **others}

    def stored_bytes(self) -> dict[Role, int]:
        """Return how large the log and the read models are."""
        return {
            Role.EVENT_STORE: _size(self.folder / "node"),
            Role.DATABASE: _size(self.folder / "postgres" / "base"),
        }


def _cpu_s(process: psutil.Process) -> float:
    """Return the processor time of a process and of those it has waited for."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _size(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())


@contextmanager
def _exchange(folder: Path) -> Iterator[_Exchange]:
    with (
        empty_database(folder / "postgres") as database,
        some_redis() as redis,
        _node(folder) as (node, uri),
        started(
            *("serve", "--data", str(folder / "data"), "--port", "0", "--projector", "beside"),
            PRESAGE_EVENT_STORE=uri,
            DATABASE_URL=database,
            REDIS_URL=redis,
        ) as (serving, told),
    ):
        others = {
            Role.EVENT_STORE: psutil.Process(node),
            Role.DATABASE: _listening(folder / "postgres" / "postmaster.pid"),
            Role.REDIS: _redis_of(redis),
        }
        yield _Exchange(folder, told["url"], psutil.Process(serving), others)


def _listening(pid_file: Path) -> psutil.Process:
    return psutil.Process(int(pid_file.read_text(encoding="utf-8").split()[0]))


def _redis_of(url: str) -> psutil.Process:
    port = url.rpartition(":")[2].partition("/")[0]
    return next(
        each
        for each in psutil.process_iter(["name", "cmdline"])
        if "redis-server" in (each.info["name"] or "") and port in " ".join(each.info["cmdline"] or ())
    )
