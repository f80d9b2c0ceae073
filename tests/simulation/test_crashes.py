"""Crash before and after every append, restart, and everything still holds."""

import pytest

from adapters.simulation.world import World

from .scenarios import SCENARIOS


async def appends_of(name: str) -> int:
    world = World()
    assert not await world.run(SCENARIOS[name])
    return world.store.appends


@pytest.mark.parametrize("name", SCENARIOS)
async def test_without_a_crash_the_story_leaves_nothing_behind(name: str) -> None:
    world = World()
    assert not await world.run(SCENARIOS[name])
    assert await world.violations() == []
    await world.start()
    await world.finish()
    assert await world.leftovers() == []
    await world.exchange.close()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_crash_at_any_append_loses_nothing_acknowledged_and_keeps_every_invariant(
    name: str,
    after: bool,  # noqa: FBT001
) -> None:
    crashes = 0
    for crash_at in range(1, await appends_of(name) + 1):
        world = World()
        crashed = await world.run(SCENARIOS[name], crash_at=crash_at, after=after)
        crashes += crashed
        where = f"crash {'after' if after else 'before'} append {crash_at}"
        assert await world.violations() == [], where
        await world.start()
        await world.exchange.settled()
        assert await world.violations() == [], f"{where}, restarted"
        pending = [
            order_id
            for ledger in world.exchange.directory.ledgers
            for order_id, held in (await ledger.state()).reservations.items()
            if held.pending or held.extra
        ]
        assert pending == [], f"{where}: every saga has ended"
        await world.finish()
        assert await world.leftovers() == [], f"{where}, finished"
        assert await world.violations() == [], f"{where}, finished"
        await world.exchange.close()
    assert crashes > 15


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_crash_during_the_recovery_from_a_crash_is_recovered_from(name: str) -> None:
    for crash_at in range(3, await appends_of(name) + 1, 4):
        world = World()
        await world.run(SCENARIOS[name], crash_at=crash_at, after=True)
        for again in (1, 2, 3):

            async def recover(world: World) -> None:
                await world.finish()

            await world.run(recover, crash_at=again, after=again % 2 == 0)
            assert await world.violations() == []
        await world.start()
        await world.finish()
        assert await world.leftovers() == []
        await world.exchange.close()
