"""How the processes are fed: in order, again after faults, and noted seldom."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from adapters.checkpoints import MemoryCheckpoints
from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from application.events import Cause, DomainEvent, Recorded
from application.health import Health, Trouble
from application.log.landmarks import Landmark, landmark_of
from application.log.readable import readable_up_to
from application.log.whole_streams import EventsMissing
from application.ports.codec import UnreadableEvent
from application.ports.event_store import (
    EventStoreError,
    NewEvent,
    Page,
    Position,
    RecordedEvent,
    StoreUnavailable,
)
from application.processes import runner as module
from application.processes.runner import CHECKPOINT, PART, ProcessRunner
from domain.market.events import MarketClosed, MarketPaused, MarketResumed

PAUSED = MarketPaused(reason="rain")
Fault = Callable[[], Exception | None]


class Watching:
    """A process that remembers what it was given, and fails as it is told."""

    concerns: frozenset[type[DomainEvent]] = frozenset({MarketClosed, MarketPaused})

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.calls = 0
        self.fault: Fault = lambda: None

    async def handle(self, events: Sequence[Recorded[DomainEvent]]) -> None:
        self.calls += 1
        if fault := self.fault():
            raise fault
        self.seen += [f"{type(each.event).__name__} {each.revision}" for each in events]


class Counting(MemoryCheckpoints):
    """Checkpoints that remember how often the processes noted where they are."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[Landmark] = []

    async def save(self, name: str, landmark: Landmark) -> None:
        await super().save(name, landmark)
        if name == CHECKPOINT:
            self.noted.append(landmark)


class World:
    """A log with one market's stream, and a runner that follows it."""

    def __init__(self) -> None:
        self.log, self.codec, self.checkpoints = MemoryEventStore(), JsonCodec(), Counting()
        self.process, self.health = Watching(), Health()
        self.revision = -1
        self.runner = self.another()

    def another(self) -> ProcessRunner:
        self.runner = ProcessRunner(
            log=self.log,
            codec=self.codec,
            checkpoints=self.checkpoints,
            processes=[self.process],
            health=self.health,
        )
        return self.runner

    async def append(self, *events: DomainEvent) -> None:
        cause = Cause(command_id=uuid4(), correlation_id=uuid4(), at_us=0)
        await self.raw(*(self.codec.encode(event, uuid4(), cause) for event in events))

    async def raw(self, *events: NewEvent) -> None:
        await self.log.append("market-M", events, expected=self.revision)
        self.revision += len(events)

    @property
    def told(self) -> list[Trouble]:
        return [each.code for each in self.health.conditions if each.part == PART]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    async with asyncio.timeout(20):
        yield world
        await world.runner.close()


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 (nobody says so)
        await asyncio.sleep(0.001)


async def test_processes_see_what_concerns_them_in_order_and_nothing_else(world: World) -> None:
    await world.append(PAUSED, MarketResumed())
    await world.runner.start()
    await world.append(MarketClosed())
    reached = await world.runner.catch_up()
    assert world.process.seen == ["MarketPaused 0", "MarketClosed 2"]
    assert world.runner.position == reached > 0


async def test_who_is_behind_takes_events_together_and_who_is_not_takes_them_as_they_come(
    world: World,
) -> None:
    await world.append(*[PAUSED] * 4_500)
    await world.runner.start()
    await world.runner.catch_up()
    assert len(world.process.seen) == 4_500
    calls = world.process.calls
    for number in range(3):
        await world.append(MarketClosed())
        await world.runner.catch_up()
        assert world.process.calls == calls + number + 1


@pytest.mark.parametrize(
    ("pages", "taken"),
    [([1_999, 1, 1], [2_000, 1]), ([1_999, 2], [2_001]), ([2_000, 1], [2_000, 1]), ([1, 2, 3], [6])],
    ids=str,
)
async def test_who_is_behind_waits_for_two_thousand_events_or_until_there_are_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch, pages: list[int], taken: list[int]
) -> None:
    await world.append(PAUSED)
    [page] = [page async for page in world.log.read_all()]
    handled: list[int] = []

    async def followed(*_: object, **__: object) -> AsyncIterator[Page]:
        for number, count in enumerate(pages, start=1):
            yield Page(
                events=list(page.events) * count, position=Position(number), caught_up=number == len(pages)
            )

    async def handle(events: Sequence[RecordedEvent], position: Position) -> None:
        handled.append(len(events))

    monkeypatch.setattr(module, "followed", followed)
    monkeypatch.setattr(world.runner, "_handle", handle)
    await world.runner._follow()
    assert handled == taken


async def test_who_waits_for_them_when_the_exchange_is_closed_is_told(world: World) -> None:
    await world.runner.start()
    waiting = asyncio.ensure_future(world.runner.reach(Position(10**9)))
    for _ in range(10):
        await asyncio.sleep(0)
    await world.runner.close()
    with pytest.raises(EventStoreError, match="the exchange is closed"):
        await waiting


