"""Whoever asked for an order may go away at any moment: the saga comes to its end all the same."""

import asyncio
from collections.abc import Sequence

import pytest

from adapters.simulation.failing_store import FailingStore
from adapters.simulation.world import World
from application.ports.event_store import Appended, NewEvent, StoreUnavailable
from application.requests import OrderAccepted
from domain.identifiers import Ticker

from .scenarios import A, B, fund, open_market


class WaitingStore(FailingStore):
    """Waits at an append that begins with an event of a type, before or after it is durable."""

    waits_at = ""
    afterwards = False
    refuses = ""

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        kind = events[0].type
        if kind == self.refuses:
            self.refuses = ""
            raise StoreUnavailable("the store is away for a moment")
        if kind != self.waits_at:
            return await super().append(stream, events, expected=expected)
        self.waits_at = ""
        if self.afterwards:
            appended = await super().append(stream, events, expected=expected)
            await self._pause()
            return appended
        await self._pause()
        return await super().append(stream, events, expected=expected)

    async def _pause(self) -> None:
        self.there.set()
        await self.go_on.wait()

    def wait_at(self, kind: str, *, afterwards: bool) -> None:
        self.waits_at, self.afterwards = kind, afterwards
        self.there, self.go_on = asyncio.Event(), asyncio.Event()


async def trading_world() -> tuple[World, WaitingStore]:
    world = World(store_type=WaitingStore)
    await world.start()
    await fund(world)
    await open_market(world, "M")
    await world.place(A, "yes", "buy", 40, 10)
    assert isinstance(world.store, WaitingStore)
    return world, world.store


def order_of_bob(world: World) -> "asyncio.Task[object]":
    return asyncio.create_task(world.place(B, "no", "buy", 65, 4, client_order_id="mine"))


async def leave(caller: "asyncio.Task[object]") -> None:
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller


async def leave_and_ask_again(world: World, store: WaitingStore) -> "asyncio.Task[object]":
    """Go away where the store waits, ask for the same order again, and let the store go on."""
    caller = order_of_bob(world)
    await store.there.wait()
    await leave(caller)
    again = order_of_bob(world)
    await asyncio.sleep(0)
    store.go_on.set()
    return again


async def end(world: World) -> list[str]:
    """Settle everything; nothing is left under way and everything holds. Return what was recorded."""
    await world.exchange.trading.close()
    await world.exchange.settled()
    types = [event.type async for page in world.log.read_all() for event in page.events]
    assert not await world.violations()
    await world.finish()
    assert not await world.leftovers()
    await world.exchange.close()
    return types


@pytest.mark.parametrize("afterwards", [False, True])
@pytest.mark.parametrize("kind", ["FundsReserved", "OrderPlaced"])
async def test_the_order_is_placed_once_and_its_answer_is_there_for_who_asks_again(
    *, kind: str, afterwards: bool
) -> None:
    world, store = await trading_world()
    store.wait_at(kind, afterwards=afterwards)
    answer = await (await leave_and_ask_again(world, store))
    assert isinstance(answer, OrderAccepted)
    assert answer.order is not None
    assert answer.order.filled == 400
    types = await end(world)
    assert types.count("OrderPlaced") == types.count("FundsReserved") == 2


async def test_who_leaves_before_anything_was_decided_leaves_a_saga_that_is_decided_once() -> None:
    world, _ = await trading_world()
    caller = order_of_bob(world)
    await asyncio.sleep(0)
    await leave(caller)
    types = await end(world)
    assert types.count("OrderPlaced") == types.count("FundsReserved") == 2


@pytest.mark.parametrize("afterwards", [False, True])
async def test_money_of_an_order_that_the_market_did_not_take_goes_back_once(*, afterwards: bool) -> None:
    world, store = await trading_world()
    store.wait_at("FundsReserved", afterwards=False)
    caller = order_of_bob(world)
    await store.there.wait()
    await world.exchange.operations.pause(Ticker("M"))
    store.go_on.set()
    store.wait_at("ReservationReleased", afterwards=afterwards)
    await store.there.wait()
    await leave(caller)
    store.go_on.set()
    types = await end(world)
    assert types.count("ReservationReleased") == 1
    assert types.count("OrderPlaced") == 1


async def test_an_order_whose_compensation_is_under_way_is_not_placed_after_all() -> None:
    world, store = await trading_world()
    store.refuses = "OrderPlaced"
    store.wait_at("ReservationReleased", afterwards=False)
    again = await leave_and_ask_again(world, store)
    with pytest.raises(StoreUnavailable):
        await again
    assert (await end(world)).count("OrderPlaced") == 1


async def test_who_closes_does_not_wait_for_an_order_that_ends_in_the_same_turn() -> None:
    world, _ = await trading_world()
    turns, ended = 0, False
    while not ended:
        caller = asyncio.create_task(world.place(B, "no", "buy", 20, 1))
        for _ in range(turns):
            await asyncio.sleep(0)
        ended, turns = caller.done(), turns + 1
        async with asyncio.timeout(60):
            await world.exchange.trading.close()
        await caller
    assert "OrderPlaced" in await end(world)
