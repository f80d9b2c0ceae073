"""Another process reads a remote log ahead: the same events, and an end whatever happens."""

import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from signal import SIGKILL
from uuid import UUID

import psutil
import pytest
from msgspec.json import encode

from adapters.event_stores import reading_ahead
from adapters.event_stores.eventstoredb import EventStoreDBStore
from adapters.event_stores.reading_ahead import ReadingAhead, Request
from application.ports.event_store import (
    NO_STREAM,
    START,
    Filter,
    NewEvent,
    RecordedEvent,
    StoreUnavailable,
)
from tests.integration.eventstore_node.node_process import NodeProcess

EVENTS = 6_000
WANTED = Filter(stream_prefixes=("market-",))


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_ahead, "AHEAD_FROM", 100)


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[NodeProcess]:
    node = NodeProcess(tmp_path / "node")
    await node.start()
    yield node
    await node.end(SIGKILL)


async def filled(node: NodeProcess) -> EventStoreDBStore:
    """Return a store with events of markets and others among them, larger than any pipe."""
    store = await EventStoreDBStore.connect(node.uri)
    for number, stream in enumerate(("market-M", "other", "market-N")):
        expected = NO_STREAM
        for first in range(0, EVENTS // 3, 200):
            events = [
                NewEvent(
                    id=UUID(int=10_000 * number + first + each), type="T", data=b"{}" * 200, metadata=b"{}"
                )
                for each in range(200)
            ]
            expected = (await store.append(stream, events, expected=expected)).revision
    return store


def others() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "read_ahead" in " ".join(each.cmdline())]


async def test_it_gives_the_same_events_and_ends(node: NodeProcess) -> None:
    store = await filled(node)
    ahead = ReadingAhead(store, node.uri)

    async def read(log: EventStoreDBStore | ReadingAhead) -> list[RecordedEvent]:
        return [event async for page in log.read_all(matching=WANTED) for event in page.events]

    found = await read(ahead)
    assert len(found) == EVENTS // 3 * 2
    assert found == await read(store)
    assert others() == []
    await ahead.close()


async def test_who_reads_no_further_leaves_no_process_behind(node: NodeProcess) -> None:
    ahead = ReadingAhead(await filled(node), node.uri)
    pages = ahead.read_all()
    for _ in range(3):
        await anext(pages)
    assert len(others()) == 1
    await pages.aclose()
    assert others() == []
    await ahead.close()


async def test_a_process_whose_reader_was_killed_ends_without_a_word(node: NodeProcess) -> None:
    await (await filled(node)).close()
    asked = await create_subprocess_exec(
        sys.executable, "-m", "adapters.event_stores.read_ahead", stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    assert asked.stdin is not None
    assert asked.stdout is not None
    assert asked.stderr is not None
    asked.stdin.write(encode(Request(uri=node.uri, after=START, matching=WANTED)))
    asked.stdin.close()
    await asked.stdout.readexactly(1)
    asked._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]  # as its end would do
    said = await asked.stderr.read()
    assert (await asked.wait(), said) == (0, b"")


async def test_a_server_that_goes_away_meanwhile_is_told_as_ever(node: NodeProcess) -> None:
    ahead = ReadingAhead(await filled(node), node.uri)
    pages = ahead.read_all()
    await anext(pages)
    await node.end(SIGKILL)
    with pytest.raises(StoreUnavailable):
        async for _ in pages:
            pass
    assert others() == []
    await ahead.close()