async def test_who_closes_them_waits_for_what_was_under_way(world: World) -> None:
    begun, over = asyncio.Event(), list[str]()

    async def slow(_: Sequence[Recorded[DomainEvent]]) -> None:
        begun.set()
        try:
            await asyncio.sleep(3_600)
        finally:
            await asyncio.sleep(0.01)
            over.append("in order")

    world.process.handle = slow  # type: ignore[method-assign]
    await world.append(PAUSED)
    await world.runner.start()
    await begun.wait()
    await world.runner.close()
    assert over == ["in order"]


async def test_what_is_noted_is_the_last_of_many_events(world: World) -> None:
    await world.append(PAUSED, MarketResumed(), PAUSED)
    await world.runner.start()
    await world.runner.catch_up()
    await world.runner.close()
    assert world.checkpoints.noted[-1].revision == 2


async def test_it_is_noted_too_how_far_every_event_is_known_to_this_version(world: World) -> None:
    await world.append(PAUSED)
    await world.runner.start()
    await world.runner.catch_up()
    await world.runner.close()
    noted = await world.checkpoints.load(readable_up_to(world.codec))
    assert noted is not None
    assert noted == world.checkpoints.noted[-1]


async def test_where_they_are_is_noted_every_two_seconds_and_at_the_end(world: World) -> None:
    loop = asyncio.get_running_loop()
    await world.runner.start()
    await world.append(PAUSED)
    await world.runner.catch_up()
    await until(lambda: len(world.checkpoints.noted) == 1)
    for ago_s, noted in ((1.5, 1), (2.0, 2), (0.0, 2)):
        world.runner._noted_at = loop.time() - ago_s
        await world.append(PAUSED)
        await world.runner.catch_up()
        await until(lambda: world.runner._noted_at <= loop.time())
        assert len(world.checkpoints.noted) == noted
    await world.runner.close()
    assert [each.revision for each in world.checkpoints.noted] == [0, 2, 3]


async def test_they_go_on_where_they_were_and_begin_anew_in_another_log(world: World) -> None:
    await world.append(PAUSED)
    await world.runner.start()
    await world.runner.catch_up()
    await world.runner.close()
    await world.append(MarketClosed())
    await world.another().start()
    await world.runner.catch_up()
    assert world.process.seen == ["MarketPaused 0", "MarketClosed 1"]
    await world.runner.close()
    other = world.checkpoints.noted[-1]
    await world.checkpoints.save(CHECKPOINT, replace(other, event_id=UUID(int=9)))
    await world.another().start()
    assert world.runner.position == 0
    await world.runner.catch_up()
    assert world.process.seen[2:] == ["MarketPaused 0", "MarketClosed 1"]


async def test_who_goes_back_stops_what_it_was_at_and_looks_again_at_all_that_followed(world: World) -> None:
    await world.append(PAUSED, MarketClosed(), PAUSED)
    await world.runner.start()
    await world.runner.catch_up()
    [page] = [page async for page in world.log.read_all()]
    first, last = landmark_of(page.events[0]), landmark_of(page.events[2])
    handling, meanwhile = asyncio.Event(), []
    handle, world.process.seen = world.process.handle, []

    async def slow(events: Sequence[Recorded[DomainEvent]]) -> None:
        if handling.is_set():
            return await handle(events)
        handling.set()
        await asyncio.sleep(3_600)
        raise AssertionError("it was stopped")

    world.process.handle = slow  # type: ignore[method-assign]
    await world.append(MarketClosed())
    await handling.wait()
    former, save, was_running = world.runner._task, world.checkpoints.save, list[bool]()
    assert former is not None

    async def noted(name: str, landmark: Landmark) -> None:
        was_running.append(not former.done())
        await save(name, landmark)

    world.checkpoints.save = noted  # type: ignore[method-assign]
    await world.runner.go_back(
        first, lambda: meanwhile.append((list(world.process.seen), world.runner.position))
    )
    assert meanwhile == [([], 1)], "nothing is seen to while it goes back"
    assert (world.checkpoints.noted[-1], was_running[0]) == (first, True), "noted before anything is stopped"
    await world.runner.catch_up()
    assert world.process.seen == ["MarketClosed 1", "MarketPaused 2", "MarketClosed 3"]
    await asyncio.sleep(0)
    assert len([task for task in asyncio.all_tasks() if task.get_name() == "process managers"]) == 1
    for ahead in (last, replace(last, position=Position(99))):
        world.runner._landmark = last
        await world.runner.go_back(ahead, lambda: meanwhile.append(([], world.runner.position)))
    assert meanwhile[1:] == [([], 4)] * 2, "what was not seen to yet will be"
    await world.runner.catch_up()
    assert len(world.process.seen) == 3


async def test_who_goes_back_before_anything_was_seen_to_has_nothing_to_look_at_again(world: World) -> None:
    await world.append(PAUSED)
    [page] = [page async for page in world.log.read_all()]
    meanwhile: list[int] = []
    await world.runner.go_back(landmark_of(page.events[0]), lambda: meanwhile.append(world.runner.position))
    assert (meanwhile, world.checkpoints.noted) == ([0], [])


