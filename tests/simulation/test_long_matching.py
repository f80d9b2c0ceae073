"""An order that takes many steps, and many appends: wherever the process stops, it is matched to its end."""

import pytest

from adapters.simulation.world import World
from application.hosting import owner
from domain.identifiers import Ticker
from domain.market import matching
from domain.market.vocabulary import OrderType, TimeInForce
from domain.quantities import Ticks

from .scenarios import A, B, C, fund, open_market

M = Ticker("M")


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step ends within an append, and an append within a step."""
    monkeypatch.setattr(matching, "STEP", 3)
    monkeypatch.setattr(owner, "APPEND_BYTES", 4_000)


async def one_order_meets_many(world: World) -> None:
    await fund(world)
    await open_market(world, "M")
    for number in range(8):
        await world.place(A, "no", "buy", 40 - number % 2, 1)
    await world.place(C, "yes", "buy", 70, 2, order_type=OrderType.STOP, stop_price_ticks=Ticks(6_100))
    await world.place(C, "no", "buy", 35, 2)
    await world.place(B, "yes", "buy", 61, 20)
    await world.place(B, "no", "buy", 39, 12, time_in_force=TimeInForce.FILL_OR_KILL)
    await world.exchange.settled()


async def appends() -> int:
    world = World()
    assert not await world.run(one_order_meets_many)
    return world.store.appends


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_crash_at_any_append_leaves_no_order_half_matched(*, after: bool) -> None:
    for crash_at in range(1, await appends() + 1):
        world = World()
        await world.run(one_order_meets_many, crash_at=crash_at, after=after)
        where = f"crash {'after' if after else 'before'} append {crash_at}"
        assert await world.violations() == [], where
        await world.start()
        await world.exchange.settled()
        state = await world.exchange.directory.market(M).state()
        assert state.taker is None, where
        assert await world.violations(patience_us=0) == [], where
        await world.finish()
        assert await world.leftovers() == [], where
        await world.exchange.close()
