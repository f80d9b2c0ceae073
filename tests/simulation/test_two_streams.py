"""Groups, conditions and pauses: crashes at every append, and appends that come when none is expected."""

from collections.abc import Callable
from uuid import UUID

import pytest

from adapters.simulation.world import World
from application.events import Cause
from application.hosting import owner
from application.log.landmarks import last_landmark
from application.ports.event_store import Filter
from application.processes.runner import CHECKPOINT
from domain.identifiers import Ticker
from domain.market.commands import CreateMarket
from domain.market.events import ConditionLinked
from domain.market.vocabulary import Condition, MarketStatus, Result

from .late_appends import HoldingStore, arrives
from .operator_stories import STORIES
from .scenarios import open_market

Story = Callable[[World], object]


@pytest.fixture(autouse=True)
def _small_appends(monkeypatch: pytest.MonkeyPatch) -> None:
    """One decision takes several appends where it may."""
    monkeypatch.setattr(owner, "APPEND_BYTES", 3_000)


async def appends_of(story: Story) -> int:
    world = World()
    assert not await world.run(story)  # type: ignore[arg-type]
    return world.store.appends


async def ends_well(world: World, where: str) -> None:
    """Bring everything to its end; then nothing is left under way, stuck, or lost."""
    await world.finish()
    # Money that was set aside late is looked for every few seconds.
    await world.recover()
    await world.exchange.settled()
    assert await world.violations(patience_us=0) == [], where
    assert await world.leftovers() == [], where
    assert await world.unended() == [], where


async def all_or_nothing(world: World) -> list[str]:
    """Return which markets were listed in part: without their group, their condition, or not open."""
    found = []
    for name, parent in (("CHILD", "PARENT"), ("CUP-1", "PARENT"), ("CUP-2", "PARENT"), ("RACE-1", None)):
        market = await world.exchange.directory.find_market(Ticker(name))
        if market is None:
            continue
        if market.parent != parent:
            found.append(f"{name} depends on {market.parent}")
        if market.status is MarketStatus.INITIALIZED:
            found.append(f"{name} has not opened")
        if market.group_id is not None:
            group = await world.exchange.directory.present_group(market.group_id)
            if group is None or (name not in group.members and market.result is not Result.VOID):
                found.append(f"{name} is not in its group")
    return found


@pytest.mark.parametrize("story", STORIES)
async def test_without_a_crash_nothing_is_left_behind(story: Story) -> None:
    world = World()
    await world.start()
    await story(world)  # type: ignore[misc]
    await world.exchange.settled()
    assert await world.violations(patience_us=0) == []
    await ends_well(world, "no crash")
    await world.exchange.close()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("story", STORIES)
async def test_a_crash_at_any_append_leaves_nothing_half_done(story: Story, *, after: bool) -> None:
    for crash_at in range(1, await appends_of(story) + 1):
        world = World()
        await world.run(story, crash_at=crash_at, after=after)  # type: ignore[arg-type]
        where = f"crash {'after' if after else 'before'} append {crash_at}"
        assert await world.violations() == [], where
        await world.start()
        await world.exchange.settled()
        assert await world.violations(patience_us=0) == [], f"{where}, restarted"
        assert await all_or_nothing(world) == [], where
        await ends_well(world, where)
        await world.exchange.close()


@pytest.mark.parametrize("story", STORIES)
async def test_a_crash_during_the_recovery_is_recovered_from(story: Story) -> None:
    for crash_at in range(3, await appends_of(story) + 1, 3):
        world = World()
        await world.run(story, crash_at=crash_at, after=True)  # type: ignore[arg-type]
        for again in (1, 2, 3):
            await world.run(World.finish, crash_at=again, after=again % 2 == 0)
            assert await world.violations() == []
        await world.start()
        await ends_well(world, f"crash at {crash_at}")
        await world.exchange.close()


@pytest.mark.parametrize("moment", ["before the start", "after the start", "after everything has ended"])
@pytest.mark.parametrize("story", STORIES)
async def test_an_append_that_comes_late_is_fenced_or_counts(story: Story, moment: str) -> None:
    arrived = 0
    for crash_at in range(1, await appends_of(story) + 1):
        world = World(store_type=HoldingStore)
        await world.run(story, crash_at=crash_at)  # type: ignore[arg-type]
        assert isinstance(world.store, HoldingStore)
        held = world.store.held
        where = f"append {crash_at} comes {moment}"
        if moment == "before the start":
            arrived += await arrives(world, held)
        await world.start()
        if moment == "after the start":
            await world.exchange.settled()
            arrived += await arrives(world, held)
        elif moment == "after everything has ended":
            await ends_well(world, where)
            arrived += await arrives(world, held)
        await world.exchange.settled()
        assert await world.violations(patience_us=0) == [], where
        assert await all_or_nothing(world) == [], where
        await ends_well(world, where)
        await world.exchange.close()
    assert arrived or moment == "after everything has ended"


async def test_a_market_that_an_older_version_left_waiting_for_an_ended_parent_is_told_at_the_start() -> None:
    world = World()
    await world.start()
    await open_market(world, "PARENT")
    operations = world.exchange.operations
    await operations.create_market(CreateMarket(ticker=Ticker("CHILD"), title="child"))
    await operations.resolve(Ticker("PARENT"), Result.NO)
    await world.exchange.settled()
    await world.exchange.close()
    linked = ConditionLinked(parent=Ticker("PARENT"), required=Result.YES)
    cause = Cause(command_id=UUID(int=1), correlation_id=UUID(int=1), at_us=world.clock.now_us())
    await world.log.append("market-CHILD", [world.codec.encode(linked, UUID(int=2), cause)], expected=0)
    seen = await last_landmark(world.log, Filter(stream_prefixes=("market-CHILD",)))
    assert seen is not None
    await world.checkpoints.save(CHECKPOINT, seen)  # and nothing was done
    named = await world.violations(patience_us=0)
    assert named == ["market CHILD: waits for PARENT, which has ended"]
    await world.start()
    assert await world.violations(patience_us=0) == []
    market = await world.exchange.directory.find_market(Ticker("CHILD"))
    assert market is not None
    assert market.condition is Condition.FAILED
    await world.exchange.close()


async def test_no_order_that_was_to_leave_on_a_pause_trades_after_it_wherever_the_process_stopped() -> None:
    story = STORIES[-1]
    for crash_at in range(1, await appends_of(story) + 1):
        world = World()
        await world.run(story, crash_at=crash_at, after=True)
        await world.start()
        market = await world.exchange.directory.find_market(Ticker("M"))
        was_paused = market is not None and market.status is MarketStatus.PAUSED
        if was_paused:
            await world.exchange.operations.resume(Ticker("M"))
            state = await world.exchange.directory.market(Ticker("M")).state()
            assert not state.leave_on_pause, crash_at
            assert all(not order.cancel_on_pause for order in state.orders.values())
        await world.exchange.close()


async def test_what_waits_for_a_condition_knows_it_when_its_parents_end_is_answered() -> None:
    world = World()
    await world.start()
    await STORIES[2](world)
    for name in ("CHILD", "LATER"):
        market = await world.exchange.directory.find_market(Ticker(name))
        assert market is not None
        assert (market.condition, market.ended) == (Condition.FAILED, True), name
    await world.exchange.close()
