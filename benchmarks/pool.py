"""The pool of connections, too small and too large, on a real PostgreSQL (exercise 13).

``waiting`` is a query that takes 3 ms without using a processor, as one that waits for a disk does;
``working`` is one that uses a processor. Requests come at once and each takes a connection for one query.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

from psycopg_pool import AsyncConnectionPool

from application.capacity.pool import Load, state
from benchmarks._postgres import empty_database

SIZES = (1, 2, 4, 8, 16, 32, 64)
QUERIES = {
    "waiting": "SELECT pg_sleep(0.003)",
    "working": "SELECT sum(sqrt(n)) FROM generate_series(1, 10000) n",
}


def run(n: int = 1_000) -> dict[str, Any]:
    """Send ``n`` requests at once through pools of each size."""
    with tempfile.TemporaryDirectory() as folder, empty_database(Path(folder)) as address:
        measured = asyncio.run(_run(address, n))
    best = {
        kind: max(sizes.values(), key=lambda each: each["per_s"])["per_s"] for kind, sizes in measured.items()
    }
    return {
        "bench": "pool",
        "n": n,
        "conditions": {"requests": "all at once, one query each", "query_waiting_s": 0.003},
        "ours": measured,
        "peers": {"Little's law, 3 ms held": {"waiting": _predicted(n)}},
        "ratios": {
            kind: {size: round(each["per_s"] / best[kind], 2) for size, each in sizes.items()}
            for kind, sizes in measured.items()
        },
    }


def _predicted(n: int) -> dict[str, Any]:
    load = Load(requests_per_s=1, query_s=0.003, network_s=0.0)
    return {str(size): {"s_for_all": round(state(load, size, burst=n).burst_s, 3)} for size in SIZES}


async def _run(address: str, n: int) -> dict[str, dict[str, dict[str, float]]]:
    return {
        kind: {str(size): await _through(address, size, sql, n) for size in SIZES}
        for kind, sql in QUERIES.items()
    }


async def _through(address: str, size: int, sql: str, n: int) -> dict[str, float]:
    """Return throughput, how long requests waited for a connection, and how long queries took."""
    waits, queries = [], []
    async with AsyncConnectionPool(
        address, min_size=size, max_size=size, timeout=60, kwargs={"autocommit": True}, open=False
    ) as pool:
        await pool.wait()

        async def request() -> None:
            asked = time.perf_counter()
            async with pool.connection() as connection:
                given = time.perf_counter()
                await connection.execute(sql)
                queries.append(time.perf_counter() - given)
            waits.append(given - asked)

        begin = time.perf_counter()
        await asyncio.gather(*(request() for _ in range(n)))
        took = time.perf_counter() - begin
    return {
        "per_s": round(n / took),
        "s_for_all": round(took, 3),
        "wait_ms_p50": _ms(waits, 50),
        "query_ms_p50": _ms(queries, 50),
        "query_ms_p99": _ms(queries, 99),
    }


def _ms(values: list[float], percent: int) -> float:
    return round(quantiles(values, n=100)[percent - 1] * 1_000, 2)
