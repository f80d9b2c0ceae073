"""What the node keeps in memory has a bound, whatever its clients ask for and send."""

import asyncio
from collections.abc import Iterable
from typing import Any, cast
from uuid import uuid4

import pytest

from adapters.event_stores.memory import MemoryEventStore
from adapters.eventstore_node import append_service, messages
from adapters.eventstore_node.append_service import AppendService
from adapters.eventstore_node.appender import Appender, Written
from adapters.eventstore_node.batches import BATCH_BYTES, EVENT_BYTES, MAX_HELD_BYTES, Batches
from adapters.eventstore_node.calls import Call, CallRefused
from adapters.eventstore_node.system_streams import INDEXES_MAX, SystemStreams
from application.ports.event_store import NO_STREAM, NewEvent, Position
from tests.integration.eventstore_node.raw_calls import batch_of


async def test_whoever_asks_for_every_derived_stream_there_could_be_fills_no_memory() -> None:
    store = MemoryEventStore()
    system = SystemStreams(store)
    noted = [NewEvent(id=uuid4(), type="Noted", data=b"{}") for _ in range(3)]
    await store.append("own-1", noted, expected=NO_STREAM)
    for number in range(INDEXES_MAX + 50):
        assert await system.length(f"$et-{number}") == 0
        if number % 100 == 0:
            assert await system.length("$ce-own") == 3
    assert len(system._indexes) == INDEXES_MAX
    assert await system.length("$ce-own") == 3
    assert await system.length("$et-0") == 0


class HeldAppender:
    """Writes nothing until it is let."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.asked = 0

    async def append(self, *_: object) -> Written:
        self.asked += 1
        await self.gate.wait()
        return Written(0, Position(1))


class Pouring:
    """A call of a client that never waits for an answer."""

    def __init__(self, requests: Iterable[Any]) -> None:
        self._requests = iter(requests)
        self.taken = 0
        self.answers = 0

    async def receive(self) -> bytes | None:
        await asyncio.sleep(0)
        request = next(self._requests, None)
        self.taken += request is not None
        return None if request is None else bytes(request.SerializeToString())

    async def send(self, *raw: bytes) -> None:
        self.answers += len(raw)
        assert messages.BatchAppendResp.FromString(raw[0]).WhichOneof("result") == "success"


async def test_batches_that_wait_for_the_disk_are_taken_up_to_a_bound_of_all_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size, most = 10_000, 50
    monkeypatch.setattr(append_service, "IN_HAND_BYTES", (size + BATCH_BYTES + EVENT_BYTES) * most)
    appender = HeldAppender()
    service = AppendService(cast("Appender", appender))
    calls = [Pouring(batch_of(f"s-{n}", data=b"x" * size) for n in range(100)) for _ in range(3)]
    serving = [asyncio.create_task(service.batch_append(cast("Call", call))) for call in calls]
    for _ in range(500):
        await asyncio.sleep(0)
    # One more of each call, which was being taken.
    assert most - 3 <= appender.asked <= most + 3
    assert sum(call.answers for call in calls) == 0
    appender.gate.set()
    await asyncio.gather(*serving)
    assert [call.answers for call in calls] == [100, 100, 100]
    assert service._in_hand_bytes == 0


def test_batches_that_are_begun_and_hold_next_to_nothing_are_bounded_too() -> None:
    batches, begun = Batches(), 0
    with pytest.raises(CallRefused):  # noqa: PT012 (one of them does)
        for begun in range(MAX_HELD_BYTES):  # noqa: B007
            request = batch_of("s", is_final=False)
            batches.take(request, request.ByteSize())
    assert begun < MAX_HELD_BYTES // BATCH_BYTES
