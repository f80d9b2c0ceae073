"""Order groups over ledgers and markets: the limit holds, and closed means gone, whatever happens between."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import pytest

from adapters.simulation.failing_store import FailingStore
from adapters.simulation.world import World
from application.events import DomainEvent
from application.ports.event_store import (
    Appended,
    AppendOutcomeUnknown,
    NewEvent,
    RecordedEvent,
    StoreUnavailable,
)
from application.requests import OrderAccepted
from domain.identifiers import Ticker
from domain.market.events import OrderGroupBounded, TradeExecuted
from domain.quantities import Quantity
from domain.rejections import Reason, Rejected

from .late_appends import HoldingStore, arrives
from .scenarios import A, B, C, fund, open_market, order_groups_fill_and_end
from .test_two_streams import appends_of, ends_well

M, N = Ticker("M"), Ticker("N")


async def open_world(limit: int = 10, store_type: type[FailingStore] = FailingStore) -> tuple[World, str]:
    """Return an exchange with two markets, and a group of Ann's."""
    world = World(store_type=store_type)
    await world.start()
    await fund(world)
    for ticker in (M, N):
        await open_market(world, ticker)
    name, _ = await world.exchange.trading.create_order_group(A, Quantity(100 * limit))
    return world, name


async def bid(world: World, name: str, ticker: Ticker = M, cents: int = 40) -> object:
    return await world.place(A, "yes", "buy", cents, 10, ticker=ticker, order_group_id=name)


async def open_orders(world: World, name: str) -> int:
    """Return how many orders of a group are open, in whatever market."""
    found = 0
    for ticker in (M, N):
        state = await world.exchange.directory.market(ticker).state()
        found += sum(order.order_group_id == name for order in state.orders.values())
    return found


async def filled(world: World, name: str) -> int:
    """Return how much of a group has filled, by the trades in the log."""
    total = 0
    async for page in world.log.read_all():
        for stored in page.events:
            event = world.codec.decode(stored).event
            if isinstance(event, TradeExecuted):
                total += sum(
                    event.quantity for leg in (event.maker, event.taker) if leg.order_group_id == name
                )
    return total


async def end(world: World) -> None:
    await world.exchange.settled()
    assert await world.violations(patience_us=0) == []
    await world.exchange.close()


async def test_one_taker_of_fifty_fills_ten_of_five_orders_of_ten() -> None:
    world, name = await open_world()
    for _ in range(5):
        await bid(world, name)
    await world.place(B, "no", "buy", 60, 50)
    assert await filled(world, name) == 1_000
    assert await open_orders(world, name) == 0
    assert isinstance(await bid(world, name), Rejected)
    await end(world)


async def test_a_batch_of_twenty_orders_fills_no_more_than_the_limit() -> None:
    world, name = await open_world()
    await world.place(B, "no", "buy", 60, 300)
    answers = await asyncio.gather(*(bid(world, name) for _ in range(20)))
    await world.exchange.settled()
    assert await filled(world, name) == 1_000
    assert sum(isinstance(answer, OrderAccepted) for answer in answers) == 1
    assert {answer.reason for answer in answers if isinstance(answer, Rejected)} == {
        Reason.ORDER_GROUP_TRIGGERED
    }
    await end(world)


async def test_what_has_filled_in_one_market_does_not_fill_in_another() -> None:
    world, name = await open_world()
    await bid(world, name, M)
    await bid(world, name, N)
    await world.place(B, "no", "buy", 60, 6, ticker=M)
    await world.exchange.settled()
    await world.place(B, "no", "buy", 60, 10, ticker=N)
    assert await filled(world, name) == 1_000
    await world.exchange.settled()
    assert await open_orders(world, name) == 0
    await end(world)


async def test_markets_that_fill_at_once_exceed_the_limit_by_what_is_under_way_at_most() -> None:
    world, name = await open_world()
    for ticker in (M, N):
        await bid(world, name, ticker)
    await asyncio.gather(*(world.place(B, "no", "buy", 60, 10, ticker=ticker) for ticker in (M, N)))
    await world.exchange.settled()
    assert await filled(world, name) == 2_000
    assert isinstance(await bid(world, name), Rejected)
    await end(world)


@pytest.mark.parametrize("how", ["trigger_order_group", "delete_order_group"])
async def test_nothing_of_a_closed_group_is_open_when_its_end_is_answered(how: str) -> None:
    world, name = await open_world()
    for ticker in (M, N, M):
        await bid(world, name, ticker)
    await getattr(world.exchange.trading, how)(A, name)
    assert await open_orders(world, name) == 0
    await end(world)


@pytest.mark.parametrize("how", ["trigger_order_group", "delete_order_group"])
async def test_nothing_stays_open_where_placing_and_closing_meet(how: str) -> None:
    for ahead in range(12):
        world, name = await open_world()
        placing = [asyncio.create_task(bid(world, name, ticker)) for ticker in (M, N, M, N)]
        for _ in range(ahead):
            await asyncio.sleep(0)
        await getattr(world.exchange.trading, how)(A, name)
        await asyncio.gather(*placing)
        assert await open_orders(world, name) == 0, ahead
        await end(world)


