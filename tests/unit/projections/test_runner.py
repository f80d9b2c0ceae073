"""How projections are fed: what is committed together, who stands still, who waits, and what is told of it.

The database is one in memory that can be away, and time passes at once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from adapters.simulation.virtual_time import run_simulated
from application.events import Cause, DomainEvent, Recorded
from application.health import Health, Trouble
from application.log.landmarks import landmark_of
from application.ports.event_store import START, NewEvent, Page, StoreUnavailable
from domain.market.events import MarketClosed, MarketPaused
from projections.running import halts, runner
from projections.running.batch import batches
from projections.running.progress import Progress
from projections.running.runner import PART, ProjectionRunner
from projections.running.store import (
    ReadModelBusy,
    ReadModelOfAnotherLog,
    ReadModelUnavailable,
)
from projections.running.table import Table
from tests.unit.projections.noting import Database, Money, Noting, Row


class World:
    """A log of one market that pauses, and a projector that follows it."""

    def __init__(self) -> None:
        self.log, self.codec, self.database, self.health = (
            MemoryEventStore(),
            JsonCodec(),
            Database(),
            Health(),
        )
        self.noting, self.money = Noting(), Money()
        self.revision, self.now_us = -1, 0
        self.another()
        self.running: asyncio.Task[None] | None = None

    def another(self) -> None:
        """Have another projector, that of a process that has just begun."""
        self.progress = Progress()
        self.runner = ProjectionRunner(
            store=self.database,  # type: ignore[arg-type]
            source=self.log,
            codec=self.codec,
            projections=[self.noting, self.money],
            progress=self.progress,
            health=self.health,
            clock=SimpleNamespace(now_us=lambda: self.now_us),
        )

    def start(self) -> None:
        self.running = asyncio.create_task(self.runner.run())

    async def pauses(self, *reasons: str) -> None:
        await self.append(*(MarketPaused(reason=reason) for reason in reasons))

    async def append(self, *events: DomainEvent, at_us: int | None = None) -> None:
        when_us = self.revision + 8 if at_us is None else at_us
        cause = Cause(command_id=uuid4(), correlation_id=uuid4(), at_us=when_us)
        await self.raw(*(self.codec.encode(event, uuid4(), cause) for event in events))

    async def paused_at(self, *at_us: int) -> None:
        """Append pauses that were decided at these times, all at once."""
        causes = [Cause(command_id=uuid4(), correlation_id=uuid4(), at_us=each) for each in at_us]
        await self.raw(*(self.codec.encode(MarketPaused(reason="rain"), uuid4(), each) for each in causes))

    async def raw(self, *events: NewEvent) -> None:
        if events:
            await self.log.append("market-M", events, expected=self.revision)
        self.revision += len(events)

    async def shown(self, within_s: float = 100.0) -> bool:
        return await self.progress.await_position(await self.log.head(), within_s)

    def told(self, part: str = PART) -> list[Trouble]:
        return [each.code for each in self.health.conditions if each.part == part]


@pytest.fixture
def simulated(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Callable[[World], Coroutine[Any, Any, None]]], None]:
    """Run a story in a world in which time passes at once."""

    async def lived(story: Callable[[World], Coroutine[Any, Any, None]]) -> None:
        clock = SimpleNamespace(monotonic=asyncio.get_running_loop().time)
        monkeypatch.setattr(halts, "time", clock)
        monkeypatch.setattr(runner, "time", clock)
        world = World()
        await story(world)
        if world.running is not None:
            world.running.cancel()
            await asyncio.gather(world.running, return_exceptions=True)

    return lambda story: run_simulated(lived(story))


Simulated = Callable[[Callable[[World], Coroutine[Any, Any, None]]], None]


def test_what_happened_is_in_all_rows_before_it_is_told_that_it_is_visible(simulated: Simulated) -> None:
    async def story(world: World) -> None:
        await world.pauses("rain", "snow")
        await world.append(MarketClosed())
        world.start()
        assert await world.shown()
        assert world.database.rows == {"noting": ["rain", "snow"], "money": ["rain", "snow"]}
        head = await world.log.head()
        for mark in world.database.marks.values():
            assert (mark.position, mark.events, mark.halted) == (head, 3, "")
            assert mark.landmark is not None
            assert (mark.landmark.stream, mark.landmark.revision) == ("market-M", 2)
        stats = world.runner.stats
        assert (stats.position, stats.events, stats.batches, stats.caught_up) == (head, 3, 1, True)
        assert (world.progress.position, world.progress.at_us) == (head, stats.last_event_at_us)
        assert world.progress.at_us == 9, "when the last of them was decided"
        await world.pauses("hail")
        assert await world.shown()
        assert world.database.rows["money"] == ["rain", "snow", "hail"]
        assert (world.runner.stats.events, world.runner.stats.batches) == (4, 2)

    simulated(story)


@pytest.mark.parametrize(("events", "transactions"), [(8_000, 1), (8_001, 2)])
def test_who_is_far_behind_takes_eight_thousand_events_at_once(
    simulated: Simulated, events: int, transactions: int
) -> None:
    async def story(world: World) -> None:
        for _ in range(4):
            await world.pauses(*["rain"] * 2_000)
        await world.pauses(*["snow"] * (events - 8_000))
        world.start()
        assert await world.shown()
        assert (world.runner.stats.events, world.runner.stats.batches) == (events, transactions)

    simulated(story)


@pytest.mark.parametrize("fault", [ReadModelUnavailable("no route"), ReadModelBusy("locked")], ids=repr)
def test_while_the_database_is_away_it_is_told_and_tried_again_ever_more_slowly(
    simulated: Simulated, fault: Exception
) -> None:
    async def story(world: World) -> None:
        world.start()
        assert await world.shown()
        world.database.opened_s.clear()
        world.database.fault = lambda: fault
        await world.pauses("rain")
        assert not await world.shown(7.0)
        assert world.told() == [Trouble.READ_MODELS_UNAVAILABLE]
        assert world.health.conditions[0].message == f"projections wait: {fault}"
        assert world.runner.stats.unavailable == str(fault)
        tried = world.database.opened_s
        pauses = [later - earlier for earlier, later in pairwise(tried)]
        assert pauses[:9] == pytest.approx([0.02 * 2**n for n in range(7)] + [2.0, 2.0])
        world.database.fault = lambda: None
        assert await world.shown()
        assert (world.told(), world.runner.stats.unavailable) == ([], "")
        assert world.database.rows["money"] == ["rain"]

    simulated(story)


def test_a_database_that_does_not_answer_for_five_seconds_is_told_to_be_away(simulated: Simulated) -> None:
    async def story(world: World) -> None:
        world.start()
        assert await world.shown()
        world.database.silent = asyncio.Event()
        await world.pauses("rain")
        assert not await world.shown(4.9)
        assert world.told() == []
        assert not await world.shown(0.2)
        assert world.told() == [Trouble.READ_MODELS_UNAVAILABLE]
        assert "has not answered for 5 s" in world.runner.stats.unavailable
        world.database.silent.set()
        assert await world.shown()
        assert world.told() == []

    simulated(story)


def test_a_database_that_has_answered_is_never_told_to_be_away(simulated: Simulated) -> None:
    async def story(world: World) -> None:
        told: list[Trouble] = []
        world.health.report = lambda _part, code, _message: told.append(code)  # type: ignore[method-assign]
        await world.pauses("rain")
        world.start()
        assert await world.shown()
        await asyncio.sleep(20)
        assert told == []

    simulated(story)


def test_what_cannot_be_taken_in_is_left_out_except_where_money_is(simulated: Simulated) -> None:
    async def story(world: World) -> None:
        world.noting.poison = world.money.poison = {"poison"}
        await world.pauses("rain", "poison", "snow")
        world.start()
        assert not await world.shown(0.5)
        assert world.database.rows == {"noting": ["rain", "snow"], "money": ["rain"]}
        [parked] = world.database.parked
        assert (parked.projection, parked.event_type, parked.stream, parked.revision, parked.error) == (
            "noting", "MarketPaused", "market-M", 1, "ZeroDivisionError: poison",
        )  # fmt: skip
        assert world.runner.stats.parked == {"noting": 1}
        why = "MarketPaused at market-M/1: ZeroDivisionError: poison"
        assert world.runner.stats.halted == {"money": why}
        assert world.database.marks["money"].halted == why
        assert (world.told("projection money"), world.told("projection noting")) == (
            [Trouble.PROJECTION_HALTED],
            [],
        )
        assert world.progress.position == world.database.marks["money"].position == 1
        assert world.runner.stats.last_event_at_us == world.database.marks["money"].at_us

    simulated(story)


def test_who_stands_still_tries_again_and_catches_up_with_the_others(simulated: Simulated) -> None:
    async def story(world: World) -> None:
        loop, tried_s = asyncio.get_running_loop(), list[float]()
        paused = world.money._paused

        def noted(recorded: Recorded[MarketPaused]) -> None:
            if recorded.event.reason == "poison":
                tried_s.append(loop.time())
            paused(recorded)

        world.money.handlers[MarketPaused] = noted  # type: ignore[index]
        world.money.poison = {"poison"}
        await world.pauses("rain", "poison")
        world.start()
        assert not await world.shown(30)
        await world.pauses("snow")
        assert not await world.shown(60)
        assert len(set(tried_s)) >= 5
        pauses = [later - earlier for earlier, later in pairwise(tried_s) if later > earlier]
        assert pauses == sorted(pauses), "ever more slowly"
        assert world.database.rows == {"noting": ["rain", "poison", "snow"], "money": ["rain"]}
        world.money.poison = set()
        assert await world.shown()
        assert world.database.rows["money"] == ["rain", "poison", "snow"]
        assert (world.runner.stats.halted, world.told("projection money")) == ({}, [])
        assert world.database.marks["money"].halted == ""
        await world.pauses("hail")
        assert await world.shown()
        assert world.database.rows["noting"][-1] == world.database.rows["money"][-1] == "hail"

    simulated(story)


def test_what_cannot_be_saved_stops_only_who_cannot_save_it_and_just_there(simulated: Simulated) -> None:
    async def story(world: World) -> None:
        insert = world.database.insert

        async def refusing(table: Table[Row], rows: Sequence[Row]) -> None:
            if table.name == "noting":
                await insert(table, rows)
            else:
                world.database.unsaved = {"too large"}
                try:
                    await insert(table, rows)
                finally:
                    world.database.unsaved = set()

        world.database.insert = refusing  # type: ignore[method-assign]
        await world.pauses("rain", "snow", "too large", "hail")
        world.start()
        assert not await world.shown(0.5)
        assert world.database.rows == {
            "noting": ["rain", "snow", "too large", "hail"],
            "money": ["rain", "snow"],
        }
        assert "market-M/2: OverflowError" in world.runner.stats.halted["money"]
        assert world.database.marks["money"].position == 2
        assert "market-M/2: OverflowError" in world.database.marks["money"].halted

    simulated(story)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (StoreUnavailable("no route to the log"), Trouble.EVENT_STORE_UNAVAILABLE),
        (ZeroDivisionError("a fault of ours"), Trouble.PROJECTOR_FAILED),
    ],
    ids=repr,
)
def test_a_projector_that_failed_says_so_starts_again_and_says_when_it_goes_on(
    simulated: Simulated, fault: Exception, code: Trouble
) -> None:
    async def story(world: World) -> None:
        subscribe, broken = world.log.subscribe, True

        def away(**asked: Any) -> Any:
            if broken:
                raise fault
            return subscribe(**asked)

        world.log.subscribe = away  # type: ignore[method-assign]
        await world.pauses("rain")
        world.start()
        assert not await world.shown(3)
        assert world.told() == [code]
        assert f"{type(fault).__name__}: {fault}; it starts again" in world.health.conditions[0].message
        assert world.runner.stats.failed == f"{type(fault).__name__}: {fault}"
        broken = False
        assert await world.shown()
        await asyncio.sleep(0.01)
        assert (world.told(), world.runner.stats.failed) == ([], "")

    simulated(story)


def test_rows_that_were_put_back_are_taken_up_from_where_they_stand_and_told_as_no_fault(
    simulated: Simulated,
) -> None:
    async def story(world: World) -> None:
        await world.pauses("rain")
        world.start()
        assert await world.shown()
        restored = dict(world.database.marks)
        await world.pauses("snow")
        assert await world.shown()
        world.database.marks = restored
        world.database.rows = {"noting": ["rain"], "money": ["rain"]}
        forgotten = forgetting(world)
        # Nothing happens on the log: it is looked for every second.
        await asyncio.sleep(1.5)
        assert await world.shown()
        await asyncio.sleep(0.5)
        assert world.database.rows == {"noting": ["rain", "snow"], "money": ["rain", "snow"]}
        assert world.health.conditions == []
        assert forgotten == ["noting", "money"], "memory is of rows that are gone"

    simulated(story)


def test_rows_of_another_log_end_the_projector_and_are_told(simulated: Simulated) -> None:
    async def story(world: World) -> None:
        await world.pauses("rain")
        world.start()
        assert await world.shown()
        assert world.running is not None
        world.running.cancel()
        await asyncio.gather(world.running, return_exceptions=True)
        mark = world.database.marks["money"]
        assert mark.landmark is not None
        world.database.marks["money"] = replace(mark, landmark=replace(mark.landmark, event_id=UUID(int=1)))
        world.start()
        with pytest.raises(ReadModelOfAnotherLog, match="presage rebuild money"):
            await world.running
        assert world.told() == [Trouble.READ_MODELS_OF_ANOTHER_LOG]
        assert "presage rebuild money" in world.runner.stats.failed

    simulated(story)


def test_nobody_goes_past_an_event_that_cannot_be_read(simulated: Simulated) -> None:
    async def story(world: World) -> None:
        await world.pauses("rain")
        await world.raw(NewEvent(id=UUID(int=9), type="MarketMoonShot", data=b"{}"))
        await world.pauses("snow")
        world.start()
        assert not await world.shown(0.5)
        assert world.database.rows == {"noting": ["rain"], "money": ["rain"]}
        assert world.database.parked == []
        assert set(world.runner.stats.halted) == {"noting", "money"}
        for why in world.runner.stats.halted.values():
            assert why.startswith("MarketMoonShot at market-M/1: UnreadableEvent: ")
        for mark in world.database.marks.values():
            assert (mark.position, mark.events) == (1, 1)
        assert (world.progress.position, world.runner.stats.position) == (1, 1)

    simulated(story)


def test_who_cannot_go_on_from_where_it_is_knows_the_event_it_stands_at(simulated: Simulated) -> None:
    async def story(world: World) -> None:
        await world.pauses("rain")
        world.start()
        assert await world.shown()
        await world.raw(NewEvent(id=UUID(int=9), type="MarketMoonShot", data=b"{}"))
        assert not await world.shown(0.5)
        for mark in world.database.marks.values():
            assert mark.landmark is not None
            assert (mark.position, mark.events, mark.landmark.revision, mark.at_us) == (1, 1, 0, 7)

    simulated(story)


def test_pauses_grow_while_no_events_are_taken_in_and_begin_again_once_some_were(
    simulated: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[str] = []

    class Noted:
        def next_s(self) -> float:
            noted.append("pause")
            return 0.1

        def begin_again(self) -> None:
            noted.append("begin again")

    monkeypatch.setattr(runner, "Pauses", Noted)

    async def story(world: World) -> None:
        subscribe, ends_after = world.log.subscribe, [0, 0, 1, 0, 1]

        async def ending(**asked: Any) -> AsyncIterator[Any]:
            if not ends_after:
                await asyncio.Event().wait()
            if ends_after.pop(0):
                await world.pauses("rain")
                async for page in subscribe(**asked):
                    yield page
                    if page.caught_up:
                        return

        world.log.subscribe = ending  # type: ignore[method-assign, assignment]
        world.start()
        await asyncio.sleep(5)
        assert world.database.rows["money"] == ["rain", "rain"]
        assert noted == ["pause", "pause", "begin again", "pause", "pause", "begin again", "pause"]

    simulated(story)


def test_who_stands_still_tries_again_after_a_second_at_first_and_after_a_minute_at_most(
    simulated: Simulated,
) -> None:
    async def story(world: World) -> None:
        loop, told_s = asyncio.get_running_loop(), list[float]()
        report = world.health.report

        def noted(part: str, code: Trouble, message: str) -> None:
            if code is Trouble.PROJECTION_HALTED:
                told_s.append(loop.time())
            report(part, code, message)

        world.health.report = noted  # type: ignore[method-assign]
        world.money.poison = {"poison"}
        await world.pauses("poison")
        world.start()
        await asyncio.sleep(320)
        pauses = [round(later - earlier) for earlier, later in pairwise(told_s)]
        assert pauses[:8] == [1, 2, 4, 8, 16, 32, 60, 60], "looked at once a second"

    simulated(story)


def test_what_comes_after_later_events_is_in_no_rows_and_is_told(simulated: Simulated) -> None:
    async def story(world: World) -> None:
        await world.pauses("rain")
        await world.append(MarketClosed())
        await world.pauses("snow")
        late = [event async for page in world.log.read_all() for event in page.events][1:]
        await world.runner._leave_out(late)
        assert [(each.projection, each.event_type, each.stream) for each in world.database.parked] == [
            ("noting", "MarketPaused", "market-M"),
            ("money", "MarketPaused", "market-M"),
        ], "nobody would have done anything with the other one"
        for each in world.database.parked:
            assert (each.position, each.revision, each.error) == (3, 2, "it was delivered after later events")
        assert world.runner.stats.parked == {"noting": 1, "money": 1}
        assert world.told("read models") == [Trouble.EVENTS_LEFT_OUT]
        assert "2 events from market-M/1 on came too late" in world.health.conditions[0].message

    simulated(story)


def test_who_tries_again_is_kept_apart_until_it_is_level_with_the_others(
    simulated: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "BATCH", 2)

    async def story(world: World) -> None:
        world.money.poison = {"poison"}
        await world.pauses("poison", "rain", "snow", "hail", "fog")
        world.start()
        assert not await world.shown(0.5)
        assert world.database.rows == {"noting": ["poison", "rain", "snow", "hail", "fog"]}
        [why] = world.runner.stats.halted.values()
        apart: list[tuple[str, str]] = []
        keep_apart = world.runner._halts.keep_apart

        def noted(projection: Any, told: str) -> None:
            keep_apart(projection, told)
            apart.append((projection.name, told))
            assert world.runner._halts.why(projection) == why
            assert world.runner._halts.due(0.0) == ["money"], "it is not waited for again"
            assert world.progress.position < 5

        monkeypatch.setattr(world.runner._halts, "keep_apart", noted)
        world.money.poison = set()
        assert await world.shown()
        assert world.database.rows["money"] == ["poison", "rain", "snow", "hail", "fog"]
        assert apart == [("money", why)] * 2
        assert (world.runner.stats.halted, world.told("projection money")) == ({}, [])
        assert world.progress.position == 5

    simulated(story)


def test_who_stands_still_at_the_end_of_the_log_tries_again_in_vain_and_no_longer(
    simulated: Simulated,
) -> None:
    async def story(world: World) -> None:
        await world.pauses("rain")
        world.start()
        assert await world.shown()
        world.runner._halts.stop(world.money, "nobody knows")
        await world.runner.retry("money")
        assert world.runner.stats.halted == {"money": "nobody knows"}

    simulated(story)


def forgetting(world: World) -> list[str]:
    """Note from now on who drops what it has in memory."""
    forgotten: list[str] = []
    for projection in (world.noting, world.money):
        forget = projection.forget

        def noted(name: str = projection.name, forget: Callable[[], None] = forget) -> None:
            forgotten.append(name)
            forget()

        projection.forget = noted  # type: ignore[method-assign]
    return forgotten


def test_what_another_projector_took_in_is_not_taken_in_twice(simulated: Simulated) -> None:
    async def story(world: World) -> None:
        await world.pauses("rain")
        world.start()
        assert await world.shown()
        stopped = dict(world.database.marks)
        world.log.subscribe = None  # type: ignore[method-assign, assignment]
        world.runner._halts.stop(world.money, "it stood still here")
        forgotten = forgetting(world)
        await world.pauses("snow")
        [snow] = [
            each async for page in world.log.read_all(after=stopped["money"].position) for each in page.events
        ]
        for name, mark in stopped.items():
            world.database.marks[name] = replace(
                mark, position=snow.position, events=2, landmark=landmark_of(snow)
            )
            world.database.rows[name].append("snow")
        await asyncio.sleep(2)
        assert world.database.rows == {"noting": ["rain", "snow"], "money": ["rain", "snow"]}
        assert set(forgotten) == {"noting", "money"}, "its memory is older than the rows"
        assert world.runner.stats.halted == {}, "the other one went past it"
        assert world.runner.stats.failed == "", "nor was the log taken up again from elsewhere"

    simulated(story)


async def stopped(world: World) -> None:
    assert world.running is not None
    world.running.cancel()
    await asyncio.gather(world.running, return_exceptions=True)


def test_who_starts_again_gives_each_what_it_lacks_and_shows_only_what_all_have(simulated: Simulated) -> None:
    async def story(world: World) -> None:
        world.money.poison = {"poison"}
        await world.pauses("rain", "poison", "snow")
        world.start()
        assert not await world.shown(3)
        await stopped(world)
        assert (world.database.rows["money"], len(world.database.rows["noting"])) == (["rain"], 3)
        world.progress.reach(START, 0)
        assert await world.runner.resume() == 1
        assert (world.progress.position, world.runner.stats.position) == (1, 1)
        world.money.poison = set()
        world.start()
        assert await world.shown()
        assert world.database.rows == {
            "noting": ["rain", "poison", "snow"],
            "money": ["rain", "poison", "snow"],
        }
        assert {mark.events for mark in world.database.marks.values()} == {3}

    simulated(story)


def test_after_a_fault_who_stood_still_goes_on_with_the_others_at_once(simulated: Simulated) -> None:
    async def story(world: World) -> None:
        subscribe, fault = world.log.subscribe, asyncio.Event()

        async def failing(**asked: Any) -> AsyncIterator[Page]:
            pages = subscribe(**asked)
            async for page in pages:
                yield page
                if not fault.is_set():
                    await fault.wait()
                    raise StoreUnavailable("no route")

        world.log.subscribe = failing  # type: ignore[method-assign, assignment]
        world.money.poison = {"poison"}
        await world.pauses("rain", "poison")
        world.start()
        assert not await world.shown(130)  # it has tried for two minutes, and the next time is in a minute
        world.money.poison = set()
        fault.set()
        assert await world.shown(10)
        assert world.database.rows["money"] == ["rain", "poison"]
        assert (world.runner.stats.halted, world.told("projection money")) == ({}, [])

    simulated(story)


def test_rows_that_stand_at_another_event_of_the_same_place_are_noticed_while_it_runs(
    simulated: Simulated,
) -> None:
    async def story(world: World) -> None:
        await world.pauses("rain")
        world.start()
        assert world.running is not None
        assert await world.shown()
        mark = world.database.marks["money"]
        assert mark.landmark is not None
        world.database.marks["money"] = replace(mark, landmark=replace(mark.landmark, event_id=UUID(int=1)))
        with pytest.raises(ReadModelOfAnotherLog, match="presage rebuild money"):
            await world.running

    simulated(story)


def test_events_that_are_shown_together_are_each_as_late_as_they_are(simulated: Simulated) -> None:
    async def story(world: World) -> None:
        await world.paused_at(1_000_000, 39_000_000)
        world.now_us = 40_000_000
        world.start()
        assert await world.shown()
        behind_s = world.runner.stats.behind_s
        assert (behind_s.counts[-1], behind_s.at_most(1.0)) == (1, 1), "one more than half a minute late"

    simulated(story)


def test_the_last_event_is_the_latest_by_the_clock_and_known_to_who_has_just_begun(
    simulated: Simulated,
) -> None:
    async def story(world: World) -> None:
        await world.paused_at(70)
        world.start()
        assert await world.shown()
        await world.paused_at(60)
        assert await world.shown()
        assert world.runner.stats.last_event_at_us == 70
        assert {mark.at_us for mark in world.database.marks.values()} == {70}
        await stopped(world)
        world.another()
        world.start()
        assert await world.shown()
        await asyncio.sleep(0.1)
        assert world.runner.stats.last_event_at_us == 70

    simulated(story)


def test_what_concerns_no_market_is_gone_past_and_shown(simulated: Simulated) -> None:
    async def story(world: World) -> None:
        await world.pauses("rain")
        world.start()
        assert await world.shown()
        await world.log.append("elsewhere-1", [NewEvent(id=uuid4(), type="Else", data=b"{}")], expected=-1)
        assert await world.shown()
        assert world.runner.stats.position == 2
        assert {mark.position for mark in world.database.marks.values()} == {1}

    simulated(story)


def test_rows_that_were_put_back_are_shown_no_further_than_they_go(simulated: Simulated) -> None:
    async def story(world: World) -> None:
        await world.pauses("rain")
        world.start()
        assert await world.shown()
        restored = dict(world.database.marks)
        await world.pauses("snow")
        assert await world.shown()
        await stopped(world)
        world.database.marks = restored
        assert await world.runner.resume() == 1
        world.runner._show()
        assert (world.progress.position, world.runner.stats.position) == (1, 1)

    simulated(story)


@pytest.mark.parametrize(("events", "turns"), [(399, 0), (400, 4)])
def test_in_a_long_batch_others_have_their_turn_after_every_projection_taken_in_and_saved(
    simulated: Simulated, monkeypatch: pytest.MonkeyPatch, events: int, turns: int
) -> None:
    async def story(world: World) -> None:
        await world.pauses(*["rain"] * events)
        [page] = [page async for page in world.log.read_all(limit=events)]
        await world.runner.resume()
        given: list[float] = []
        sleep = asyncio.sleep

        async def noted(delay_s: float) -> None:
            given.append(delay_s)
            await sleep(delay_s)

        async for batch in batches(page, world.codec, 8_000):
            monkeypatch.setattr(runner.asyncio, "sleep", noted)
            await world.runner.take(batch)
            monkeypatch.setattr(runner.asyncio, "sleep", sleep)
        assert given == [0] * turns
        assert len(world.database.rows["money"]) == events

    simulated(story)
