"""Engines that share an exchange keep it whole, whoever is asked and whatever moves between them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.event_schemas.codec import JsonCodec
from adapters.simulation.sources import SeededIds
from application.cluster.membership import change, handing_over, removing
from application.cluster.placement import OwnerAway
from application.events import DomainEvent
from application.requests import OrderAccepted, OrderRequest
from application.streams import ledger_stream, market_stream
from application.verification.verify import verify
from domain.cluster import EngineJoined
from domain.identifiers import AccountId, Ticker
from domain.market.events import OrderPlaced
from domain.market.vocabulary import Action, Result, Side
from domain.quantities import Quantity, Ticks
from domain.rejections import Rejected
from tests.integration.engines.neighbours import Neighbour, Neighbours, neighbours
from tests.integration.read_models.random_flow import ACCOUNTS, MARKETS, Flow, SteppingClock


class SharedFlow(Flow):
    """Random use of one of several engines."""

    def __init__(self, all_of_them: Neighbours, engine: Neighbour, clock: SteppingClock, seed: int) -> None:
        super().__init__(engine.exchange, all_of_them.log, clock, seed)
        self._all = all_of_them

    async def settle(self) -> None:
        await self._all.settled()


async def check(all_of_them: Neighbours) -> None:
    await all_of_them.settled()
    report = await verify(all_of_them.log, JsonCodec())
    assert report.violations == []
    # Each engine's ledgers have booked all there was, by themselves.
    for each in all_of_them.all.values():
        for ledger in each.exchange.directory.ledgers:
            held = (await ledger.state()).reservations.values()
            assert not [one for one in held if one.pending]


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock(1_000)


@pytest.fixture
async def two(clock: SteppingClock) -> AsyncIterator[Neighbours]:
    async with neighbours(clock, SeededIds(1), "E1", "E2") as two:
        yield two


async def test_all_an_exchange_offers_works_where_markets_and_money_are_elsewhere(
    two: Neighbours, clock: SteppingClock
) -> None:
    flow = SharedFlow(two, two.all["E1"], clock, 3)
    await flow.found()
    await flow.trade(150)
    await flow.resolve()
    asked = {stream.partition("-")[0] for stream in two.all["E2"].asked}
    assert asked >= {"market", "ledger"}
    assert len(flow.orders) > 30
    await check(two)
    ended = await two.all["E2"].exchange.directory.find_market(MARKETS[0])
    assert ended is not None
    assert ended.result is Result.NO


async def test_what_is_decided_is_decided_by_the_owner_only(two: Neighbours, clock: SteppingClock) -> None:
    flow = SharedFlow(two, two.all["E1"], clock, 4)
    await flow.found()
    one, other = two.all["E1"], two.all["E2"]
    before = {each.name: len(each.asked) for each in two.all.values()}
    for account in ACCOUNTS:
        home = one if one.here(ledger_stream(one.exchange.directory.partition_of(account))) else other
        for ticker in MARKETS[:3]:
            assert isinstance(await place(home, account, ticker), OrderAccepted)
    elsewhere = [
        (account, ticker)
        for account in ACCOUNTS
        for ticker in MARKETS[:3]
        if one.here(ledger_stream(one.exchange.directory.partition_of(account)))
        != one.here(market_stream(ticker))
    ]
    asked = [
        stream
        for each in two.all.values()
        for stream in each.asked[before[each.name] :]
        if stream.startswith("market")
    ]
    assert len(asked) == len(elsewhere) > 0


async def test_an_order_for_a_market_whose_engine_is_away_gives_its_money_back(
    two: Neighbours, clock: SteppingClock
) -> None:
    flow = SharedFlow(two, two.all["E1"], clock, 5)
    await flow.found()
    one, other = two.all["E1"], two.all["E2"]
    account = next(a for a in ACCOUNTS if one.here(ledger_stream(one.exchange.directory.partition_of(a))))
    ticker = next(t for t in MARKETS if other.here(market_stream(t)))
    assert isinstance(await place(one, account, ticker), OrderAccepted)
    await two.settled()
    held = (await one.exchange.directory.ledger(account).state()).cash(account)
    other.away = True
    with pytest.raises(OwnerAway):
        await place(one, account, ticker)
    assert (await one.exchange.directory.ledger(account).state()).cash(account) == held
    other.away = False
    assert isinstance(await place(one, account, ticker), OrderAccepted)
    await check(two)


async def test_processes_are_not_held_up_by_an_engine_that_is_away(
    two: Neighbours, clock: SteppingClock
) -> None:
    flow = SharedFlow(two, two.all["E1"], clock, 6)
    await flow.found()
    two.all["E2"].away = True
    mine = [t for t in MARKETS[:2] if two.all["E1"].here(market_stream(t))]
    for ticker in mine:
        await two.all["E1"].exchange.operations.resolve(ticker, Result.YES)
    await two.all["E1"].exchange.processes.catch_up()
    two.all["E2"].away = False
    await check(two)


async def test_engines_come_and_go_while_there_is_trading(two: Neighbours, clock: SteppingClock) -> None:
    flow = SharedFlow(two, two.all["E1"], clock, 7)
    await flow.found()
    await flow.trade(40)
    third = await two.open("E3")
    await flow.trade(40)
    await two.at_rest()
    assert any(third.here(ledger_stream(number)) for number in range(6))
    await flow.trade(40)
    await change(two.log, JsonCodec(), clock, removing("E3"))
    await flow.trade(20)
    await two.at_rest()
    assert not any(third.here(market_stream(ticker)) for ticker in MARKETS)
    await flow.trade(40)
    await flow.resolve()
    await check(two)


async def test_an_account_that_moves_is_told_of_every_order_and_not_of_its_past_again(
    two: Neighbours, clock: SteppingClock
) -> None:
    flow = SharedFlow(two, two.all["E1"], clock, 9)
    await flow.found()
    for account in ACCOUNTS:
        await two.all["E1"].exchange.webhooks.set(account, "desk", "https://example.com/")
    for each in two.all.values():
        await each.telling.catch_up()
        each.listens.clear()
    placed = set()
    for account in ACCOUNTS:
        answer = await place(two.all["E1"], account, MARKETS[0])
        assert isinstance(answer, OrderAccepted)
        placed.add(str(answer.order_id))
    third = await two.open("E3")
    for _ in range(50):
        await asyncio.sleep(0.005)
        assert not any(third.here(stream_of(third, account)) for account in ACCOUNTS)
    for each in two.all.values():
        each.listens.set()
    await two.at_rest()
    for each in two.all.values():
        await each.telling.catch_up()
    assert any(third.here(stream_of(third, account)) for account in ACCOUNTS)
    assert {order for each in two.all.values() for order in each.told} >= placed
    assert not placed & set(third.told), "they were placed before it came"
    joined = next(
        each for each in third.placement.membership.changes if each.event == EngineJoined(engine="E3")
    )
    assert third.outbox.first == joined.landmark


async def test_what_a_lost_engine_had_not_booked_is_booked_by_those_who_get_its_ledgers(
    two: Neighbours, clock: SteppingClock
) -> None:
    flow = SharedFlow(two, two.all["E1"], clock, 8)
    await flow.found()
    lost = two.all["E2"]
    await lost.exchange.processes.close()
    one = two.all["E1"].exchange.directory
    theirs = [ledger for ledger in one.ledgers if lost.here(ledger.stream)]
    for account in ACCOUNTS:
        assert isinstance(await place(two.all["E1"], account, MARKETS[0]), OrderAccepted)
    pending = [held for ledger in theirs for held in (await ledger.state()).reservations.values()]
    assert any(held.pending for held in pending)
    await two.leave("E2")
    gone = handing_over("E2", lost=True)
    await change(two.log, JsonCodec(), clock, removing("E2"))
    await change(two.log, JsonCodec(), clock, gone)
    await two.at_rest()
    assert all(two.all["E1"].here(ledger.stream) for ledger in theirs)
    await check(two)


async def test_an_engine_that_was_given_up_and_runs_on_does_no_harm_and_ends_once_it_hears_of_it(
    two: Neighbours, clock: SteppingClock
) -> None:
    flow = SharedFlow(two, two.all["E1"], clock, 10)
    await flow.found()
    one, given_up = two.all["E1"], two.all["E2"]
    given_up.blind = True
    await change(two.log, JsonCodec(), clock, removing("E2"))
    await change(two.log, JsonCodec(), clock, handing_over("E2", lost=True))
    streams = [ledger.stream for ledger in one.exchange.directory.ledgers]
    async with asyncio.timeout(20):
        while not all(map(one.here, streams)):  # noqa: ASYNC110 (it looks by itself)
            await asyncio.sleep(0.005)
    both = [stream for stream in streams if given_up.here(stream)]
    assert both, "each of the two believes that these are its own"
    placed = [
        await place(engine, account, ticker)
        for ticker in MARKETS[:3]
        for account in ACCOUNTS
        for engine in (given_up, one)
    ]
    assert all(isinstance(each, OrderAccepted) for each in placed)
    assert not given_up.over.is_set()
    given_up.blind = False
    async with asyncio.timeout(20):
        await given_up.over.wait()
    await two.leave("E2")
    await check(two)
    logged = [
        event.order_id
        for ticker in MARKETS[:3]
        for event in await events_of(two, market_stream(ticker))
        if isinstance(event, OrderPlaced)
    ]
    assert sorted(logged) == sorted(each.order_id for each in placed if isinstance(each, OrderAccepted))


@pytest.mark.parametrize("apart_s", [-3_600, 3_600])
async def test_engines_whose_clocks_are_an_hour_apart_move_no_wrong_money(
    apart_s: int, clock: SteppingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with neighbours(clock, SeededIds(1), "E1") as two:
        other = SteppingClock(1_000)
        other.time_us = clock.time_us + apart_s * 1_000_000
        await two.open("E2", other)
        await two.at_rest()
        flow = SharedFlow(two, two.all["E1"], clock, 11)
        await flow.found()
        await flow.trade(100)
        await change(two.log, JsonCodec(), clock, removing("E2"))
        await two.at_rest()
        await flow.trade(60)
        await flow.resolve()
        assert abs(clock.time_us - other.time_us) > 3_000 * 1_000_000, "they were apart to the end"
        await check(two)
        for ticker in MARKETS:
            pages = two.log.read_stream(market_stream(ticker))
            times_us = [JsonCodec().decode(event).cause.at_us async for page in pages for event in page]
            assert times_us == sorted(times_us), "whoever decided"
    if apart_s > 0:
        assert "later than the clock here" in caplog.text


async def events_of(all_of_them: Neighbours, stream: str) -> list[DomainEvent]:
    pages = all_of_them.log.read_stream(stream)
    return [JsonCodec().decode(event).event async for page in pages for event in page]


def stream_of(engine: Neighbour, account: AccountId) -> str:
    return ledger_stream(engine.exchange.directory.partition_of(account))


async def place(engine: Neighbour, account: AccountId, ticker: Ticker) -> OrderAccepted | Rejected:
    return await engine.exchange.trading.place(
        OrderRequest(
            account_id=account,
            ticker=ticker,
            side=Side.YES,
            action=Action.BUY,
            quantity=Quantity(100),
            price_ticks=Ticks(3_000),
        )
    )
