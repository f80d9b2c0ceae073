"""Two instances of Presage on one log, each of which hears of events when the test lets it."""

import asyncio
import random
import re
from collections.abc import AsyncIterator

import pytest

from adapters.checkpoints import MemoryCheckpoints
from adapters.simulation.failing_store import FailingStore
from adapters.simulation.world import World
from adapters.snapshots.memory import MemorySnapshots
from application.ports.event_store import START, Filter, Page, Position
from application.requests import Accepted, OrderAccepted, OrderRequest, Requirement
from domain.group.commands import CreateGroup
from domain.identifiers import AccountId, GroupId, Ticker
from domain.ledger.state import LedgerState
from domain.market.commands import CreateMarket, PauseMarket, ResumeMarket
from domain.market.vocabulary import Action, MarketStatus, Result, Side
from domain.quantities import Money, Quantity, Ticks

TRADERS = [f"trader-{number}" for number in range(6)]


class DeafStore(FailingStore):
    """A store whose subscriptions say nothing while it is deaf."""

    def __init__(self, *arguments: object, **more: object) -> None:
        super().__init__(*arguments, **more)  # type: ignore[arg-type]
        self.hears = asyncio.Event()
        self.hears.set()

    async def subscribe(self, *, after: Position = START, matching: Filter = Filter()) -> AsyncIterator[Page]:
        async for page in super().subscribe(after=after, matching=matching):
            await self.hears.wait()
            yield page


def hearing(world: World) -> asyncio.Event:
    assert isinstance(world.store, DeafStore)
    return world.store.hears


async def two(*, apart_s: int | None = None) -> tuple[World, World]:
    """Return two instances on one log, that know of an open market and of everybody's money.

    They have one clock, or two of which the second goes so far ahead.
    """
    one, other = World(1, DeafStore), World(2, DeafStore)
    other.log = one.log
    if apart_s is None:
        other.clock = one.clock
    else:
        other.clock.time_us += apart_s * 1_000_000
    other.checkpoints, other.snapshots = MemoryCheckpoints(), MemorySnapshots()
    await one.start()
    operations = one.exchange.operations
    for trader in TRADERS:
        await one.must(operations.deposit(AccountId(trader), Money(10**10), "first"))
    await one.must(operations.create_market(CreateMarket(ticker=Ticker("M"), title="M")))
    await one.must(operations.activate(Ticker("M")))
    await other.start()
    for world in (one, other):
        await world.exchange.settled()
        await world.exchange.directory.market(Ticker("M")).state()
        await ledgers(world)
    return one, other


async def ledgers(world: World) -> list[LedgerState]:
    return [await ledger.state() for ledger in world.exchange.directory.ledgers]


async def agree(*worlds: World) -> None:
    """Check that the log is in order, and that nothing is under way any more."""
    for world in worlds:
        hearing(world).set()
    for world in worlds:
        await world.exchange.settled()
    assert await worlds[0].violations() == []
    for world in worlds:
        # Each reads on before it says that there is no such reservation to be released.
        for ledger in await ledgers(world):
            assert not [held for held in ledger.reservations.values() if held.pending]


def in_one_ledger(world: World) -> tuple[str, str]:
    """Return two traders whose money is in the same ledger."""
    first, *others = TRADERS
    where = world.exchange.directory.partition_of
    return first, next(other for other in others if where(AccountId(other)) == where(AccountId(first)))


async def test_an_order_that_the_other_reserved_for_is_booked_by_who_hears_of_it_first() -> None:
    """The ledger as it is known there says nothing of the order: it is read on before it is passed over."""
    one, other = await two()
    first, second = in_one_ledger(one)
    hearing(one).clear()
    await one.place(first, "yes", "buy", 40, 1)
    await other.exchange.settled()
    # What is booked from now on is later than the order: who hears of it then passes over it.
    await other.place(second, "yes", "buy", 41, 1)
    await other.exchange.settled()
    await agree(one, other)
    for world in (one, other):
        await world.exchange.close()


@pytest.mark.parametrize("seed", range(20))
async def test_whoever_hears_of_what_when_the_money_is_right(seed: int) -> None:
    await trade_and_agree(random.Random(seed), await two())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("apart_s", [-3_600, 3_600])
async def test_clocks_that_are_an_hour_apart_move_no_money_and_are_told(
    seed: int, apart_s: int, caplog: pytest.LogCaptureFixture
) -> None:
    worlds = one, other = await two(apart_s=apart_s)
    await trade_and_agree(random.Random(seed), worlds)
    assert abs(one.clock.time_us - other.clock.time_us) > 3_000 * 1_000_000, "they were apart to the end"
    # In ledgers a booking that both have written has the time of the first; the other takes it for its own.
    pages = one.log.read_stream("market-M")
    times_us = [one.codec.decode(event).cause.at_us async for page in pages for event in page]
    assert times_us == sorted(times_us), (
        "whoever decided, the times of a market are in the order of its events"
    )
    assert re.search(r"market-M: its last event is dated 3(600|599) s later than the clock here", caplog.text)


async def trade_and_agree(chance: random.Random, worlds: tuple[World, World]) -> None:
    """Let both trade, each hearing of the other when it may be, and check all that must hold."""
    asked: list[asyncio.Task[object]] = []
    for number in range(120):
        world = chance.choice(worlds)
        match chance.randrange(6):
            case 0:
                hearing(world).clear()
            case 1:
                hearing(world).set()
            case 2 if world.acknowledged:
                order = chance.choice(world.acknowledged)
                account = AccountId(chance.choice(TRADERS))
                asked.append(asyncio.ensure_future(world.exchange.trading.cancel(account, order)))  # type: ignore[arg-type]
            case _:
                side, cents = chance.choice(["yes", "no"]), chance.randrange(35, 65)
                placing = world.place(
                    chance.choice(TRADERS), side, "buy", cents, 1 + number % 5, client_order_id=f"{number}"
                )
                asked.append(asyncio.ensure_future(placing))
        for _ in range(chance.randrange(40)):
            await asyncio.sleep(0)
    for world in worlds:
        hearing(world).set()
    await asyncio.gather(*asked)
    await agree(*worlds)
    for world in worlds:
        await world.finish()
    assert await worlds[0].violations() == []
    assert await worlds[0].leftovers() == []
    for world in worlds:
        await world.exchange.close()


