"""How far behind an engine is, told from the log."""

from uuid import uuid4

import pytest

from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from application.cluster import lag as module
from application.cluster.lag import Lag, lag
from application.events import Cause
from application.ports.event_store import NO_STREAM, START, NewEvent
from application.streams import CLUSTER
from domain.cluster import EngineJoined

S = 1_000_000


async def log_of(*at_us: int) -> MemoryEventStore:
    store, codec = MemoryEventStore(), JsonCodec()
    for revision, each in enumerate(at_us):
        cause = Cause(command_id=uuid4(), correlation_id=uuid4(), at_us=each)
        event = codec.encode(EngineJoined(engine=f"E{revision}"), uuid4(), cause)
        await store.append(CLUSTER, [event], expected=revision - 1 if revision else NO_STREAM)
    return store


async def test_it_is_the_events_that_are_left_and_the_age_of_the_oldest_of_them() -> None:
    store = await log_of(10 * S, 20 * S, 35 * S)
    positions = [event.position async for page in store.read_all() for event in page.events]
    now_us = 40 * S
    told = [await lag(store, JsonCodec(), each, now_us) for each in (START, *positions)]
    assert told == [Lag(3, 30.0), Lag(2, 20.0), Lag(1, 5.0), Lag(0, 0.0)]


async def test_it_counts_to_a_bound_and_no_clock_that_is_behind_makes_it_negative(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "COUNTED_MAX", 2)
    store = await log_of(10 * S, 20 * S, 35 * S)
    assert await lag(store, JsonCodec(), START, 5 * S) == Lag(2, 0.0)


async def test_what_others_write_into_the_store_is_nothing_to_be_seen_to() -> None:
    store = await log_of(10 * S)
    head = await store.head()
    await store.append(
        "invoices-1", [NewEvent(id=uuid4(), type="Sent", data=b"", metadata=b"")], expected=NO_STREAM
    )
    assert await lag(store, JsonCodec(), head, 40 * S) == Lag(0, 0.0)
    assert await store.head() > head
