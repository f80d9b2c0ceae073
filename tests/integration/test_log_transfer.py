"""A log is moved between stores of every kind and stays the same."""

import asyncio
import json
import random
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest

from adapters.event_stores.memory import MemoryEventStore
from application.ports.event_store import EventStore, NewEvent, RecordedEvent, StoreUnavailable
from application.transfer import TransferRefused, compare_logs, transfer_log
from tests.contracts.stores import STORES

KINDS = ["memory", "sqlite", "json_lines", "eventsourcing_sqlite", "eventstoredb_node"]


def quiet(_copied: int) -> None:
    pass


async def fill(store: EventStore, events: int = 250) -> None:
    choices = random.Random(20)
    ends = {"market-1": -1, "market-2": -1, "ledger-1": -1}
    for n in range(events):
        stream = choices.choice(list(ends))
        metadata = b'{"version":1,"at_us":%d}' % n if n % 3 else b'{"version": 1}'
        event = NewEvent(id=UUID(int=n + 1), type="Noted", data=b'{"n": %d}' % n, metadata=metadata)
        ends[stream] = (await store.append(stream, [event], expected=ends[stream])).revision
    large = [
        NewEvent(id=UUID(int=10**6 + n), type="Large", data=b'"%s"' % (b"x" * 60_000)) for n in range(12)
    ]
    await store.append("market-1", large, expected=ends["market-1"])


async def everything(store: EventStore) -> Sequence[RecordedEvent]:
    return [event async for page in store.read_all() for event in page.events]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_log_survives_the_way_there_and_back(kind: str, tmp_path: Path) -> None:
    source, back = MemoryEventStore(), MemoryEventStore()
    await fill(source)
    async with STORES[kind](tmp_path) as target:
        there = await transfer_log(source, target, progress=quiet)
        assert await transfer_log(target, back, progress=quiet) == there
    assert (there.events, there.streams) == (262, 3)
    for original, copy in zip(await everything(source), await everything(back), strict=True):
        assert (copy.id, copy.type, copy.stream, copy.revision) == (
            original.id,
            original.type,
            original.stream,
            original.revision,
        )
        assert (copy.data, copy.position) == (original.data, original.position)


async def test_metadata_is_kept_and_the_time_is_added_only_where_it_is_missing() -> None:
    source, target = MemoryEventStore(now_us=lambda: 77), MemoryEventStore()
    said, silent = b'{"version":1, "at_us":5}', b'{"version":1}'
    events = [
        NewEvent(id=UUID(int=n), type="Noted", data=b"{}", metadata=metadata)
        for n, metadata in enumerate([said, silent, b"", b"[]", b"text"])
    ]
    await source.append("a", events, expected=-1)
    await transfer_log(source, target, progress=quiet)
    copies = [event.metadata for event in await everything(target)]
    assert copies[0] == said
    assert json.loads(copies[1]) == {"version": 1, "at_us": 77}
    assert json.loads(copies[2]) == {"at_us": 77}
    assert copies[3:] == [b"[]", b"text"]


async def test_an_embedded_target_takes_many_appends_at_once_in_order(tmp_path: Path) -> None:
    source = MemoryEventStore()
    await fill(source)
    async with STORES["sqlite"](tmp_path) as target:
        copied = await transfer_log(source, target, progress=quiet, in_flight=64)
    assert copied.events == 262


async def test_a_fault_of_the_target_ends_the_transfer() -> None:
    source, target = MemoryEventStore(), MemoryEventStore()
    await fill(source)

    async def closing(copied: int) -> None:
        if copied > 100:
            await target.close()

    def progress(copied: int) -> None:
        tasks.append(asyncio.ensure_future(closing(copied)))

    tasks: list[asyncio.Future[None]] = []
    with pytest.raises(StoreUnavailable):
        await transfer_log(source, target, progress=progress, in_flight=8)
    await asyncio.gather(*tasks)


async def test_progress_is_told_up_to_the_last_event() -> None:
    source, target = MemoryEventStore(), MemoryEventStore()
    await fill(source)
    told: list[int] = []
    await transfer_log(source, target, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 262


async def test_an_empty_log_is_copied() -> None:
    copied = await transfer_log(MemoryEventStore(), MemoryEventStore(), progress=quiet)
    assert (copied.events, copied.streams) == (0, 0)


async def test_a_target_that_holds_events_is_refused() -> None:
    source, target = MemoryEventStore(), MemoryEventStore()
    await fill(target, 1)
    with pytest.raises(TransferRefused, match="already holds events"):
        await transfer_log(source, target, progress=quiet)


async def test_a_copy_that_differs_is_named() -> None:
    source, altered, short, long = (MemoryEventStore(now_us=lambda: 77) for _ in range(4))
    events = [NewEvent(id=UUID(int=n), type="Noted", data=b'{"n":%d}' % n) for n in range(3)]
    await source.append("a", events, expected=-1)
    forged = NewEvent(id=UUID(int=1), type="Noted", data=b'{"n":9}')
    await altered.append("a", [events[0], forged, events[2]], expected=-1)
    await short.append("a", events[:2], expected=-1)
    await long.append("a", [*events, forged], expected=-1)
    with pytest.raises(TransferRefused, match=r"event 2 is not the same: a@1 \(Noted"):
        await compare_logs(source, altered, events=3)
    with pytest.raises(TransferRefused, match=r"event 3 is not the same: .* nothing in the copy"):
        await compare_logs(source, short, events=3)
    with pytest.raises(TransferRefused, match="3 events compared, 3 copied; then a@3"):
        await compare_logs(source, long, events=3)
