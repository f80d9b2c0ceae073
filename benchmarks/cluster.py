"""``presage serve`` with no worker, one and two: orders, reads, and processor time by what it is for."""

import asyncio
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks._election import ORDERS_PER_S, REQUESTS_PER_S, TICKERS, cores
from benchmarks._http_client import plain_request, send
from benchmarks._http_server import READERS, idle, presage, started
from benchmarks._operator import furnished
from benchmarks.http import ORDERS, orders_over_http, random_orders, reads_over_http

WORKERS = (0, 1, 2)
TRADERS = 16
READS_EACH = 2
"""How many reads of each kind there are for each order."""

BOOK = f"/trade-api/v2/markets/{TICKERS[0]}/orderbook"
FILLS = "/trade-api/v2/portfolio/fills"


def run(n: int = 5_000) -> dict[str, Any]:
    """Measure ``n`` signed single orders in 100 markets, twice as many reads of a book, and of one's fills.

    Each with each number of workers. What an election costs is added up from that, all reads being of books.
    """
    ours = {f"workers_{workers}": _measured(workers, n) for workers in WORKERS}
    before = ours["workers_0"]
    return {
        "bench": "cluster",
        "n": n,
        "conditions": {
            "connections": 64,
            "processors": psutil.cpu_count(),
            "store": "sqlite, synchronous=FULL",
            "markets": len(TICKERS),
            "client": "on the same processors; what it takes of them stands beside",
            "election": f"{REQUESTS_PER_S:,} requests/s of which {ORDERS_PER_S:,} are orders",
        },
        "ours": ours,
        "peers": {},
        "ratios": {
            f"{what}_with_{workers}": round(ours[f"workers_{workers}"][what] / before[what], 2)
            for workers in WORKERS[1:]
            for what in ("orders_per_s", "reads_per_s")
        },
    }


def _measured(workers: int, n: int) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory() as folder,
        started(
            *("serve", "--data", folder, "--port", "0", "--workers", str(workers)),
            PRESAGE_RATE_LIMITS="off",
            PRESAGE_LOG_LEVEL="warning",
        ) as (process, told),
    ):
        presage(Path(folder), "market", "list")  # for the operator's key to be there
        keys = furnished(told["url"], Path(folder), markets=TICKERS, traders=TRADERS)
        bodies = [
            {**body, "ticker": TICKERS[number % len(TICKERS)]}
            for number, body in enumerate(random_orders(n, seed=1))
        ]
        spent: dict[str, dict[str, float]] = {"orders": {}, "reads": {}, "signed_reads": {}}
        with _spending(process, spent["orders"], per=n):
            orders = orders_over_http(told["url"], ORDERS, keys, bodies)
            asyncio.run(idle(told["url"]))
        requests = [plain_request("GET", BOOK)] * (READS_EACH * n)
        with _spending(process, spent["reads"], per=len(requests)):
            reads = asyncio.run(send(told["url"], requests, connections=READERS))
        assert reads["statuses"] == {"200": len(requests)}, reads["statuses"]
        with _spending(process, spent["signed_reads"], per=len(requests)):
            signed = reads_over_http(told["url"], FILLS, keys, len(requests))
    return {
        **orders,
        "reads_per_s": round(len(requests) / reads["seconds"]),
        "signed_reads_per_s": signed,
        **{f"cpu_s_per_1000_{what}": each for what, each in spent.items()},
        "cores_for_an_election": cores(spent["orders"], spent["reads"]),
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
