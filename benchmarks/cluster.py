"""``presage serve`` with no worker, one and two: orders, reads, and processor time by what it is for."""

import asyncio
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks._http_client import plain_request, send
from benchmarks._http_server import READERS, idle, started
from benchmarks.http import BOOK, ORDERS, orders_over_http, random_orders, set_up

WORKERS = (0, 1, 2)
READS_EACH = 2
"""How many reads there are for each order."""


def run(n: int = 5_000) -> dict[str, Any]:
    """Measure ``n`` signed single orders, and twice as many reads of a book, with each number of workers."""
    ours = {f"workers_{workers}": _measured(workers, n) for workers in WORKERS}
    before = ours["workers_0"]
    return {
        "bench": "cluster",
        "n": n,
        "conditions": {
            "connections": 64,
            "processors": psutil.cpu_count(),
            "store": "sqlite, synchronous=FULL",
            "client": "on the same processors; what it takes of them stands beside",
        },
        "ours": ours,
        "ratios": {
            f"{what}_with_{workers}": round(ours[f"workers_{workers}"][what] / before[what], 2)
            for workers in WORKERS[1:]
            for what in ("orders_per_s", "reads_per_s")
        },
    }


def _measured(workers: int, n: int) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory() as folder,
        started("serve", "--data", folder, "--port", "0", "--workers", str(workers)) as (process, told),
    ):
        keys = set_up(Path(folder))
        spent: dict[str, float] = {}
        with _spending(process, spent, per=n):
            orders = orders_over_http(told["url"], ORDERS, keys, list(random_orders(n, seed=1)))
            asyncio.run(idle(told["url"]))
        read: dict[str, float] = {}
        requests = [plain_request("GET", BOOK)] * (READS_EACH * n)
        with _spending(process, read, per=len(requests)):
            reads = asyncio.run(send(told["url"], requests, connections=READERS))
        assert reads["statuses"] == {"200": len(requests)}, reads["statuses"]
    return {
        **orders,
        "reads_per_s": round(len(requests) / reads["seconds"]),
        "cpu_s_per_1000_orders": spent,
        "cpu_s_per_1000_reads": read,
    }


@contextmanager
def _spending(process: int, spent: dict[str, float], *, per: int) -> Iterator[None]:
    """Note what each process takes of the processor while the block runs, for a thousand requests."""
    before = _cpu_s(process)
    yield
    after = _cpu_s(process)
    spent |= {role: round((after[role] - before.get(role, 0.0)) / per * 1_000, 3) for role in after}


def _cpu_s(process: int) -> dict[str, float]:
    """Return how long processors have worked for each kind of process, and for the client."""
    whole = psutil.Process(process)
    taken: dict[str, float] = {}
    for each in (whole, *whole.children(recursive=True)):
        times, line = each.cpu_times(), each.cmdline()
        role = next((name for name in ("engine", "http", "projector") if name in line), "serve")
        taken[role] = taken.get(role, 0.0) + times.user + times.system
    mine, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {**taken, "client": mine.ru_utime + mine.ru_stime + others.ru_utime + others.ru_stime}
