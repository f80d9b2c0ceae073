"""The adapter beside a server that stops, freezes, comes back, or comes back as another."""

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.event_stores import eventstoredb, eventstoredb_leader
from adapters.event_stores.eventstoredb import EventStoreDBStore
from adapters.event_stores.eventstoredb_address import make_client
from adapters.event_stores.eventstoredb_client import (
    Client,
    ClientEvent,
    HungUp,
    StreamState,
    call,
    responses,
)
from application.health import Health, Trouble
from application.log.guard import LogGuard
from application.ports.event_store import (
    NO_STREAM,
    AppendOutcomeUnknown,
    EventStoreError,
    LogReplaced,
    NewEvent,
    Page,
    RecordedEvent,
    StoreUnavailable,
    StreamAppender,
    WrongExpectedRevision,
)
from tests.integration.eventstore_node.node_process import NodeProcess

PATIENCE_S = 30


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[NodeProcess]:
    node = NodeProcess(tmp_path / "node")
    await node.start()
    yield node
    await node.end(signal.SIGKILL)


@pytest.fixture
async def store(node: NodeProcess) -> AsyncIterator[EventStoreDBStore]:
    store = await EventStoreDBStore.connect(node.uri)
    yield store
    await store.close()


def noted() -> NewEvent:
    return NewEvent(id=uuid4(), type="Noted", data=b"{}")


async def events_from(pages: AsyncIterator[Page], count: int) -> list[RecordedEvent]:
    events: list[RecordedEvent] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(events) < count:
            events += (await anext(pages)).events
    return events