async def test_while_the_store_is_away_they_wait_half_a_second_and_say_so(world: World) -> None:
    tried_s: list[float] = []

    def away_at_first() -> Exception | None:
        tried_s.append(asyncio.get_running_loop().time())
        return StoreUnavailable("no route") if len(tried_s) == 1 else None

    world.process.fault = away_at_first
    await world.append(PAUSED)
    await world.runner.start()
    await until(lambda: bool(world.told) or len(tried_s) > 1)
    assert world.told == [Trouble.EVENT_STORE_UNAVAILABLE]
    assert "no route" in world.health.conditions[0].message
    await world.runner.catch_up()
    assert tried_s[1] - tried_s[0] >= 0.5
    assert world.process.seen == ["MarketPaused 0"]
    assert world.told == []


async def test_what_does_not_fit_is_tried_once_more_before_it_is_a_fault(world: World) -> None:
    faults = [LookupError("stale")]
    world.process.fault = lambda: faults.pop() if faults else None
    await world.append(PAUSED)
    await world.runner.start()
    await world.runner.catch_up()
    assert (world.process.calls, world.told) == (2, [])


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (LookupError("no such account"), Trouble.SETTLEMENT_FAILED),
        (UnreadableEvent("a newer one"), Trouble.UNREADABLE_EVENT),
        (EventsMissing("revision 3 is missing"), Trouble.EVENTS_MISSING),
        (StoreUnavailable("no route"), Trouble.EVENT_STORE_UNAVAILABLE),
    ],
    ids=str,
)
async def test_a_fault_is_told_by_its_code_and_to_who_waits_until_it_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch, fault: Exception, told: Trouble
) -> None:
    broken, handled = True, world.runner._handle

    async def handle(*args: object) -> None:
        if broken:
            raise fault
        await handled(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(world.runner, "_handle", handle)
    await world.append(PAUSED)
    await world.runner.start()
    with pytest.raises(type(fault)):
        await world.runner.catch_up()
    assert world.told == [told]
    assert str(fault) in world.health.conditions[0].message
    with pytest.raises(type(fault)):
        await world.runner.reach(1)  # type: ignore[arg-type]
    broken = False
    await until(lambda: world.process.seen == ["MarketPaused 0"])
    await world.runner.catch_up()
    assert [code for code in world.told if code is not Trouble.EVENTS_MISSING] == []


async def test_pauses_grow_while_nothing_is_reached_and_begin_again_after_something_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[str] = []

    class Pauses:
        def next_s(self) -> float:
            pauses.append("pause")
            return 0.0

        def begin_again(self) -> None:
            pauses.append("begin again")

    monkeypatch.setattr(module, "Pauses", Pauses)
    world.process.fault = lambda: LookupError("broken") if world.process.calls in {1, 2, 3, 4, 6, 7} else None
    await world.append(PAUSED)
    await world.runner.start()
    await until(lambda: world.process.seen == ["MarketPaused 0"])
    await world.append(MarketClosed())
    await until(lambda: len(world.process.seen) == 2)
    assert pauses == ["pause", "pause", "begin again", "pause"]


async def test_a_log_whose_exchange_is_closed_is_not_waited_for(world: World) -> None:
    await world.append(PAUSED)
    with pytest.raises(EventStoreError, match="the exchange is closed"):
        await world.runner.catch_up()
    await world.runner.start()
    await world.runner.catch_up()
    await world.runner.close()
    await world.append(PAUSED)
    with pytest.raises(EventStoreError, match="the exchange is closed"):
        await world.runner.catch_up()


async def test_an_event_of_a_newer_version_is_not_passed_over_though_nothing_follows_from_it(
    world: World,
) -> None:
    await world.raw(NewEvent(id=uuid4(), type="MarketMoonShot", data=b"{}"))
    await world.runner.start()
    with pytest.raises(UnreadableEvent):
        await world.runner.catch_up()
    assert world.told == [Trouble.UNREADABLE_EVENT]


async def test_whoever_has_the_processes_go_back_is_told_that_they_cannot_and_they_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.append(PAUSED, PAUSED, MarketClosed())
    await world.runner.start()
    await world.runner.catch_up()
    [begin] = [each async for page in world.log.read_all(limit=1) for each in page.events]
    landmark, save, saves = landmark_of(begin), world.checkpoints.save, 0

    async def full(name: str, noted: Landmark) -> None:
        nonlocal saves
        saves += 1
        if saves == 2:
            raise OSError("no space left on device")
        await save(name, noted)

    monkeypatch.setattr(world.checkpoints, "save", full)
    with pytest.raises(OSError, match="no space left"):
        await asyncio.wait_for(world.runner.go_back(landmark, lambda: None), 20)
    await world.append(PAUSED)
    await world.runner.catch_up()
    went_back: list[bool] = []
    await world.runner.go_back(landmark, lambda: went_back.append(True))
    await world.runner.catch_up()
    assert went_back == [True]
    assert world.process.seen[-3:] == ["MarketPaused 1", "MarketClosed 2", "MarketPaused 3"]
