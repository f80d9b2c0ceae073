"""Rebuilding beside the rows in use: how far it is, when the new rows take their place, and when not."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest

from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from application.events import Cause, DomainEvent
from application.log.landmarks import landmark_of
from application.ports.event_store import NewEvent
from domain.market.events import MarketPaused
from projections.running import rebuilder
from projections.running.rebuilder import ProjectionRebuilder, RebuildHalted, RebuildProgress
from projections.running.store import Checkpoint, CheckpointMoved
from tests.unit.projections.noting import Database, Money, Noting


class Store:
    """Rows in use whose checkpoints are set by hand, and a database beside them."""

    def __init__(self) -> None:
        self.beside = Database()
        self.in_use: dict[str, Checkpoint] = {}
        self.adopted: list[tuple[str, ...]] = []
        self.meanwhile: list[DomainEvent] = []
        self.unseen: list[DomainEvent] = []
        self.world: World

    async def checkpoints(self) -> dict[str, Checkpoint]:
        return self.in_use

    @asynccontextmanager
    async def held_still(self) -> AsyncIterator[SimpleNamespace]:
        # The rows in use went on while the others grew.
        await self.world.append(*self.meanwhile)
        await self.world.in_use_is_at(await self.world.log.head())
        await self.world.append(*self.unseen)
        yield SimpleNamespace(checkpoints=self.in_use, adopt=self._adopt)

    async def _adopt(self, names: Sequence[str]) -> None:
        self.adopted.append(tuple(names))


class World:
    """A log, and a rebuild of two projections of it whose clock goes on a second each time it is read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seconds = count(100)
        clock = SimpleNamespace(monotonic=lambda: float(next(seconds)))
        monkeypatch.setattr(rebuilder, "time", clock)
        self.log, self.codec, self.store = MemoryEventStore(), JsonCodec(), Store()
        self.store.world = self
        self.noting, self.money = Noting(), Money()
        self.told: list[RebuildProgress] = []
        self.revision = -1

    async def append(self, *events: DomainEvent) -> None:
        cause = Cause(command_id=uuid4(), correlation_id=uuid4(), at_us=1)
        encoded = [self.codec.encode(event, uuid4(), cause) for event in events]
        if encoded:
            await self.log.append("market-M", encoded, expected=self.revision)
        self.revision += len(events)

    async def pauses(self, many: int, reason: str = "rain") -> None:
        for start in range(0, many, 2_000):
            await self.append(*[MarketPaused(reason=reason)] * min(2_000, many - start))

    async def of_others(self, many: int) -> None:
        events = [NewEvent(id=uuid4(), type="Else", data=b"{}") for _ in range(many)]
        await self.log.append(f"elsewhere-{uuid4()}", events, expected=-1)

    async def in_use_is_at(self, position: int, events: int = 0) -> None:
        found = [each async for page in self.log.read_all() for each in page.events]
        landmark = landmark_of(found[position - 1]) if position else None
        self.store.in_use = {
            name: Checkpoint(
                name=name,
                version=1,
                position=landmark.position if landmark else 0,  # type: ignore[arg-type]
                events=events,
                at_us=1,
                landmark=landmark,
            )
            for name in ("noting", "money")
        }

    def rebuild(self) -> ProjectionRebuilder:
        return ProjectionRebuilder(
            store=self.store,  # type: ignore[arg-type]
            log=self.log,
            codec=self.codec,
            projections=[self.noting, self.money],
            on_progress=self.told.append,
        )

    @property
    def counted(self) -> list[tuple[int, int, float, bool]]:
        return [(each.events, each.total, round(each.rate), each.swapped) for each in self.told]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


async def test_two_thousand_events_are_taken_at_once_and_the_new_rows_take_their_place(world: World) -> None:
    await world.pauses(4_500)
    ended = await world.rebuild().run()
    assert world.counted == [
        (2_000, 4_500, 2_000, False),
        (4_000, 4_500, 2_000, False),
        (4_500, 4_500, 1_500, False),
        (4_500, 4_500, 1_125, True),
    ]
    assert world.told[-1] == ended
    assert str(world.told[0]) == "Rebuilt 2,000 of 4,500 events"
    assert world.told[0].left_s == pytest.approx(1.25)
    assert (world.told[-1].left_s, ended.names) == (0, ("noting", "money"))
    assert world.store.adopted == [("noting", "money")]
    assert {name: len(rows) for name, rows in world.store.beside.rows.items()} == {
        "noting": 4_500,
        "money": 4_500,
    }