async def append_when_back(store: StreamAppender, stream: str, event: NewEvent, expected: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await store.append(stream, [event], expected=expected)
            except (StoreUnavailable, AppendOutcomeUnknown):
                await asyncio.sleep(0.05)
            else:
                return


async def test_a_subscription_resumes_where_it_was_when_the_server_comes_back(
    node: NodeProcess, store: EventStoreDBStore
) -> None:
    for expected in range(-1, 4):
        await store.append("a", [noted()], expected=expected)
    async with aclosing(store.subscribe()) as pages:
        seen = await events_from(pages, 5)
        await node.end(signal.SIGKILL)
        await node.start()
        for expected in range(4, 9):
            await append_when_back(store, "a", noted(), expected)
        seen += await events_from(pages, 5)
    assert [event.revision for event in seen] == list(range(10))


async def test_a_subscription_refuses_to_go_on_in_another_log(
    node: NodeProcess, store: EventStoreDBStore, tmp_path: Path
) -> None:
    await store.append("a", [noted()], expected=NO_STREAM)
    async with aclosing(store.subscribe()) as pages:
        await events_from(pages, 1)
        await node.end(signal.SIGKILL)
        shutil.rmtree(tmp_path / "node")
        await node.start()
        await append_when_back(store, "a", noted(), NO_STREAM)
        with pytest.raises(EventStoreError, match="replaced or restored"):
            await events_from(pages, 1)


async def test_a_server_that_comes_back_with_a_backup_gets_not_one_event(
    node: NodeProcess, store: EventStoreDBStore, tmp_path: Path
) -> None:
    health = Health()
    guard = LogGuard(store, health, losses=lambda: store.losses)
    await guard.append("market-a", [noted()], expected=NO_STREAM)
    await node.end(signal.SIGTERM)
    shutil.copytree(tmp_path / "node", tmp_path / "backup")
    await node.start()
    async with aclosing(store.subscribe()) as pages:
        await events_from(pages, 1)
        await append_when_back(guard, "market-b", noted(), NO_STREAM)
        await events_from(pages, 1)
        await node.end(signal.SIGKILL)
        shutil.rmtree(tmp_path / "node")
        (tmp_path / "backup").rename(tmp_path / "node")
        await node.start()
        # It would fit: nobody has written to this stream since the backup.
        with pytest.raises(LogReplaced):
            await guard.append("market-a", [noted()], expected=0)
    assert [each.code for each in health.conditions] == [Trouble.LOG_REPLACED]
    assert [event.revision async for page in store.read_stream("market-a") for event in page] == [0]


async def test_an_append_to_a_frozen_server_is_unknown_and_then_unavailable(
    node: NodeProcess, store: EventStoreDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eventstoredb, "APPEND_TIMEOUT_S", 0.3)
    monkeypatch.setattr(eventstoredb_leader, "PROBE_TIMEOUT_S", 0.3)
    await store.append("a", [noted()], expected=NO_STREAM)
    event = noted()
    node.send(signal.SIGSTOP)
    with pytest.raises(AppendOutcomeUnknown):
        await store.append("a", [event], expected=0)
    with pytest.raises(StoreUnavailable):
        await store.append("a", [noted()], expected=0)
    node.send(signal.SIGCONT)
    # Repeated as it was, the append is written once, whether or not its first try came through.
    await append_when_back(store, "a", event, 0)
    with pytest.raises(WrongExpectedRevision):
        await store.append("a", [noted()], expected=0)
    stored = [event async for page in store.read_stream("a") for event in page]
    assert len(stored) == 2
    assert stored[1].id == event.id


async def test_a_server_that_is_not_there_is_unavailable_from_the_first_call() -> None:
    store = await EventStoreDBStore.connect("esdb://127.0.0.1:1?Tls=false")
    with pytest.raises(StoreUnavailable):
        await store.append("a", [noted()], expected=NO_STREAM)
    with pytest.raises(StoreUnavailable):
        await store.head()
    with pytest.raises(StoreUnavailable):
        _ = [page async for page in store.read_stream("a")]
    await store.close()


async def test_a_cancelled_reader_is_cancelled_and_not_told_of_an_end(store: EventStoreDBStore) -> None:
    for expected in range(-1, 1500, 500):
        await store.append("a", [noted() for _ in range(500)], expected=expected)
    read = []

    async def reader() -> None:
        async for page in store.read_stream("a"):
            read.append(page)
            await asyncio.sleep(3600 if len(read) > 1 else 0)

    reading = asyncio.create_task(reader())
    while len(read) < 2:  # noqa: ASYNC110  # cancelled in the middle
        await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_several_addresses_are_resolved_by_gossip(node: NodeProcess) -> None:
    address = node.uri.removeprefix("esdb://").partition("?")[0]
    store = await EventStoreDBStore.connect(f"esdb://127.0.0.1:1,{address}?Tls=false&NodePreference=leader")
    await store.append("a", [noted()], expected=NO_STREAM)
    await store.close()


@pytest.fixture
async def client(node: NodeProcess) -> AsyncIterator[Client]:
    client = make_client(node.uri, None)
    yield client
    await client.close()


async def test_a_read_that_is_cut_off_when_the_client_connects_anew_is_no_end(client: Client) -> None:
    for _ in range(10):
        events = [ClientEvent(type="Noted", data=b'"%s"' % (b"x" * 10_000)) for _ in range(50)]
        await client.append_to_stream("a", current_version=StreamState.ANY, events=events)
    async with responses(client.read_stream("a")) as records:
        await anext(records)
        client.move(client.opened(client.named_targets[0]))
        with pytest.raises(HungUp):
            _ = [record async for record in records]


async def test_an_append_that_is_cut_off_when_the_client_connects_anew_is_not_cancelled(
    node: NodeProcess, client: Client
) -> None:
    await client.head(timeout_s=5)

    async def append() -> None:
        with call():
            await client.append_to_stream(
                "a", current_version=StreamState.NO_STREAM, events=[ClientEvent(type="Noted", data=b"{}")]
            )

    node.send(signal.SIGSTOP)
    appending = asyncio.create_task(append())
    await asyncio.sleep(0.3)
    client.move(client.opened(client.named_targets[0]))
    with pytest.raises(HungUp):
        await asyncio.wait_for(appending, PATIENCE_S)
    node.send(signal.SIGCONT)
