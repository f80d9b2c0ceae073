"""Nothing is written to a log that is not the one that was opened."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import pytest

from adapters.event_stores.memory import MemoryEventStore
from adapters.simulation.virtual_time import run_simulated
from application.health import Health, Trouble
from application.log.guard import UNWRITABLE_S, LogGuard
from application.ports.event_store import (
    Appended,
    LogReplaced,
    NewEvent,
    Page,
    RecordedEvent,
    StoreUnavailable,
    WrongExpectedRevision,
)

STREAM = "market-RAIN"


def event(number: int) -> NewEvent:
    return NewEvent(id=UUID(int=number), type="MarketCreated", data=b"{}")


class Server:
    """A log behind an address: there may be another one tomorrow."""

    def __init__(self, log: MemoryEventStore) -> None:
        self.log = log
        self.away = False
        self.reads = 0

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        if self.away:
            raise StoreUnavailable("the server is away")
        return await self.log.append(stream, events, expected=expected)

    async def read_stream(self, stream: str, **how: Any) -> AsyncIterator[Sequence[RecordedEvent]]:
        self.reads += 1
        async for page in self.log.read_stream(stream, **how):
            yield page

    async def read_all(self, **how: Any) -> AsyncIterator[Page]:
        async for page in self.log.read_all(**how):
            yield page

    async def head(self) -> Any:
        return await self.log.head()


async def log_of(*numbers: int) -> MemoryEventStore:
    log = MemoryEventStore()
    for revision, number in enumerate(numbers):
        await log.append(STREAM, [event(number)], expected=revision - 1)
    return log


async def test_a_log_without_the_last_event_is_refused_until_the_right_one_is_back() -> None:
    right, health = await log_of(1, 2), Health()
    server = Server(right)
    guard = LogGuard(server, health)
    await guard.append(STREAM, [event(3)], expected=1)
    for other in (await log_of(1, 2), await log_of(11, 12, 13), MemoryEventStore()):
        server.log = other
        before = await other.head()
        with pytest.raises(LogReplaced):
            await guard.look()
        [told] = health.conditions
        assert (told.part, told.code) == ("event log", Trouble.LOG_REPLACED)
        assert health.stopped
        with pytest.raises(LogReplaced):
            await guard.append(STREAM, [event(4)], expected=2)
        assert await other.head() == before
    server.log = right
    await guard.append(STREAM, [event(4)], expected=2)
    assert health.conditions == []


async def test_a_server_that_comes_back_with_another_log_gets_not_one_event() -> None:
    server = Server(await log_of(1, 2))
    guard = LogGuard(server, Health())
    await guard.append(STREAM, [event(3)], expected=1)
    server.away = True
    with pytest.raises(StoreUnavailable):
        await guard.append(STREAM, [event(4)], expected=2)
    server.away, server.log = False, await log_of(11, 12, 13)
    with pytest.raises(LogReplaced):
        await guard.append(STREAM, [event(4)], expected=2)
    assert await server.log.head() == 3


async def test_files_that_are_not_in_their_place_are_told_at_once() -> None:
    health = Health()

    def moved() -> None:
        raise LogReplaced("log.db: gone since it was opened")

    guard = LogGuard(await log_of(1), health, moved)
    with pytest.raises(LogReplaced):
        await guard.append(STREAM, [event(2)], expected=0)
    assert "stop this process" in health.conditions[0].message


async def test_a_race_that_was_lost_costs_no_look() -> None:
    server = Server(await log_of(1))
    guard = LogGuard(server, Health())
    await guard.append(STREAM, [event(2)], expected=0)
    await server.log.append(STREAM, [event(3)], expected=1)
    looked = server.reads
    with pytest.raises(WrongExpectedRevision):
        await guard.append(STREAM, [event(4)], expected=1)
    await guard.append(STREAM, [event(4)], expected=2)
    assert server.reads == looked


def test_a_log_that_cannot_be_written_is_told_until_it_can_or_nobody_tried_for_a_while() -> None:
    async def story() -> None:
        log, health = await log_of(1), Health()
        server = Server(log)
        guard = LogGuard(server, health)

        def told() -> list[tuple[str, Trouble]]:
            return [(each.part, each.code) for each in health.conditions]

        unwritable = [("event log, writing", Trouble.EVENT_STORE_UNAVAILABLE)]
        for number in (2, 3):
            server.away = True
            with pytest.raises(StoreUnavailable):
                await guard.append(STREAM, [event(number)], expected=number - 2)
            assert told() == unwritable
            assert health.stopped
            server.away = False
            await guard.append(STREAM, [event(number)], expected=number - 2)
            assert told() == []
        server.away = True
        with pytest.raises(StoreUnavailable):
            await guard.append(STREAM, [event(4)], expected=2)
        watching = asyncio.create_task(guard.watch())
        await asyncio.sleep(UNWRITABLE_S - 1)
        assert told() == unwritable, "that it can be read is not that it can be written"
        await asyncio.sleep(2)
        assert told() == []
        watching.cancel()

    run_simulated(story())