async def deaf_pair() -> tuple[World, World]:
    """Return two instances of which the second hears nothing of what the first does."""
    one, other = await two()
    hearing(other).clear()
    return one, other


def request_of(trader: str, name: str = "") -> OrderRequest:
    return OrderRequest(
        account_id=AccountId(trader),
        ticker=Ticker("M"),
        side=Side.YES,
        action=Action.BUY,
        quantity=Quantity(100),
        price_ticks=Ticks(4_000),
        client_order_id=name,
    )


async def test_a_market_that_the_other_opened_again_takes_orders_here() -> None:
    one, other = await two()
    await one.must(one.exchange.operations.market(Ticker("M"), PauseMarket()))
    await other.exchange.settled()
    assert not isinstance(await other.exchange.trading.place(request_of(TRADERS[0])), OrderAccepted)
    hearing(other).clear()
    await one.must(one.exchange.operations.market(Ticker("M"), ResumeMarket()))
    assert isinstance(await other.exchange.trading.place(request_of(TRADERS[0])), OrderAccepted)
    for world in (one, other):
        hearing(world).set()
        await world.exchange.close()


async def test_an_order_that_the_other_placed_is_found_here_at_once() -> None:
    one, other = await deaf_pair()
    placed = await one.exchange.trading.place(request_of(TRADERS[0], "mine"))
    assert isinstance(placed, OrderAccepted)
    canceled = await other.exchange.trading.cancel(AccountId(TRADERS[0]), placed.order_id)
    assert isinstance(canceled, OrderAccepted)
    for world in (one, other):
        hearing(world).set()
        await world.exchange.close()


async def test_a_repetition_is_told_the_first_answer_and_not_why_it_would_be_refused_now() -> None:
    one, other = await deaf_pair()
    request = request_of(TRADERS[0], "mine")
    placed = await one.exchange.trading.place(request)
    assert isinstance(placed, OrderAccepted)
    await one.must(one.exchange.operations.market(Ticker("M"), PauseMarket()))
    await other.exchange.directory.market(Ticker("M")).present()
    again = await other.exchange.trading.place(request)
    assert isinstance(again, OrderAccepted)
    assert again.order_id == placed.order_id
    for world in (one, other):
        hearing(world).set()
        await world.exchange.close()


async def list_in_group(world: World, ticker: str, condition: Requirement | None = None) -> None:
    listing = CreateMarket(ticker=Ticker(ticker), title=ticker, group_id=GroupId("G"))
    await world.must(world.exchange.operations.create_market(listing, condition=condition, activate=True))


async def ended(*worlds: World) -> None:
    for world in worlds:
        hearing(world).set()
        await world.exchange.close()


async def test_a_market_that_the_other_listed_in_a_group_can_win_here() -> None:
    one, other = await two()
    await one.must(one.exchange.operations.create_group(CreateGroup(group_id=GroupId("G"), title="G")))
    await list_in_group(one, "A")
    await other.exchange.settled()
    hearing(other).clear()
    await list_in_group(one, "B")
    deciding = asyncio.create_task(other.exchange.operations.determine_group(GroupId("G"), Ticker("B")))
    await asyncio.sleep(0)
    hearing(other).set()
    assert isinstance(await deciding, Accepted)
    await ended(one, other)


async def test_a_group_that_the_other_determined_is_final_here() -> None:
    one, other = await two()
    await one.must(one.exchange.operations.create_group(CreateGroup(group_id=GroupId("G"), title="G")))
    await list_in_group(one, "A")
    await other.exchange.settled()
    await one.must(one.exchange.operations.determine_group(GroupId("G"), Ticker("A")))
    await other.exchange.settled()
    assert isinstance(await other.exchange.operations.finalize_group(GroupId("G")), Accepted)
    await ended(one, other)


async def test_a_member_whose_condition_is_met_here_ends_with_the_group_that_the_other_made_final() -> None:
    one, other = await two()
    await one.must(one.exchange.operations.create_group(CreateGroup(group_id=GroupId("G"), title="G")))
    await list_in_group(one, "A", Requirement(parent=Ticker("M"), required=Result.YES))
    await other.exchange.settled()
    for deciding in (
        one.exchange.operations.determine_group(GroupId("G"), Ticker("A")),
        one.exchange.operations.finalize_group(GroupId("G")),
    ):
        await one.must(deciding)
    await other.exchange.settled()
    hearing(one).clear()  # as if it had ended
    await other.must(other.exchange.operations.resolve(Ticker("M"), Result.YES))
    member = await other.exchange.directory.present_market(Ticker("A"))
    assert member is not None
    assert member.status is MarketStatus.FINALIZED
    await ended(one, other)


async def test_a_market_that_was_looked_for_before_the_other_listed_it_is_found() -> None:
    one, other = await two()
    nowhere = other.exchange.directory.market(Ticker("N"))
    assert not (await nowhere.state()).created
    await one.must(one.exchange.operations.create_market(CreateMarket(ticker=Ticker("N"), title="N")))
    assert await other.exchange.directory.find_market(Ticker("N")) is not None
    await ended(one, other)
