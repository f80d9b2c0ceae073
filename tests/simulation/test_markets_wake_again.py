"""What a market does by itself it does although the store failed it once, untouched by anybody."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from adapters.simulation.world import World
from application.hosting import timekeeper
from application.ports.event_store import AppendOutcomeUnknown, RecordedEvent, StoreUnavailable
from application.requests import OrderAccepted
from domain.group.commands import CreateGroup
from domain.identifiers import GroupId, Ticker
from domain.market.state import MarketState
from domain.market.vocabulary import MarketStatus, TimeInForce

from .scenarios import A, fund, open_market

M = Ticker("M")
AN_HOUR_US = 3_600_000_000


@pytest.fixture(autouse=True)
def _time_passes_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeper, "TICK_S", 0.001)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 (nobody tells us)
            await asyncio.sleep(0.002)


async def until_market(world: World, wanted: Callable[[MarketState], bool]) -> None:
    def holds() -> bool:
        state = world.exchange.directory.market(M).loaded
        return state is not None and wanted(state)

    await until(holds)


async def a_market_with_an_order(**more: object) -> World:
    world = World()
    await world.start()
    await fund(world)
    await open_market(world, "M", close_at_us=world.clock.time_us + 2 * AN_HOUR_US)
    answer = await world.place(
        A,
        "yes",
        "buy",
        40,
        10,
        time_in_force=TimeInForce.GOOD_TILL_DATE,
        expires_at_us=world.clock.time_us + AN_HOUR_US,
        **more,
    )
    assert isinstance(answer, OrderAccepted)
    await world.exchange.settled()
    return world


def times(number: int) -> Callable[[], bool]:
    """Return a fault that happens so many times."""
    left = iter([True] * number)
    return lambda: next(left, False)


@pytest.mark.parametrize("fault", [StoreUnavailable, AppendOutcomeUnknown])
async def test_an_order_expires_and_its_market_closes_after_a_fault_of_the_store(
    fault: type[Exception],
) -> None:
    world = await a_market_with_an_order()
    faults = times(2)
    if fault is StoreUnavailable:
        world.store.refuse = faults
    else:
        world.store.lose_answers = faults
    world.clock.time_us += AN_HOUR_US
    await until_market(world, lambda market: not market.orders)
    assert not faults(), "the fault has happened"
    await world.exchange.settled()
    account = (await world.exchange.directory.ledger(A).state()).accounts[A]
    assert account.reserved == 0
    world.store.refuse = times(1)
    world.clock.time_us += AN_HOUR_US
    await until_market(world, lambda market: market.status is MarketStatus.CLOSED)
    assert await world.violations() == []
    await world.exchange.close()


async def test_a_market_that_the_store_could_not_give_is_asked_for_again() -> None:
    world = await a_market_with_an_order()
    unreadable = times(3)
    read = world.store.read_stream

    def failing_read(stream: str, **how: object) -> AsyncIterator[Sequence[RecordedEvent]]:
        if stream == "market-M" and unreadable():
            raise StoreUnavailable("the store is away")
        return read(stream, **how)  # type: ignore[arg-type]

    world.store.read_stream = failing_read  # type: ignore[method-assign]
    world.store.refuse = times(1)
    world.clock.time_us += AN_HOUR_US
    await until_market(world, lambda market: not market.orders)
    assert not unreadable(), "the fault has happened"
    await world.exchange.close()


async def test_a_fault_in_one_market_does_not_stop_the_time_of_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = await a_market_with_an_order()
    await open_market(world, "BROKEN")
    broken = world.exchange.directory.market(Ticker("BROKEN"))

    def fault() -> None:
        raise ArithmeticError("a bug")

    monkeypatch.setattr(broken, "wake", fault)
    world.exchange.directory.markets = {Ticker("BROKEN"): broken, **world.exchange.directory.markets}
    world.clock.time_us += AN_HOUR_US
    await until_market(world, lambda market: not market.orders)
    assert caplog.text.count("time stands still in market BROKEN") == 1
    await world.exchange.close()


async def test_tickers_that_are_no_markets_are_not_kept() -> None:
    world = await a_market_with_an_order()
    world.exchange.directory.market(Ticker("NOPE"))
    await until(lambda: Ticker("NOPE") not in world.exchange.directory.markets)
    assert M in world.exchange.directory.markets
    await world.exchange.close()


async def test_groups_that_are_over_or_are_none_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeper, "KEEP_S", 0.01)
    world = await a_market_with_an_order()
    operations, groups = world.exchange.operations, world.exchange.directory.groups
    for name in ("OPEN", "OVER"):
        await operations.create_group(CreateGroup(group_id=GroupId(name), title=name))
    await operations.void_group(GroupId("OVER"), "rain")
    await until(lambda: GroupId("OVER") not in groups)
    world.exchange.directory.group(GroupId("NOPE"))
    await until(lambda: GroupId("NOPE") not in groups)
    assert list(groups) == [GroupId("OPEN")]
    await world.exchange.close()
