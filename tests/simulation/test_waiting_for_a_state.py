"""Whoever waits for a state that knows an event lets time pass meanwhile."""

import asyncio

import pytest

from adapters.simulation.steps import set_up
from adapters.simulation.virtual_time import StoodStill, run_simulated
from adapters.simulation.world import World
from domain.identifiers import Ticker
from domain.market.vocabulary import MarketStatus


def test_a_state_that_is_being_written_by_a_slow_store_is_waited_for() -> None:
    async def main() -> None:
        world = World()
        await world.start()
        await set_up(world)
        market = world.exchange.directory.market(Ticker("M"))
        known = (await market.state()).revision
        world.store.delay_s = lambda: 0.5
        pausing = asyncio.create_task(world.exchange.operations.pause(Ticker("M")))
        while not market._handling:  # noqa: ASYNC110 (until the owner has begun)
            await asyncio.sleep(0)
        assert (await market.state_after(known + 1)).status is MarketStatus.PAUSED
        await pausing
        await world.exchange.close()

    run_simulated(main())


def test_turning_in_circles_is_noticed() -> None:
    async def main() -> None:
        while True:  # noqa: ASYNC110
            await asyncio.sleep(0)

    with pytest.raises(StoodStill, match="turns in circles"):
        run_simulated(main())


def test_waiting_for_nothing_is_noticed() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(StoodStill, match="nothing is due"):
        run_simulated(main())
