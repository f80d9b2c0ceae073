"""Rows are of the log that is read, or nothing is read."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from adapters.event_stores.memory import MemoryEventStore
from application.log.landmarks import landmark_of
from application.ports.event_store import NO_STREAM, START, NewEvent, Position
from projections.running.log import check_same_log
from projections.running.store import Checkpoint, ReadModelOfAnotherLog


class World:
    """A log of three events, and checkpoints of two projections."""

    def __init__(self) -> None:
        self.log = MemoryEventStore()
        self.marks: dict[str, Checkpoint] = {}

    async def begin(self) -> None:
        events = [NewEvent(id=uuid4(), type="Any", data=b"{}") for _ in range(3)]
        await self.log.append("market-M", events, expected=NO_STREAM)
        [page] = [page async for page in self.log.read_all()]
        for name, event in zip(("orders", "trades"), page.events[1:], strict=True):
            self.marks[name] = Checkpoint(
                name=name,
                version=1,
                position=event.position,
                events=1,
                at_us=1,
                landmark=landmark_of(event),
            )

    def moved(self, name: str, **to: object) -> None:
        self.marks[name] = replace(self.marks[name], **to)  # type: ignore[arg-type]

    async def refused(self, *names: str) -> str:
        with pytest.raises(ReadModelOfAnotherLog) as refusal:
            await check_same_log(self.log, self.marks, names or self.marks)
        return str(refusal.value)


@pytest.fixture
async def world() -> World:
    world = World()
    await world.begin()
    return world


async def test_rows_that_stand_at_events_of_the_log_are_of_it_be_it_at_its_very_end(world: World) -> None:
    await check_same_log(world.log, world.marks, [*world.marks, "never made"])
    world.moved("trades", landmark=None)  # as programs left it that noted none
    await check_same_log(world.log, world.marks, world.marks)
    world.moved("trades", position=START)
    await check_same_log(MemoryEventStore(), {"trades": world.marks["trades"]}, world.marks)


async def test_rows_at_an_event_that_is_not_there_are_named_with_how_to_make_them(world: World) -> None:
    mark = world.marks["trades"].landmark
    assert mark is not None
    world.moved("trades", landmark=replace(mark, event_id=UUID(int=9)))
    said = await world.refused()
    assert f"goes up to event {UUID(int=9)} (market-M revision 2), which is not in the log" in said
    assert "`presage rebuild trades`" in said
    await check_same_log(world.log, world.marks, ["orders"])


async def test_rows_past_the_end_of_the_log_are_of_another(world: World) -> None:
    world.moved("trades", position=Position(4), landmark=None)
    assert "goes up to position 4, which" in await world.refused("trades")


async def test_where_all_are_of_another_log_all_are_to_be_made(world: World) -> None:
    for name in world.marks:
        world.moved(name, position=Position(4), landmark=None)
    assert "`presage rebuild --all`" in await world.refused()
    assert "`presage rebuild orders`" in await world.refused("orders")