def test_while_nothing_was_taken_in_nobody_knows_how_long_it_takes() -> None:
    assert RebuildProgress(names=("noting",), events=0, total=10, rate=0.0, swapped=False).left_s is None


async def test_a_log_without_events_is_rebuilt_at_once(world: World) -> None:
    await world.rebuild().run()
    assert world.counted == [(0, 0, 0, True)]
    assert world.store.adopted == [("noting", "money")]


async def test_what_happened_while_it_ran_is_taken_in_before_the_swap(world: World) -> None:
    await world.pauses(3)
    world.store.meanwhile = [MarketPaused(reason="late")] * 2
    await world.rebuild().run()
    assert world.store.beside.rows["money"] == ["rain"] * 3 + ["late"] * 2
    assert [(each.events, each.total, each.swapped) for each in world.told] == [
        (3, 3, False),
        (5, 5, False),
        (5, 5, True),
    ]


async def test_what_the_rows_in_use_do_not_hold_either_is_left_to_the_projector(world: World) -> None:
    await world.pauses(3)
    world.store.unseen = [MarketPaused(reason="later")]
    await world.rebuild().run()
    assert world.store.beside.rows["money"] == ["rain"] * 3
    assert world.store.adopted == [("noting", "money")]


async def test_how_many_there_are_is_guessed_from_what_the_rows_in_use_have_counted(world: World) -> None:
    await world.pauses(1_000)
    await world.of_others(1_000)
    await world.pauses(2_000)
    await world.in_use_is_at(3_000, events=2_000)
    await world.rebuild().run()
    # Two of three up to there, so as many of the other thousand; then the true count of all that were read.
    assert [(each.events, each.total) for each in world.told[:2]] == [(2_000, 2_667), (3_000, 3_000)]


async def test_what_was_counted_in_another_log_says_nothing(world: World) -> None:
    await world.pauses(4_000)
    await world.in_use_is_at(100, events=7)
    world.store.in_use = {
        name: replace(mark, landmark=mark.landmark and replace(mark.landmark, event_id=UUID(int=9)))
        for name, mark in world.store.in_use.items()
    }
    await world.rebuild().run()
    assert [each.total for each in world.told] == [4_000] * 3


async def test_it_goes_on_where_it_was_stopped_and_counts_its_speed_from_there(world: World) -> None:
    await world.pauses(3_000)
    first = world.rebuild()
    stopped = RuntimeError("stopped")

    def stop(_: RebuildProgress) -> None:
        raise stopped

    first._on_progress = stop
    with pytest.raises(RuntimeError, match="stopped"):
        await first.run()
    assert world.store.adopted == []
    await world.rebuild().run()
    assert world.counted[0] == (3_000, 3_000, 1_000, False)
    assert world.store.beside.rows["money"] == ["rain"] * 3_000


async def test_rows_that_cannot_be_made_take_nobody_s_place(world: World) -> None:
    await world.pauses(3)
    await world.pauses(1, "poison")
    world.money.poison = {"poison"}
    with pytest.raises(RebuildHalted, match="money cannot be rebuilt: MarketPaused at market-M/3"):
        await world.rebuild().run()
    assert world.store.adopted == []


async def test_rows_that_the_database_lost_are_made_again(world: World) -> None:
    await world.pauses(3_000)
    made = world.rebuild()
    take, lost = made._runner.take, False

    async def losing(batch: object) -> None:
        nonlocal lost
        if not lost and world.told:
            lost = True
            world.store.beside.marks, world.store.beside.rows = {}, {}
            raise CheckpointMoved("lost")
        await take(batch)  # type: ignore[arg-type]

    made._runner.take = losing  # type: ignore[method-assign]
    await made.run()
    assert world.store.beside.rows["money"] == ["rain"] * 3_000
    assert [each.events for each in world.told] == [2_000, 2_000, 3_000, 3_000]
