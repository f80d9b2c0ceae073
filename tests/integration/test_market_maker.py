"""The market maker on a whole exchange meets somebody who knows, and loses no more than was stated."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from msgspec import structs

from adapters.bootstrap import Presage, open_presage
from adapters.settings import Settings
from application.health import Trouble
from application.liquidity.house import HOUSE, Stake, liquidity
from application.liquidity.market_maker import BidRefused, MakerPaysFees, MarketMaker
from application.requests import Accepted, OrderAccepted, OrderRequest
from application.verification.verify import verify
from domain.fees import FREE, FeeSchedule, fee_rate, fee_schedule
from domain.identifiers import AccountId, Ticker
from domain.lmsr import LogarithmicRule
from domain.market.commands import CreateMarket
from domain.market.vocabulary import Action, Result, Side, TimeInForce
from domain.quantities import CONTRACT, DOLLAR, PAYOUT_TICKS, Money, Quantity, Ticks

TICKER, MAKER, KNOWS = Ticker("RAIN"), AccountId("maker"), AccountId("knows")
MONEY, LOSS = Money(10_000 * DOLLAR), Money(50 * DOLLAR)


@pytest.fixture
async def presage(tmp_path: Path) -> AsyncIterator[Presage]:
    async with open_presage(Settings(data=tmp_path, event_store="memory")) as presage:
        await presage.start()
        for account_id in (MAKER, KNOWS):
            await presage.exchange.operations.deposit(account_id, MONEY, "start")
        yield presage


async def listed(presage: Presage, fees: FeeSchedule = FREE, ticker: Ticker = TICKER) -> None:
    listing = CreateMarket(ticker=ticker, title="Rain?", rules="", category="Weather", fees=fees)
    assert isinstance(await presage.exchange.operations.create_market(listing, activate=True), Accepted)


def maker(presage: Presage) -> MarketMaker:
    exchange = presage.exchange
    return MarketMaker(
        exchange.trading,
        exchange.directory,
        account_id=MAKER,
        ticker=TICKER,
        rule=LogarithmicRule(LOSS, Ticks(4_000)),
        step=Quantity(5 * CONTRACT),
    )


async def cash(presage: Presage, account_id: AccountId) -> int:
    await presage.exchange.settled()
    return (await presage.exchange.directory.ledger(account_id).state()).accounts[account_id].cash


async def taken(presage: Presage, side: Side, contracts: int) -> int:
    """Take what is offered at any price below a dollar; return what was had."""
    answer = await presage.exchange.trading.place(
        OrderRequest(
            account_id=KNOWS,
            ticker=TICKER,
            side=side,
            action=Action.BUY,
            quantity=Quantity(contracts * CONTRACT),
            price_ticks=Ticks(9_900),
            time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL,
        )
    )
    assert isinstance(answer, OrderAccepted)
    market = await presage.exchange.directory.find_market(TICKER)
    assert market is not None
    return market.positions[KNOWS].yes - market.positions[KNOWS].no


def bid(ticks: int) -> OrderRequest:
    return OrderRequest(
        account_id=KNOWS,
        ticker=TICKER,
        side=Side.YES,
        action=Action.BUY,
        quantity=CONTRACT,
        price_ticks=Ticks(ticks),
    )


@pytest.mark.parametrize(("side", "result"), [(Side.YES, Result.YES), (Side.NO, Result.NO)])
async def test_who_knows_the_result_takes_no_more_than_the_operator_stated(
    presage: Presage, side: Side, result: Result
) -> None:
    await listed(presage)
    quoting, had = maker(presage), None
    for turn in range(100):
        if turn % 7 == 3:
            quoting = maker(presage)  # it begins again from what the account holds
        await quoting.quote()
        now = await taken(presage, side, contracts=13)
        if now == had:
            break
        had = now
    assert had
    await presage.exchange.operations.resolve(TICKER, result)
    lost = MONEY - await cash(presage, MAKER)
    assert 0 < lost <= LOSS
    assert (await verify(presage.store, presage.codec)).violations == []


@pytest.mark.parametrize("seed", range(3))
async def test_who_trades_while_it_moves_its_bids_gets_no_more_either(presage: Presage, seed: int) -> None:
    await listed(presage)
    chance, quoting, trading = Random(seed), maker(presage), presage.exchange.trading
    lean = chance.random()

    async def trade() -> None:
        for _ in range(chance.randint(0, 3)):
            order = bid(chance.choice([9_900, 100 * chance.randint(1, 99)]))
            side = Side.YES if chance.random() < lean else Side.NO
            await trading.place(
                structs.replace(order, side=side, quantity=Quantity(chance.randint(1, 1_500)))
            )
        if chance.random() < 0.2:
            await trading.cancel_all(KNOWS)

    for _ in range(60):
        await asyncio.gather(quoting.quote(), trade())
    market = await presage.exchange.directory.find_market(TICKER)
    assert market is not None
    made = market.positions[MAKER]
    assert made.paid - PAYOUT_TICKS * min(made.yes, made.no) <= LOSS, f"seed {seed}"


async def test_bids_that_stand_whole_are_left_where_they_are(presage: Presage) -> None:
    await listed(presage)
    quoting = maker(presage)
    for _ in range(2):
        await quoting.quote()
    head = await presage.store.head()
    await quoting.quote()
    assert await presage.store.head() == head
    market = await presage.exchange.directory.find_market(TICKER)
    assert market is not None
    before = set(market.orders)
    await taken(presage, Side.YES, contracts=1)
    for _ in range(2):
        await quoting.quote()
    assert len(before & set(market.orders)) >= len(before) - 2, "so somebody is met at any moment"
    assert len(market.orders) >= len(before)


async def test_what_somebody_stands_in_the_way_of_is_bid_again_when_they_have_gone(presage: Presage) -> None:
    await listed(presage)
    trading = presage.exchange.trading
    await trading.place(bid(9_000))
    quoting = maker(presage)
    await quoting.quote()
    market = await presage.exchange.directory.find_market(TICKER)
    assert market is not None

    def sides() -> set[Side]:
        return {order.book_side for order in market.orders.values() if order.account_id == MAKER}

    assert sides() == {Side.YES}
    await trading.cancel_all(KNOWS)
    await quoting.quote()
    assert sides() == {Side.YES, Side.NO}


async def test_a_market_that_has_not_opened_or_has_ended_is_left_alone(presage: Presage) -> None:
    await maker(presage).quote()
    await listed(presage)
    await presage.exchange.operations.pause(TICKER)
    await maker(presage).quote()
    market = await presage.exchange.directory.find_market(TICKER)
    assert market is not None
    assert not market.orders


async def test_fees_for_makers_are_refused_for_no_prices_bound_them(presage: Presage) -> None:
    await listed(presage, fees=fee_schedule(maker=fee_rate(quadratic_bps=100)))
    with pytest.raises(MakerPaysFees):
        await maker(presage).quote()


async def test_the_house_makes_the_markets_that_its_operator_names(presage: Presage) -> None:
    await listed(presage)
    await presage.exchange.operations.deposit(HOUSE, MONEY, "start")
    stake = Stake(ticker=TICKER, loss=LOSS, prior=Ticks(3_000))
    async with liquidity(presage.exchange, [stake]):
        market = await presage.exchange.directory.find_market(TICKER)
        assert market is not None
        while not market.orders:  # noqa: ASYNC110 (a state, not an event)
            await asyncio.sleep(0.01)
    assert {order.account_id for order in market.orders.values()} == {HOUSE}


async def test_a_market_that_cannot_be_made_is_told_of_and_stops_no_other(presage: Presage) -> None:
    dear = Ticker("DEAR")
    await listed(presage, fees=fee_schedule(maker=fee_rate(quadratic_bps=100)), ticker=dear)
    await listed(presage)
    await presage.exchange.operations.deposit(HOUSE, MONEY, "start")
    stakes = [Stake(ticker=ticker, loss=LOSS, prior=Ticks(3_000)) for ticker in (dear, TICKER)]
    health = presage.exchange.health
    async with liquidity(presage.exchange, stakes):
        market = await presage.exchange.directory.find_market(TICKER)
        assert market is not None
        while not (market.orders and health.conditions):  # noqa: ASYNC110 (states, not events)
            await asyncio.sleep(0.01)
    (told,) = health.conditions
    assert (told.part, told.code) == ("house liquidity of DEAR", Trouble.TASK_FAILED)
    assert "makers pay fees" in told.message


async def test_bids_that_are_missing_for_want_of_money_are_told_of_until_they_stand(presage: Presage) -> None:
    await listed(presage)
    poor = AccountId("poor")
    exchange = presage.exchange
    await exchange.operations.deposit(poor, Money(3 * DOLLAR), "some")
    quoting = MarketMaker(
        exchange.trading,
        exchange.directory,
        account_id=poor,
        ticker=TICKER,
        rule=LogarithmicRule(LOSS, Ticks(4_000)),
        step=Quantity(5 * CONTRACT),
    )
    for _ in range(2):
        with pytest.raises(BidRefused, match="poor are missing"):
            await quoting.quote()
    await exchange.operations.deposit(poor, MONEY, "enough")
    await exchange.trading.place(bid(100))  # the market moves
    await quoting.quote()
