"""What undoes an order that came too far: its money is free again before its sender hears of the refusal."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.simulation.world import World
from application.ports.event_store import Filter
from domain.identifiers import Ticker
from domain.rejections import Reason, Rejected
from tests.simulation.scenarios import A, fund, open_market


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.start()
    await fund(world)
    await open_market(world, "M")
    yield world
    await world.exchange.close()


async def test_an_order_that_its_market_refuses_after_all_has_its_money_back_when_that_is_told(
    world: World,
) -> None:
    # The market is still open when the order is looked at, and is no longer when its money is reserved.
    refused, _ = await asyncio.gather(
        world.place(A, "yes", "buy", 40, 10), world.exchange.operations.pause(Ticker("M"))
    )
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.MARKET_PAUSED
    account = (await world.exchange.directory.ledger(A).state()).accounts[A]
    assert (account.cash, account.reserved) == (10**9, 0)
    pages = world.log.read_all(matching=Filter(types=("FundsReserved", "ReservationReleased")))
    booked = [world.codec.decode(event) async for page in pages for event in page.events]
    assert [type(each.event).__name__ for each in booked] == ["FundsReserved", "ReservationReleased"]
    assert booked[0].cause.correlation_id == booked[1].cause.correlation_id
    assert booked[0].cause.command_id != booked[1].cause.command_id, "each step has an id of its own"
