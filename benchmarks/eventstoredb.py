"""What the embedded node does through gRPC, beside the same work on the embedded store in process.

The node runs in a process of its own with its log on disk; the client is ``esdbclient``, through the adapter.
After the store by itself comes a whole exchange on it, read models and all. Where ``EVENTSTOREDB_PROGRAM``
names the program of a genuine EventStoreDB, the same work is done on that too.
"""

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import uvloop

from adapters.event_stores.eventstoredb import EventStoreDBStore
from adapters.event_stores.sqlite import SqliteEventStore
from application.ports.event_store import NO_STREAM, START, EventStore, NewEvent
from benchmarks._orders_through import ACCOUNTS, MARKETS, PARTITIONS, measure_orders

EVENT_BYTES = 323
BATCH_EVENTS = 100
WRITERS = 64
LIVE_PER_S = 500
PRESAGE = [sys.executable, "-c", "import sys; from adapters.cli.main import main; sys.exit(main())"]
PROGRAM = os.environ.get("EVENTSTOREDB_PROGRAM", "")
START_S = 60
Work = Callable[[], Awaitable[None]]
_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def run(n: int = 20_000) -> dict[str, Any]:
    """Measure the node and the embedded store with about ``n`` events in each kind of work, then orders."""
    result = asyncio.run(_run(n))
    orders = uvloop.run(_run_orders(n))
    result["ours"]["orders"] = orders["ours"]
    result["peers"]["embedded SQLite store, in process"]["orders"] = orders["peer"]
    if PROGRAM:
        result["peers"]["EventStoreDB"]["orders"] = orders["genuine"]
    return result