async def test_a_reset_group_takes_orders_at_once_and_counts_from_nothing() -> None:
    world, name = await open_world()
    await bid(world, name)
    await world.place(B, "no", "buy", 60, 9)
    await world.exchange.trading.reset_order_group(A, name)
    await bid(world, name)
    await world.place(B, "no", "buy", 60, 11)
    assert await filled(world, name) == 1_900
    await world.exchange.trading.trigger_order_group(A, name)
    await world.exchange.trading.reset_order_group(A, name)
    assert isinstance(await bid(world, name), OrderAccepted)
    await end(world)


class RefusingStore(FailingStore):
    """Refuses the first append that tells a market of the end, or loses what became of it."""

    error: Exception | None = None

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        if self.error is not None and events[0].type == "OrderGroupBounded":
            error, self.error = self.error, None
            raise error
        return await super().append(stream, events, expected=expected)


@pytest.mark.parametrize("error", [StoreUnavailable("away"), AppendOutcomeUnknown("lost")])
async def test_one_error_of_the_store_leaves_no_order_of_a_closed_group_open(error: Exception) -> None:
    world, name = await open_world(store_type=RefusingStore)
    for ticker in (M, N):
        await bid(world, name, ticker)
    await world.exchange.settled()
    assert isinstance(world.store, RefusingStore)
    world.store.error = error
    with contextlib.suppress(StoreUnavailable, AppendOutcomeUnknown):
        await world.exchange.trading.trigger_order_group(A, name)
    await world.exchange.settled()
    assert await open_orders(world, name) == 0
    await end(world)


async def test_a_market_that_is_not_loaded_takes_the_orders_off_too() -> None:
    world, name = await open_world()
    await bid(world, name)
    await world.exchange.settled()
    del world.exchange.directory.markets[M]
    await world.exchange.trading.trigger_order_group(A, name)
    assert await open_orders(world, name) == 0
    await end(world)


@pytest.mark.parametrize("moment", ["before the start", "after the start", "after everything has ended"])
async def test_an_append_of_an_order_group_that_comes_late_is_fenced_or_counts(moment: str) -> None:
    for crash_at in range(1, await appends_of(order_groups_fill_and_end) + 1):
        world = World(store_type=HoldingStore)
        await world.run(order_groups_fill_and_end, crash_at=crash_at)
        assert isinstance(world.store, HoldingStore)
        held = world.store.held
        where = f"append {crash_at} comes {moment}"
        if moment == "before the start":
            await arrives(world, held)
        await world.start()
        if moment == "after the start":
            await world.exchange.settled()
            await arrives(world, held)
        elif moment == "after everything has ended":
            await ends_well(world, where)
            await arrives(world, held)
        await world.exchange.settled()
        assert await world.violations(patience_us=0) == [], where
        await ends_well(world, where)
        await world.exchange.close()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_wherever_the_process_stops_closed_groups_have_no_orders_once_it_has_started_again(
    *, after: bool
) -> None:
    for crash_at in range(1, await appends_of(order_groups_fill_and_end) + 1):
        world = World()
        await world.run(order_groups_fill_and_end, crash_at=crash_at, after=after)
        await world.start()
        await world.exchange.settled()
        for ledger in world.exchange.directory.ledgers:
            groups = (await ledger.state()).order_groups
            for ticker in (M, N):
                market = await world.exchange.directory.find_market(ticker)
                for order in market.orders.values() if market else ():
                    if order.order_group_id is not None and order.account_id == A:
                        group = groups.get(order.order_group_id)
                        assert group is None or not group.triggered, crash_at
        assert await world.violations(patience_us=0) == [], crash_at
        await world.exchange.close()


async def copied(world: World, change: Callable[[RecordedEvent, DomainEvent], bytes | None]) -> World:
    """Return a world whose log is a copy of another's with changes, up to what is left out."""
    copy = World()
    async for page in world.log.read_all():
        for stored in page.events:
            data = change(stored, world.codec.decode(stored).event)
            if data is None:
                return copy
            new = NewEvent(id=stored.id, type=stored.type, data=data, metadata=stored.metadata)
            await copy.log.append(stored.stream, [new], expected=stored.revision - 1)
    return copy


async def test_verify_names_an_order_group_over_its_limit() -> None:
    world, name = await open_world()
    for _ in range(2):
        await bid(world, name)
    await world.place(C, "no", "buy", 60, 15)
    await world.exchange.close()

    def told_less(stored: RecordedEvent, event: DomainEvent) -> bytes:
        if isinstance(event, OrderGroupBounded):
            return stored.data.replace(b'"allowance":1000', b'"allowance":999')
        return stored.data

    broken = await copied(world, told_less)
    assert [each for each in await broken.violations() if "order group" in each] == [
        f"market M: 1000 of order group {name} fill in trade M:1, and 999 may"
    ]


async def test_verify_names_a_closed_order_group_whose_orders_stay_open() -> None:
    world, name = await open_world()
    for _ in range(2):
        await bid(world, name)
    await world.exchange.settled()
    await world.exchange.trading.trigger_order_group(A, name)
    await world.exchange.close()

    def never_told(stored: RecordedEvent, event: DomainEvent) -> bytes | None:
        return None if isinstance(event, OrderGroupBounded) and not event.allowance else stored.data

    broken = await copied(world, never_told)
    assert await broken.violations(patience_us=0) == [
        f"market M: order group {name} is closed and has 2 open orders"
    ]
