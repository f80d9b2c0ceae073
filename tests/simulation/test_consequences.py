"""An operator's command that was carried out is never answered as if nothing had been done."""

import asyncio

import pytest

from adapters.simulation.world import World
from application.ports.event_store import StoreUnavailable
from application.processes import consequences
from application.processes.consequences import StillUnderWay
from domain.identifiers import Ticker
from domain.market.vocabulary import MarketStatus, Result

from .operator_stories import PARENT, lists
from .scenarios import fund, open_market

CHILD = Ticker("CHILD")


async def a_parent_and_its_child() -> World:
    world = World()
    await world.start()
    await fund(world)
    await open_market(world, "PARENT")
    await lists(world, "CHILD", condition=PARENT)
    await world.exchange.settled()
    return world


async def test_what_takes_too_long_is_said_to_be_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await a_parent_and_its_child()
    monkeypatch.setattr(consequences, "FOLLOWS_S", 0.01)
    monkeypatch.setattr(world.exchange.processes, "reach", lambda _: asyncio.Event().wait())
    with pytest.raises(StillUnderWay, match="was carried out"):
        await world.exchange.operations.resolve(PARENT.parent, Result.NO)
    parent = await world.exchange.directory.find_market(PARENT.parent)
    assert parent is not None
    assert parent.status is MarketStatus.FINALIZED
    monkeypatch.undo()
    await world.exchange.close()


async def test_a_store_that_goes_away_afterwards_does_not_undo_what_was_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await a_parent_and_its_child()

    async def away(_: object) -> None:
        raise StoreUnavailable("the store is away")

    monkeypatch.setattr(world.exchange.processes, "reach", away)
    with pytest.raises(StillUnderWay, match="was carried out"):
        await world.exchange.operations.resolve(PARENT.parent, Result.YES)
    monkeypatch.undo()
    await world.exchange.close()
