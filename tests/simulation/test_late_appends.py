"""Appends of orders and amendments that arrive at any later moment: fenced, or counted once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.checkpoints import MemoryCheckpoints
from adapters.simulation.failing_store import FailingStore
from adapters.simulation.world import World
from domain.quantities import Money

from .late_appends import FreezingStore, HoldingStore, arrives
from .scenarios import A, B, C, placed_matched_settled_resolved
from .trader_stories import TRADER_STORIES

Story = Callable[[World], Awaitable[None]]
STORIES: tuple[Story, ...] = (*TRADER_STORIES, placed_matched_settled_resolved)


async def appends_of(story: Story) -> int:
    world = World()
    assert not await world.run(story)
    return world.store.appends


async def all_withdraw(world: World, reference: str) -> None:
    """Take out whatever is free, so that nobody else's money makes up for what is missing."""
    for account in (A, B, C):
        ledger = await world.exchange.directory.ledger(account).state()
        await world.exchange.operations.withdraw(account, Money(ledger.cash(account)), reference)


async def nothing_is_under_way(world: World) -> None:
    for ledger in world.exchange.directory.ledgers:
        state = await ledger.state()
        assert not state.amendments
        assert not [order for order, held in state.reservations.items() if held.pending or held.extra]


async def ends_well(world: World, where: str) -> None:
    await world.recover()
    assert await world.violations() == [], where
    await nothing_is_under_way(world)
    await world.finish()
    assert await world.violations() == [], where
    assert await world.leftovers() == [], where
    assert not world.exchange.set_aside, where


@pytest.mark.parametrize("again", [0, 1, 2, 3])
@pytest.mark.parametrize("story", STORIES)
async def test_an_append_that_comes_late_is_fenced_or_counts_once(story: Story, again: int) -> None:
    """It comes right after the crash, or in the middle of, or after, the recovery from it."""
    for crash_at in range(1, await appends_of(story) + 1):
        world = World(store_type=HoldingStore)
        await world.run(story, crash_at=crash_at)
        assert isinstance(world.store, HoldingStore)
        held, where = world.store.held, f"append {crash_at} comes late"

        async def recover(world: World) -> None:
            await all_withdraw(world, "recovered")

        if again:
            await world.run(recover, crash_at=again, after=True)
        await arrives(world, held)
        assert await world.violations() == [], where
        await world.start()
        await all_withdraw(world, "restarted")
        await arrives(world, held)
        await ends_well(world, where)
        await world.exchange.close()


@pytest.mark.parametrize("story", STORIES)
async def test_a_process_that_froze_and_was_replaced_does_no_harm_when_it_wakes(story: Story) -> None:
    for freeze_at in range(1, await appends_of(story) + 1):
        frozen = World(store_type=FreezingStore)
        await frozen.start()
        store = frozen.store
        assert isinstance(store, FreezingStore)
        store.freeze_at = freeze_at
        told = asyncio.ensure_future(_story(story, frozen))
        reached = asyncio.ensure_future(store.frozen.wait())
        await asyncio.wait({told, reached}, return_when=asyncio.FIRST_COMPLETED)
        reached.cancel()
        another = World(seed=2)
        another.log, another.clock = frozen.log, frozen.clock
        another.checkpoints, another.acknowledged = MemoryCheckpoints(), frozen.acknowledged
        await another.start()
        await all_withdraw(another, "meanwhile")
        store.thawed.set()
        await told
        await frozen.exchange.close()
        await ends_well(another, f"frozen at append {freeze_at}")
        await another.exchange.close()


async def _story(story: Story, world: World) -> None:
    await story(world)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("story", TRADER_STORIES)
async def test_a_crash_at_any_append_loses_nothing_acknowledged(story: Story, *, after: bool) -> None:
    for crash_at in range(1, await appends_of(story) + 1):
        world = World(store_type=FailingStore)
        await world.run(story, crash_at=crash_at, after=after)
        where = f"crash {'after' if after else 'before'} append {crash_at}"
        assert await world.violations() == [], where
        await world.start()
        await ends_well(world, where)
        await world.exchange.close()


@pytest.mark.parametrize("story", TRADER_STORIES)
async def test_a_crash_during_the_recovery_from_a_crash_is_recovered_from(story: Story) -> None:
    for crash_at in range(1, await appends_of(story) + 1):
        world = World()
        await world.run(story, crash_at=crash_at, after=True)
        for again in (1, 2, 3):
            await world.run(World.finish, crash_at=again, after=again % 2 == 0)
            assert await world.violations() == []
        await world.start()
        await ends_well(world, f"crash at {crash_at}")
        await world.exchange.close()
