"""Appends on an engine whose flushes the test holds back or lets fail."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest

from adapters.event_stores.memory import MemoryEventStore
from adapters.eventstore_node import appender as appender_module
from adapters.eventstore_node.appender import Appender, AppendTimedOut, WrongStreamVersion
from adapters.eventstore_node.recent_ids import RecentIds
from adapters.eventstore_node.streams import Streams
from adapters.eventstore_node.versioning import ANY, NO_STREAM
from application.ports.event_store import (
    Appended,
    AppendTooLarge,
    NewEvent,
    StoreUnavailable,
)


class HeldEngine(MemoryEventStore):
    """A memory store whose appends wait at a gate, in order, and fail on request."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.failures = 0
        self._order = asyncio.Lock()

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        async with self._order:
            await self.gate.wait()
            if self.failures:
                self.failures -= 1
                raise StoreUnavailable("the disk is full")
            return await super().append(stream, events, expected=expected)


@pytest.fixture
def engine() -> HeldEngine:
    return HeldEngine()


@pytest.fixture
def appender(engine: HeldEngine) -> Appender:
    return Appender(engine, Streams(engine), RecentIds())


def noted(count: int = 1) -> list[NewEvent]:
    return [NewEvent(id=uuid4(), type="Noted", data=b"{}") for _ in range(count)]


@pytest.mark.parametrize("expected", [ANY, NO_STREAM])
async def test_a_repetition_waits_for_the_flush_of_its_original(
    engine: HeldEngine, appender: Appender, expected: int
) -> None:
    events = noted(2)
    engine.gate.clear()
    original = asyncio.create_task(appender.append("a", events, NO_STREAM))
    await asyncio.sleep(0)
    repeated = asyncio.create_task(appender.append("a", events, expected))
    await asyncio.sleep(0.05)
    assert not repeated.done()
    engine.gate.set()
    assert await repeated == await original


@pytest.mark.parametrize("expected", [ANY, NO_STREAM])
async def test_a_repetition_of_a_failed_append_is_written(
    engine: HeldEngine, appender: Appender, expected: int
) -> None:
    events = noted(2)
    engine.gate.clear()
    engine.failures = 1
    original = asyncio.create_task(appender.append("a", events, NO_STREAM))
    await asyncio.sleep(0)
    repeated = asyncio.create_task(appender.append("a", events, expected))
    await asyncio.sleep(0.01)
    engine.gate.set()
    with pytest.raises(StoreUnavailable):
        await original
    assert (await repeated).revision == 1


async def test_appends_behind_a_failed_one_are_decided_again(engine: HeldEngine, appender: Appender) -> None:
    await appender.append("a", noted(), NO_STREAM)
    engine.gate.clear()
    engine.failures = 1
    first = asyncio.create_task(appender.append("a", noted(), 0))
    await asyncio.sleep(0)
    loose = asyncio.create_task(appender.append("a", noted(), ANY))
    exact = asyncio.create_task(appender.append("a", noted(), 2))
    await asyncio.sleep(0.01)
    engine.gate.set()
    with pytest.raises(StoreUnavailable):
        await first
    assert (await loose).revision == 1
    with pytest.raises(WrongStreamVersion) as refused:
        await exact
    assert refused.value.current == 1


async def test_appends_to_a_stream_are_in_flight_together(engine: HeldEngine, appender: Appender) -> None:
    engine.gate.clear()
    appends = [asyncio.create_task(appender.append("a", noted(), n)) for n in range(-1, 9)]
    await asyncio.sleep(0.01)
    engine.gate.set()
    assert [written.revision for written in await asyncio.gather(*appends)] == list(range(10))


async def test_an_append_waits_no_longer_than_its_client_asks(engine: HeldEngine, appender: Appender) -> None:
    engine.gate.clear()
    with pytest.raises(AppendTimedOut):
        await appender.append("a", noted(), NO_STREAM, timeout_s=0.05)
    engine.gate.set()


async def test_an_append_waits_no_longer_than_the_server_allows(
    engine: HeldEngine, appender: Appender, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert appender_module.COMMIT_TIMEOUT_S == 2.0
    monkeypatch.setattr(appender_module, "COMMIT_TIMEOUT_S", 0.05)
    engine.gate.clear()
    with pytest.raises(AppendTimedOut):
        await appender.append("a", noted(), NO_STREAM, timeout_s=3600)
    engine.gate.set()


async def test_an_append_that_timed_out_is_still_written_once(engine: HeldEngine, appender: Appender) -> None:
    events = noted()
    engine.gate.clear()
    with pytest.raises(AppendTimedOut):
        await appender.append("a", events, NO_STREAM, timeout_s=0.05)
    engine.gate.set()
    assert (await appender.append("a", events, NO_STREAM)).revision == 0
    assert (await appender.append("a", noted(), 0)).revision == 1


async def test_the_size_of_an_append_counts_data_metadata_and_types_twice(appender: Appender) -> None:
    def sized(data_bytes: int) -> list[NewEvent]:
        return [NewEvent(id=uuid4(), type="Noted", data=b"x" * data_bytes, metadata=b"{}")]

    room = 1024 * 1024 - 2 - 2 * len("Noted")
    with pytest.raises(AppendTooLarge):
        await appender.append("a", sized(room + 1), NO_STREAM)
    assert (await appender.append("a", sized(room), NO_STREAM)).revision == 0
