"""An exchange spread over one, two and four engines: orders, and processor time by what it is for."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil

from benchmarks._election import ORDERS_PER_S, REQUESTS_PER_S, TICKERS, cores
from benchmarks._http_client import plain_request, send
from benchmarks._http_server import READERS, idle, presage, started
from benchmarks._operator import furnished
from benchmarks._postgres import empty_database
from benchmarks._redis import some_redis
from benchmarks.http import ORDERS, orders_over_http, random_orders

ENGINES = (1, 2, 4)
TRADERS = 16
READS_EACH = 2
BOOK = f"/trade-api/v2/markets/{TICKERS[0]}/orderbook"


def run(n: int = 5_000) -> dict[str, Any]:
    """Measure ``n`` signed single orders in 100 markets by way of one API, with each number of engines.

    And twice as many reads of a book, from which and from the orders it is added up what an election costs.
    """
    ours = {f"engines_{engines}": _measured(engines, n) for engines in ENGINES}
    one = ours["engines_1"]["orders_per_s"]
    return {
        "bench": "engines",
        "n": n,
        "conditions": {
            "connections": 64,
            "processors": psutil.cpu_count(),
            "store": "the stand-in for EventStoreDB, with Redis and PostgreSQL, all of them counted",
            "markets": len(TICKERS),
            "client": "on the same processors",
            "election": f"{REQUESTS_PER_S:,} requests/s of which {ORDERS_PER_S:,} are orders",
        },
        "ours": ours,
        "peers": {},
        "ratios": {
            f"orders_per_s_with_{engines}": round(ours[f"engines_{engines}"]["orders_per_s"] / one, 2)
            for engines in ENGINES[1:]
        },
    }


def _measured(engines: int, n: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, _cluster(Path(folder), engines) as (url, processes):
        keys = furnished(url, Path(folder) / "api", markets=TICKERS, traders=TRADERS)
        bodies = [
            {**body, "ticker": TICKERS[number % len(TICKERS)]}
            for number, body in enumerate(random_orders(n, seed=1))
        ]
        placing: dict[str, float] = {}
        with _spending(processes, placing, per=n):
            orders = orders_over_http(url, ORDERS, keys, bodies)
            asyncio.run(idle(url))
        reading: dict[str, float] = {}
        requests = [plain_request("GET", BOOK)] * (READS_EACH * n)
        with _spending(processes, reading, per=len(requests)):
            reads = asyncio.run(send(url, requests, connections=READERS))
        assert reads["statuses"] == {"200": len(requests)}, reads["statuses"]
    return {
        **orders,
        "reads_per_s": round(len(requests) / reads["seconds"]),
        "cpu_s_per_1000_orders": placing,
        "cpu_s_per_1000_reads": reading,
        "cores_for_an_election": cores(placing, reading),
    }


@contextmanager
def _spending(processes: dict[str, list[int]], spent: dict[str, float], *, per: int) -> Iterator[None]:
    """Note what each role takes of the processor while the block runs, for a thousand requests."""
    before = _cpu_s(processes)
    yield
    after = _cpu_s(processes)
    spent |= {role: round((after[role] - before[role]) / per * 1_000, 3) for role in after}


@contextmanager
def _cluster(folder: Path, engines: int) -> Iterator[tuple[str, dict[str, list[int]]]]:
    """Run all of it; give the API's address, and the processes by what they are for."""
    with ExitStack() as stack:
        node, told = stack.enter_context(started("eventstore", "--data", f"{folder}/node", "--port", "0"))
        environment = {
            "PRESAGE_EVENT_STORE": told["uri"],
            "REDIS_URL": stack.enter_context(some_redis()),
            "DATABASE_URL": stack.enter_context(empty_database(folder / "postgres")),
            "PRESAGE_PROJECTOR": "elsewhere",
            "PRESAGE_PARTITIONS": "16",
            "PRESAGE_RATE_LIMITS": "off",
            "PRESAGE_LOG_LEVEL": "warning",
        }
        stack.enter_context(patch.dict(os.environ, environment))
        projector, _ = stack.enter_context(started("projector", "--data", f"{folder}/projector"))
        presage(folder / "operator", "market", "list")  # founds it, and makes the operator's key
        api = folder / "api"
        api.mkdir()
        shutil.copy(folder / "operator" / "operator.json", api)
        shutil.copytree(folder / "operator" / "keys", api / "keys")
        running = [
            stack.enter_context(
                started("engine", "--name", f"E{number}", "--data", f"{folder}/E{number}", "--port", "0")
            )
            for number in range(engines)
        ]
        answering, ready = stack.enter_context(started("api", "--data", str(api), "--port", "0"))
        roles = {
            "node": [node],
            "engines": [process for process, _ in running],
            "api": [answering],
            "projector": [projector],
            **_services(folder),
        }
        yield ready["url"], roles


def _services(folder: Path) -> dict[str, list[int]]:
    """Return the processes of Redis and PostgreSQL, where they were started for the while."""
    there = {each.pid: " ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"])}
    mine = {each.pid for each in psutil.Process().children()}
    return {
        "redis": [pid for pid, line in there.items() if pid in mine and "redis-server" in line],
        "postgres": [pid for pid, line in there.items() if f"{folder}/postgres" in line],
    }


def _cpu_s(processes: dict[str, list[int]]) -> dict[str, float]:
    """Return how long processors have worked for each role, with what its processes have started."""
    taken = dict.fromkeys(processes, 0.0)
    for role, ids in processes.items():
        for each in map(psutil.Process, ids):
            times = each.cpu_times()
            taken[role] += times.user + times.system + times.children_user + times.children_system
            for child in each.children():
                with suppress(psutil.Error):  # it has ended: its parent tells it from now on
                    times = child.cpu_times()
                    taken[role] += times.user + times.system
    return taken
