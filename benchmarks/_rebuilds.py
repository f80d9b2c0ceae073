"""What `presage rebuild --all` takes from SQLite, from the node and, where there is one, from EventStoreDB.

The command itself is timed, by the rate that it tells at its end: its start and its libraries are left out.
"""

import json
import os
import subprocess
from contextlib import AsyncExitStack
from pathlib import Path

from adapters.event_stores.eventstoredb import EventStoreDBStore
from adapters.event_stores.sqlite import SqliteEventStore
from application.ports.event_store import EventStore, LogReader
from application.transfer import transfer_log
from benchmarks.eventstoredb import PRESAGE, PROGRAM, genuine_server, node_server


async def measure_rebuilds(log: LogReader, folder: Path, rounds: int) -> dict[str, float]:
    """Return the seconds that a rebuild takes from each store: the best of several, in turns."""
    best: dict[str, float] = {}
    data = folder / "sqlite"
    data.mkdir()
    sqlite = SqliteEventStore.open(data / "log.db")
    await _fill(sqlite, log)
    await sqlite.close()
    stores = {"sqlite": (data, "sqlite")}
    async with AsyncExitStack() as servers:
        for name, server in {
            "node": node_server,
            **({"eventstoredb": genuine_server} if PROGRAM else {}),
        }.items():
            uri, _ = await servers.enter_async_context(server(folder / f"{name}-log"))
            store = await EventStoreDBStore.connect(uri)
            await _fill(store, log)
            await store.close()
            stores[name] = folder / name, uri
        for _ in range(rounds):
            for name, (data, event_store) in stores.items():
                took = _rebuild(data, event_store)
                best[name] = min(took, best.get(name, took))
    return best


async def _fill(store: EventStore, log: LogReader) -> None:
    await transfer_log(log, store, progress=lambda _: None)


def _rebuild(data: Path, event_store: str) -> float:
    """Rebuild in a folder that has no read models, and return how long it took."""
    for left in data.glob("read.db*"):
        left.unlink()
    done = subprocess.run(
        [*PRESAGE, "rebuild", "--all", "--json", "--data", str(data)],
        env=os.environ | {"PRESAGE_EVENT_STORE": event_store},
        capture_output=True,
        text=True,
        check=True,
    )
    ended = json.loads(done.stdout.splitlines()[-1])
    return float(ended["events"] / ended["events_per_s"])