async def _run_orders(n: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        async with _node(Path(folder) / "node") as (store, pid):
            ours = await measure_orders(store, n, lambda: _cpu_s(pid))
        async with _embedded(Path(folder)) as store:
            measured = {"ours": ours, "peer": await measure_orders(store, n, None)}
        if PROGRAM:
            async with _genuine(Path(folder)) as (store, pid):
                measured["genuine"] = await measure_orders(store, n, lambda: _cpu_s(pid))
        return measured


async def _run(n: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        async with _node(Path(folder) / "node") as (store, pid):
            ours: dict[str, Any] = await _measure(store, n, lambda: _cpu_s(pid))
        async with _embedded(Path(folder)) as store:
            peer: dict[str, Any] = await _measure(store, n, None)
        peers = {"embedded SQLite store, in process": peer}
        if PROGRAM:
            async with _genuine(Path(folder)) as (store, pid):
                peers["EventStoreDB"] = await _measure(store, n, lambda: _cpu_s(pid))
    return {
        "bench": "eventstoredb",
        "n": n,
        "conditions": {
            "event_bytes": EVENT_BYTES,
            "batch_events": BATCH_EVENTS,
            "writers": WRITERS,
            "live_events_per_s": LIVE_PER_S,
            "cores": os.cpu_count(),
            "processes": "node and client apart; the embedded store in the client's process",
            "durability": "every append on disk before it is answered",
            "orders": f"{ACCOUNTS} accounts, {MARKETS} markets, {PARTITIONS} ledgers, read models included",
        },
        "ours": ours,
        "peers": peers,
        "ratios": {
            f"{name} / {'embedded' if measured is peer else peer_name}": round(ours[name] / measured[name], 4)
            for peer_name, measured in peers.items()
            for name in ("sequential_appends_per_s", "concurrent_appends_per_s", "batched_events_per_s")
        },
    }


async def _measure(store: EventStore, n: int, server_cpu_s: Callable[[], float] | None) -> dict[str, float]:
    measured: dict[str, float] = {}
    await _one_writer(store, 50, 1)()
    works: dict[str, tuple[int, Callable[[int], Work]]] = {
        "sequential_appends_per_s": (max(n // 20, 50), lambda m: _one_writer(store, m, 1)),
        "concurrent_appends_per_s": (max(n // 4, 100), lambda m: _many_writers(store, m)),
        "batched_events_per_s": (n, lambda m: _one_writer(store, m // BATCH_EVENTS, BATCH_EVENTS)),
        "catch_up_events_per_s": (n, lambda m: lambda: _catch_up(store, m)),
    }
    for name, (count, prepare) in works.items():
        work = prepare(count)
        with _timed(server_cpu_s) as took:
            await work()
        measured[name] = round(count / took["wall_s"], 1)
        per = "batch" if name.startswith("batched") else name.split("_")[0]
        calls = count // BATCH_EVENTS if name.startswith("batched") else count
        measured[f"{per}_client_cpu_us"] = round(took["client_s"] / calls * 1e6, 1)
        if server_cpu_s is not None:
            measured[f"{per}_server_cpu_us"] = round(took["server_s"] / calls * 1e6, 1)
    return measured | await _live(store, seconds=4 if n >= 10_000 else 1)


def _one_writer(store: EventStore, appends: int, events_each: int) -> Work:
    """Make the events ready, so that only appending is timed."""
    ready = [_events(events_each) for _ in range(appends)]

    async def append_in_order() -> None:
        stream, expected = f"bench-{uuid4().hex}", NO_STREAM
        for events in ready:
            expected = (await store.append(stream, events, expected=expected)).revision

    return append_in_order


def _many_writers(store: EventStore, appends: int) -> Work:
    writers = [_one_writer(store, appends // WRITERS, 1) for _ in range(WRITERS)]

    async def append_at_once() -> None:
        await asyncio.gather(*(writer() for writer in writers))

    return append_at_once


async def _catch_up(store: EventStore, events: int) -> None:
    seen = 0
    async with aclosing(store.subscribe(after=START)) as pages:
        async for page in pages:
            seen += len(page.events)
            if seen >= events:
                return


async def _live(store: EventStore, seconds: int) -> dict[str, float]:
    """Append at a steady rate and note when each event arrives at a subscriber."""
    stream = f"bench-{uuid4().hex}"
    sent: dict[UUID, float] = {}
    delays: list[float] = []
    wanted = LIVE_PER_S * seconds

    async def receive() -> None:
        async with aclosing(store.subscribe(after=await store.head())) as pages:
            async for page in pages:
                arrived = time.perf_counter()
                delays.extend(arrived - sent[event.id] for event in page.events if event.id in sent)
                if len(delays) >= wanted:
                    return

    receiving = asyncio.create_task(receive())
    await asyncio.sleep(0.3)
    start = time.perf_counter()
    appends = []
    for index in range(wanted):
        await asyncio.sleep(max(0.0, start + index / LIVE_PER_S - time.perf_counter()))
        [event] = _events(1)
        sent[event.id] = time.perf_counter()
        appends.append(asyncio.create_task(store.append(f"{stream}-{index}", [event], expected=NO_STREAM)))
    await asyncio.gather(*appends)
    await asyncio.wait_for(receiving, timeout=30)
    cuts = statistics.quantiles(delays, n=100)
    return {"live_ms_p50": round(cuts[49] * 1000, 2), "live_ms_p99": round(cuts[98] * 1000, 2)}


def _events(count: int) -> list[NewEvent]:
    data = b'{"note":"%s"}' % (b"x" * (EVENT_BYTES - 11))
    return [NewEvent(id=uuid4(), type="Noted", data=data) for _ in range(count)]


@contextmanager
def _timed(server_cpu_s: Callable[[], float] | None) -> Iterator[dict[str, float]]:
    took: dict[str, float] = {}
    server = server_cpu_s() if server_cpu_s else 0.0
    client, wall = time.process_time(), time.perf_counter()
    yield took
    took["wall_s"] = time.perf_counter() - wall
    took["client_s"] = time.process_time() - client
    took["server_s"] = (server_cpu_s() if server_cpu_s else 0.0) - server


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS


@asynccontextmanager
async def _embedded(folder: Path) -> AsyncIterator[EventStore]:
    store = SqliteEventStore.open(folder / "embedded.db")
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def _node(folder: Path) -> AsyncIterator[tuple[EventStore, int]]:
    async with node_server(folder) as (uri, pid), _connected(uri) as store:
        yield store, pid


@asynccontextmanager
async def _genuine(folder: Path) -> AsyncIterator[tuple[EventStore, int]]:
    async with genuine_server(folder) as (uri, pid), _connected(uri) as store:
        yield store, pid


@asynccontextmanager
async def _connected(uri: str) -> AsyncIterator[EventStore]:
    store = await EventStoreDBStore.connect(uri)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def node_server(folder: Path) -> AsyncIterator[tuple[str, int]]:
    """Run a node in a process of its own; give its address and the process."""
    command = [*PRESAGE, "eventstore", "--data", str(folder), "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    try:
        assert process.stdout is not None
        yield json.loads(await asyncio.to_thread(process.stdout.readline))["uri"], process.pid
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)
        assert process.stdout is not None
        process.stdout.close()


@asynccontextmanager
async def genuine_server(folder: Path) -> AsyncIterator[tuple[str, int]]:
    """Run EventStoreDB's own program; give its address and the process."""
    port, replication = (str(each) for each in _free_ports())
    folders = {name: folder / "genuine" / name for name in ("db", "log", "index")}
    for each in folders.values():
        each.mkdir(parents=True, exist_ok=True)
    command = [
        PROGRAM,
        "--insecure",
        *(part for name, path in folders.items() for part in (f"--{name}", str(path))),
        *("--node-ip", "127.0.0.1", "--replication-ip", "127.0.0.1"),
        *("--node-port", port, "--replication-port", replication, "--run-projections", "None"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: ASYNC220
    try:
        await _until_it_leads(f"http://127.0.0.1:{port}/info")
        yield f"esdb://127.0.0.1:{port}?Tls=false", process.pid
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


async def _until_it_leads(url: str) -> None:
    async with httpx.AsyncClient() as http, asyncio.timeout(START_S):
        while True:
            with suppress(httpx.HTTPError, ValueError):
                if (await http.get(url)).json().get("state", "").lower() == "leader":
                    return
            await asyncio.sleep(0.1)


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]
