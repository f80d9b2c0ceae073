"""An exchange spread over one, two and four engines: orders, and processor time by what it is for."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil

from benchmarks._http_server import presage, started
from benchmarks._postgres import empty_database
from benchmarks._redis import some_redis
from benchmarks.http import ORDERS, orders_over_http, random_orders

ENGINES = (1, 2, 4)
MARKETS = 16
TRADERS = 16


def run(n: int = 5_000) -> dict[str, Any]:
    """Measure ``n`` signed single orders in 16 markets by way of one API, with each number of engines."""
    ours = {f"engines_{engines}": _measured(engines, n) for engines in ENGINES}
    one = ours["engines_1"]["orders_per_s"]
    return {
        "bench": "engines",
        "n": n,
        "conditions": {
            "connections": 64,
            "processors": psutil.cpu_count(),
            "store": "the stand-in for EventStoreDB, with Redis and PostgreSQL",
            "client": "on the same processors",
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
        keys = _set_up(Path(folder) / "api")
        bodies = [
            {**body, "ticker": f"BENCH-{number % MARKETS}"}
            for number, body in enumerate(random_orders(n, seed=1))
        ]
        before = _cpu_s(processes)
        orders = orders_over_http(url, ORDERS, keys, bodies)
        after = _cpu_s(processes)
        spent = {role: round((after[role] - before[role]) / n * 1_000, 3) for role in after}
    return {**orders, "cpu_s_per_1000_orders": spent}


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
        }
        yield ready["url"], roles


def _set_up(api: Path) -> list[dict[str, Any]]:
    for number in range(MARKETS):
        presage(api, "market", "create", f"BENCH-{number}", "--title", "A market to measure with")
    keys = []
    for trader in range(TRADERS):
        presage(api, "deposit", f"trader-{trader}", "10000000")
        keys.append(presage(api, "keys", "create", f"trader-{trader}"))
    return keys


def _cpu_s(processes: dict[str, list[int]]) -> dict[str, float]:
    times = {role: [psutil.Process(each).cpu_times() for each in ids] for role, ids in processes.items()}
    return {role: sum(each.user + each.system for each in all_of) for role, all_of in times.items()}
