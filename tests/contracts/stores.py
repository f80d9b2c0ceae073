"""The event stores that the contract suite runs against. Adding a store is one line in ``STORES``.

An opener takes a folder of its own and gives an open store. Opened twice on one folder, a store in
``DURABLE`` finds its log again. An opener calls ``pytest.skip`` with the reason where its store cannot run.
A store may be shared between tests: the suite uses fresh stream names and starts at the present head.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from zlib import crc32

import pytest
from eventsourcing.popo import POPOApplicationRecorder
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from adapters.event_stores.eventsourcing_recorder import RecorderEventStore
from adapters.event_stores.eventstoredb import EventStoreDBStore
from adapters.event_stores.json_lines import FileEventStore
from adapters.event_stores.memory import MemoryEventStore
from adapters.event_stores.sqlite import SqliteEventStore
from adapters.eventstore_node.server import running_node
from application.ports.event_store import EventStore
from tests.contracts.postgres_server import postgres_address
from tests.integration.eventstore_node.genuine import GENUINE, genuine_servers, genuine_uri
from tests.integration.eventstore_node.links import node_with_links

Opener = Callable[[Path], AbstractAsyncContextManager[EventStore]]


@asynccontextmanager
async def memory(_folder: Path) -> AsyncIterator[EventStore]:
    store = MemoryEventStore()
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncIterator[EventStore]:
    store = SqliteEventStore.open(folder / "events.db")
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def json_lines(folder: Path) -> AsyncIterator[EventStore]:
    store = FileEventStore.open(folder / "log")
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def eventsourcing_objects(_folder: Path) -> AsyncIterator[EventStore]:
    store = RecorderEventStore(POPOApplicationRecorder(), release=lambda: None)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def eventsourcing_sqlite(folder: Path) -> AsyncIterator[EventStore]:
    datastore = SQLiteDatastore(str(folder / "recorder.db"), originator_id_type="text")
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()
    store = RecorderEventStore(recorder, release=datastore.close)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def eventsourcing_postgres(folder: Path) -> AsyncIterator[EventStore]:
    host, user, database = postgres_address()
    datastore = PostgresDatastore(
        dbname=database,
        host=host,
        port=5432,
        user=user,
        password="",
        originator_id_type="text",
        # Without these the recorder inserts in psycopg's pipeline mode, which hangs on an append of 1 MiB.
        enable_db_functions=True,
    )
    table = f"events_{crc32(bytes(folder)):08x}"
    recorder = PostgresApplicationRecorder(datastore, events_table_name=table)
    recorder.create_table()
    store = RecorderEventStore(recorder, release=datastore.close)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def connected(uri: str) -> AsyncIterator[EventStore]:
    store = await EventStoreDBStore.connect(uri)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def eventstoredb_node(folder: Path) -> AsyncIterator[EventStore]:
    async with running_node(folder) as node, connected(node.uri) as store:
        yield store


@asynccontextmanager
async def eventstoredb_with_links(folder: Path) -> AsyncIterator[EventStore]:
    async with node_with_links(folder) as node, connected(node.uri) as store:
        yield store


@asynccontextmanager
async def eventstoredb_genuine(server: str, _folder: Path) -> AsyncIterator[EventStore]:
    if server not in genuine_servers():
        pytest.skip(f"no {server} here: no EVENTSTOREDB_URI, no EVENTSTOREDB_PROGRAM and no Docker")
    async with connected(genuine_uri(server)) as store:
        yield store


DURABLE: dict[str, Opener] = {
    "sqlite": sqlite,
    "json_lines": json_lines,
    "eventsourcing_sqlite": eventsourcing_sqlite,
    "eventsourcing_postgres": eventsourcing_postgres,
    "eventstoredb_node": eventstoredb_node,
}

STORES: dict[str, Opener] = {
    "memory": memory,
    **{
        f"eventstoredb_{server.partition('/')[2] or server}": partial(eventstoredb_genuine, server)
        for server in genuine_servers() or (GENUINE,)
    },
    "eventsourcing_objects": eventsourcing_objects,
    **DURABLE,
}

LONGER: dict[str, Opener] = {"eventstoredb_node_with_links": eventstoredb_with_links}
"""Run only among the tests that take longer."""
