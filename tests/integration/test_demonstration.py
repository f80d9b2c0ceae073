"""The demonstration: its markets, and house traders whose doings are bounded."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.bootstrap import Presage, open_presage
from adapters.clock import TimeOrderedIds
from adapters.demo.gifts import GIFT
from adapters.demo.house import MAKER, MAKERS_LOSS, MONEY, TAKERS, House
from adapters.demo.listing import TRADER, TRADERS_MONEY, list_everything
from adapters.demo.opening import demonstration
from adapters.demo.questions import QUESTIONS
from adapters.sessions.passwords import Argon2Passwords
from adapters.settings import Settings
from application.accounts import Accounts
from application.liquidity.market_maker import LEVELS
from application.verification.verify import verify
from domain.identifiers import AccountId, Ticker
from domain.market.state import MarketState
from domain.market.vocabulary import Result
from domain.quantities import PAYOUT_TICKS

STEPS = 300


@pytest.fixture
async def presage(tmp_path: Path) -> AsyncIterator[Presage]:
    async with open_presage(Settings(data=tmp_path, event_store="memory")) as presage:
        await presage.start()
        yield presage


async def market(presage: Presage, ticker: Ticker) -> MarketState:
    state = await presage.exchange.directory.find_market(ticker)
    assert state is not None
    return state


async def traded(presage: Presage) -> dict[Ticker, tuple[int, int]]:
    states = [await market(presage, question.ticker) for question in QUESTIONS]
    return {state.ticker: (state.trades, state.volume) for state in states}


async def test_listing_everything_twice_is_listing_it_once(presage: Presage) -> None:
    await list_everything(presage.exchange)
    head = await presage.store.head()
    await list_everything(presage.exchange)
    assert await presage.store.head() == head
    balance = await presage.reads.portfolio.balance(TRADER)
    assert balance.cash == TRADERS_MONEY


async def test_the_house_quotes_and_trades_within_its_bounds(presage: Presage) -> None:
    await list_everything(presage.exchange)
    house = House(presage.exchange, QUESTIONS, seed=1)
    await house.open()
    choices = [question.ticker for question in QUESTIONS] * STEPS
    for ticker in choices[:STEPS]:
        await house._step(ticker)
    await presage.exchange.settled()
    for question in QUESTIONS:
        state = await market(presage, question.ticker)
        owners = Counter(order.account_id for order in state.orders.values())
        assert set(owners) == {MAKER}
        assert owners[MAKER] <= 2 * LEVELS
        assert state.trades > 0
        made = state.positions[MAKER]
        assert made.paid - PAYOUT_TICKS * min(made.yes, made.no) <= MAKERS_LOSS
    for account_id in (MAKER, *TAKERS):
        ledger = await presage.exchange.directory.ledger(account_id).state()
        assert ledger.accounts[account_id].cash > MONEY // 2
    assert (await verify(presage.store, presage.codec)).violations == []


async def test_the_same_seed_trades_the_same(tmp_path: Path) -> None:
    stories = []
    for name in ("first", "second"):
        settings = Settings(data=tmp_path / name, event_store="memory")
        async with open_presage(settings) as presage:
            await presage.start()
            await list_everything(presage.exchange)
            house = House(presage.exchange, QUESTIONS, seed=2)
            await house.open()
            for question in QUESTIONS[:6] * 5:
                await house._step(question.ticker)
            stories.append(await traded(presage))
    assert stories[0] == stories[1]


async def test_a_market_that_has_ended_is_left_alone(presage: Presage) -> None:
    async with demonstration(presage):
        await presage.exchange.operations.resolve(Ticker("MOON-28"), Result.NO)
    house = House(presage.exchange, QUESTIONS, seed=3)
    await house.open()
    await house._step(Ticker("MOON-28"))
    assert not (await market(presage, Ticker("MOON-28"))).orders


async def test_the_trader_keeps_its_key(presage: Presage) -> None:
    async with demonstration(presage) as first:
        pass
    async with demonstration(presage) as again:
        assert again == first
    assert first.account_id == TRADER


async def cash_of(presage: Presage, account_id: AccountId) -> int:
    ledger = await presage.exchange.directory.ledger(account_id).state()
    return ledger.accounts[account_id].cash if account_id in ledger.accounts else 0


async def test_who_signs_up_gets_money_once(presage: Presage) -> None:
    exchange, newcomer = presage.exchange, AccountId("newcomer")
    accounts = Accounts(exchange.directory, exchange.keys.in_force, TimeOrderedIds(), Argon2Passwords())
    for password in ("correct horse battery", "another horse battery"):
        await accounts.set_password(newcomer, password)
    await accounts.set_password(AccountId("another"), "a third horse battery")
    async with demonstration(presage):
        while not await cash_of(presage, AccountId("another")):  # noqa: ASYNC110 (a state, not an event)
            await asyncio.sleep(0.01)
        assert await cash_of(presage, newcomer) == GIFT
    await accounts.close()
