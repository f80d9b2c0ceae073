"""What the embedded stores do: durable appends and reading back, beside a bare SQLite loop.

The bare loop writes the very rows that our store wrote, in the very groups it wrote them in, with the same
pragmas: it shows what SQLite and the disk allow. Everything is the median of interleaved repetitions.
"""

import asyncio
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any
from uuid import uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from adapters.event_stores.embedded.store import EmbeddedEventStore
from adapters.event_stores.eventsourcing_recorder import RecorderEventStore
from adapters.event_stores.json_lines import FileEventStore
from adapters.event_stores.sqlite import SqliteEventStore
from adapters.event_stores.sqlite_log.schema import CREATE
from application.ports.event_store import NewEvent

EVENT_BYTES = 323
WRITERS = 64
BATCH_EVENTS = 100
REPETITIONS = 3

WARM_UP = 50
KINDS = {
    "concurrent_appends": (WRITERS, 1),
    "batched_events": (1, BATCH_EVENTS),
    "sequential_appends": (1, 1),
}
"""Each kind of work: how many writers, and how many events an append."""

READ_PAGE = "SELECT * FROM events WHERE position > ? ORDER BY position LIMIT 500"

Row = tuple[Any, ...]
Groups = list[list[Row]]
Measured = dict[str, float]
RECORDED_AT = 5
"""The column of a row that tells its group: a group is stamped once."""


def run(n: int = 64_000) -> dict[str, Any]:
    """Measure with about ``n`` events in the largest kinds of work."""
    load = os.getloadavg()[0]
    ours, peers = [], []
    for _ in range(REPETITIONS):
        with tempfile.TemporaryDirectory() as folder:
            measured, others = asyncio.run(_measure_all(Path(folder), n))
        ours.append(measured)
        peers.append(others)
    middle = _median(ours)
    beside = {name: _median([others[name] for others in peers]) for name in peers[0]}
    return {
        "bench": "store",
        "n": n,
        "conditions": {
            "event_bytes": EVENT_BYTES,
            "writers": WRITERS,
            "batch_events": BATCH_EVENTS,
            "repetitions": REPETITIONS,
            "durability": "synchronous=FULL, acknowledged after the commit",
            "sqlite": sqlite3.sqlite_version,
            "cores": os.cpu_count(),
            "load_average_before": round(load, 2),
        },
        "ours": middle,
        "peers": beside,
        "ratios": {
            f"{kind} / {name}": round(middle[kind] / rates[kind], 3)
            for name, rates in beside.items()
            for kind in rates
            if kind in middle
        },
    }


def _counts(n: int) -> dict[str, int]:
    """Return how many events each kind of work appends."""
    return {
        "concurrent_appends": n // WRITERS * WRITERS,
        "batched_events": n // BATCH_EVENTS * BATCH_EVENTS,
        "sequential_appends": n // 32,
    }


async def _measure_all(folder: Path, n: int) -> tuple[Measured, dict[str, Measured]]:
    path = folder / "ours.db"
    ours = await _measure(lambda: SqliteEventStore.open(path), n)
    written = _written(path, n)
    peers = {
        "bare SQLite loop": _bare_loop(folder / "bare.db", written),
        "eventsourcing recorder, same groups": _recorder_groups(folder / "groups.db", written),
        "eventsourcing recorder, 64 threads": _recorder_threads(folder / "threads.db", n // 32),
        "eventsourcing recorder behind our writer": await _measure(
            lambda: _recorder_store(folder / "recorder.db"), n
        ),
        "JSON Lines store": await _measure(lambda: FileEventStore.open(folder / "lines"), n // 4),
    }
    return ours, peers


async def _measure(open_store: Callable[[], EmbeddedEventStore], n: int) -> Measured:
    counts = _counts(n)
    store = open_store()
    try:
        await _write(store, [_events(1) for _ in range(WARM_UP)])
        measured: Measured = {}
        for kind, (writers, events_each) in KINDS.items():
            ready = [
                [_events(events_each) for _ in range(counts[kind] // writers // events_each)]
                for _ in range(writers)
            ]
            with _timed(kind, counts[kind], measured):
                await asyncio.gather(*(_write(store, appends) for appends in ready))
    finally:
        await store.close()
    # Opened anew, so that nothing is read from memory.
    store = open_store()
    try:
        return measured | {"catch_up_events_per_s": await _catch_up(store)}
    finally:
        await store.close()


async def _write(store: EmbeddedEventStore, appends: Sequence[list[NewEvent]]) -> None:
    """Append to a stream of its own, one append after the other."""
    stream, expected = f"market-{uuid4().hex}", -1
    for events in appends:
        expected = (await store.append(stream, events, expected=expected)).revision


@contextmanager
def _timed(kind: str, events: int, measured: Measured) -> Iterator[None]:
    """Note the events per second, and the microseconds of processor time an event."""
    begin, begin_cpu = time.perf_counter(), time.process_time()
    yield
    measured[f"{kind}_per_s"] = events / (time.perf_counter() - begin)
    measured[f"{kind}_cpu_us"] = (time.process_time() - begin_cpu) / events * 1e6


async def _catch_up(store: EmbeddedEventStore) -> float:
    """Return the events per second of a subscription that starts at the beginning."""
    seen, begin = 0, time.perf_counter()
    async for page in store.subscribe():
        seen += len(page.events)
        if page.caught_up:
            break
    return seen / (time.perf_counter() - begin)


def _events(count: int) -> list[NewEvent]:
    data = b'{"note":"%s"}' % (b"x" * (EVENT_BYTES - 11))
    return [NewEvent(id=uuid4(), type="Noted", data=data) for _ in range(count)]


def _written(path: Path, n: int) -> dict[str, Groups]:
    """Return the rows that our store wrote in each kind of work, in the groups that it committed."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT * FROM events ORDER BY position").fetchall()
    connection.close()
    written: dict[str, Groups] = {}
    begin = WARM_UP
    for kind, count in _counts(n).items():
        stretch = rows[begin : begin + count]
        written[kind] = [list(group) for _, group in groupby(stretch, key=itemgetter(RECORDED_AT))]
        begin += count
    return written


def _bare_loop(path: Path, written: dict[str, Groups]) -> Measured:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(CREATE)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")

    def insert(group: list[Row]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", group)
        connection.execute("COMMIT")

    measured = _insert_all(insert, written)
    measured["catch_up_events_per_s"] = _read_rate(
        lambda after: connection.execute(READ_PAGE, (after,)).fetchall(), itemgetter(0)
    )
    connection.close()
    return measured


def _recorder_groups(path: Path, written: dict[str, Groups]) -> Measured:
    """The package's recorder, fed by one thread with the groups that our writer would make."""
    recorder, close = _recorder(path)
    stored = {kind: [[_stored(row) for row in group] for group in groups] for kind, groups in written.items()}
    measured = _insert_all(recorder.insert_events, stored)
    measured["catch_up_events_per_s"] = _read_rate(
        lambda after: recorder.select_notifications(after, 500, inclusive_of_start=False), attrgetter("id")
    )
    close()
    return measured


def _recorder_threads(path: Path, appends: int) -> Measured:
    """The package's recorder as an application uses it: every writer inserts from its own thread."""
    recorder, close = _recorder(path)

    def write(number: int) -> None:
        for version in range(appends // WRITERS):
            state = bytes(EVENT_BYTES)
            recorder.insert_events([StoredEvent(f"market-{number}", version, "Noted", state)])

    begin = time.perf_counter()
    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(write, range(WRITERS)))
    took = time.perf_counter() - begin
    close()
    return {"concurrent_appends_per_s": appends // WRITERS * WRITERS / took}


def _recorder_store(path: Path) -> RecorderEventStore:
    recorder, close = _recorder(path)
    return RecorderEventStore(recorder, release=close)


def _recorder(path: Path) -> tuple[SQLiteApplicationRecorder, Callable[[], None]]:
    datastore = SQLiteDatastore(str(path), originator_id_type="text", pool_size=WRITERS, lock_timeout=60)
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()
    return recorder, datastore.close


def _stored(row: Row) -> StoredEvent:
    _position, stream_id, revision, _type_id, event_id, _recorded_at_us, metadata, data = row
    return StoredEvent(f"market-{stream_id}", revision, "Noted", event_id + metadata + data)


def _insert_all(insert: Callable[[Any], object], written: Mapping[str, Sequence[Sequence[Any]]]) -> Measured:
    measured: Measured = {}
    for kind, groups in written.items():
        with _timed(kind, sum(len(group) for group in groups), measured):
            for group in groups:
                insert(group)
    return measured


def _read_rate(read: Callable[[int], Sequence[Any]], position: Callable[[Any], int]) -> float:
    seen, after, begin = 0, 0, time.perf_counter()
    while page := read(after):
        seen += len(page)
        after = position(page[-1])
    return seen / (time.perf_counter() - begin)


def _median(measurements: Sequence[Measured]) -> Measured:
    return {
        kind: round(statistics.median(measured[kind] for measured in measurements), 1)
        for kind in measurements[0]
    }
