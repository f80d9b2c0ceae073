"""A deposit or withdrawal counts once, however many came since and whoever else asks at the same time."""

import asyncio
from pathlib import Path

import pytest

from adapters.bootstrap import open_presage
from adapters.settings import Settings
from adapters.simulation.older_keys import NoOlderKeys
from application.exchange import Exchange
from application.hosting.known_keys import KnownKeys
from application.ports.event_store import AppendOutcomeUnknown, Position
from application.requests import Accepted, OrderAccepted, OrderRequest
from domain.fees import fee_rate, fee_schedule
from domain.identifiers import AccountId, Ticker
from domain.ledger import state as ledger_state
from domain.market.commands import CreateMarket
from domain.market.vocabulary import Action, Result, Side
from domain.quantities import Money, Quantity, Ticks
from domain.rejections import Reason, Rejected
from tests.integration.http.world import a_world

ANN = AccountId("ann")
REMEMBERED = 5


@pytest.fixture
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_state, "REMEMBERED", REMEMBERED)


async def cash(exchange: Exchange, account: AccountId) -> int:
    return (await exchange.directory.ledger(account).state()).cash(account)


@pytest.mark.usefixtures("short_memory")
async def test_a_reference_counts_once_however_many_came_since(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        exchange = world.presage.exchange
        operations = exchange.operations
        first = await operations.deposit(ANN, Money(500), "salary")
        assert isinstance(first, Accepted)
        taken = await operations.withdraw(ANN, Money(200), "rent")
        assert isinstance(taken, Accepted)
        for number in range(3 * REMEMBERED):
            await operations.deposit(ANN, Money(1), f"tip {number}")
        before = await cash(exchange, ANN)

        again = [
            await operations.deposit(ANN, Money(500), "salary"),
            await operations.withdraw(ANN, Money(200), "rent"),
        ]
        assert all(isinstance(answer, Accepted) for answer in again)
        other = [
            await operations.deposit(ANN, Money(501), "salary"),
            await operations.withdraw(ANN, Money(500), "salary"),
            await operations.deposit(ANN, Money(200), "rent"),
        ]
        assert [answer.reason for answer in other if isinstance(answer, Rejected)] == 3 * [
            Reason.DUPLICATE_REQUEST
        ]
        assert await cash(exchange, ANN) == before == 300 + 3 * REMEMBERED


@pytest.mark.usefixtures("short_memory")
async def test_a_reference_counts_once_in_the_next_process_too(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    async with open_presage(settings) as presage:
        await presage.start()
        for number in range(2 * REMEMBERED):
            await presage.exchange.operations.deposit(ANN, Money(1), f"tip {number}")
    async with open_presage(settings) as presage:
        await presage.start()
        await presage.exchange.operations.deposit(ANN, Money(1), "tip 0")
        assert await cash(presage.exchange, ANN) == 2 * REMEMBERED


class Behind(NoOlderKeys):
    """An index that never hears of anything."""

    async def position(self) -> Position:
        return Position(0)


@pytest.mark.usefixtures("short_memory")
async def test_while_the_index_is_behind_a_transfer_waits_rather_than_count_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("application.hosting.known_keys.INDEX_WAIT_S", 0.01)
    async with a_world(tmp_path) as world:
        exchange = world.presage.exchange
        operations = exchange.operations
        monkeypatch.setattr(operations._transfers, "_index", Behind())
        for number in range(REMEMBERED + 1):
            await operations.deposit(ANN, Money(1), f"tip {number}")
        with pytest.raises(AppendOutcomeUnknown, match="is behind"):
            await operations.deposit(ANN, Money(1), "tip 0")
        assert await cash(exchange, ANN) == REMEMBERED + 1


def test_a_key_that_was_given_back_does_not_make_a_ledger_think_it_remembers_all() -> None:
    remembered: ledger_state.Remembered[int] = ledger_state.Remembered()
    for number in range(ledger_state.REMEMBERED + 1):
        remembered.add(str(number), number)
    remembered.forget("5")
    assert (remembered.get("0"), remembered.all) == (None, False)


# -------------------------------------------------------------------------- what the house takes out

TRADERS = [AccountId(f"trader-{number}") for number in range(8)]


async def with_fees(exchange: Exchange, ticker: str) -> int:
    """Have traders in all ledgers pay fees, and return what the house has earned in all."""
    market = Ticker(ticker)
    rate = fee_rate(quadratic_bps=700)
    await exchange.operations.create_market(
        CreateMarket(ticker=market, title="?", fees=fee_schedule(taker=rate, maker=rate))
    )
    await exchange.operations.activate(market)
    for place, trader in enumerate(TRADERS):
        await exchange.operations.deposit(trader, Money(100_000_000), f"start {ticker}")
        side = Side.YES if place % 2 else Side.NO
        placed = await exchange.trading.place(
            OrderRequest(
                account_id=trader,
                ticker=market,
                side=side,
                action=Action.BUY,
                quantity=Quantity(1_000),
                price_ticks=Ticks(5_000),
            )
        )
        assert isinstance(placed, OrderAccepted)
    await exchange.operations.resolve(market, Result.YES)
    await exchange.settled()
    return await earned(exchange)


async def earned(exchange: Exchange) -> int:
    return sum([(await ledger.state()).fees_earned for ledger in exchange.directory.ledgers])


async def test_fees_of_many_ledgers_are_withdrawn_once_even_after_others_have_earned(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        exchange = world.presage.exchange
        first = await with_fees(exchange, "ONE")
        parts = [(await ledger.state()).fees_earned for ledger in exchange.directory.ledgers]
        assert sum(part > 0 for part in parts) > 1, "the fees are in several ledgers"
        amount = Money(first - 1)
        assert isinstance(await exchange.operations.withdraw_fees(amount, "november"), Accepted)
        second = await with_fees(exchange, "TWO")
        assert second == first + 1
        assert isinstance(await exchange.operations.withdraw_fees(amount, "november"), Accepted)
        assert await earned(exchange) == second
        changed = await exchange.operations.withdraw_fees(Money(1), "november")
        assert isinstance(changed, Rejected)
        assert changed.reason is Reason.DUPLICATE_REQUEST


async def test_the_same_withdrawal_of_fees_sent_at_once_pays_once_and_answers_alike(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        exchange = world.presage.exchange
        amount = Money(await with_fees(exchange, "ONE"))
        answers = await asyncio.gather(
            *(exchange.operations.withdraw_fees(amount, "november") for _ in range(5))
        )
        assert all(isinstance(answer, Accepted) for answer in answers)
        assert await earned(exchange) == 0


async def test_two_withdrawals_of_all_fees_at_once_are_one_paid_and_one_refused(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        exchange = world.presage.exchange
        amount = Money(await with_fees(exchange, "ONE"))
        answers = await asyncio.gather(
            *(exchange.operations.withdraw_fees(amount, reference) for reference in ("a", "b"))
        )
        assert [type(answer) for answer in answers] == [Accepted, Rejected]
        assert await earned(exchange) == 0


@pytest.mark.usefixtures("short_memory")
async def test_a_withdrawal_of_fees_counts_once_however_many_came_since(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        exchange = world.presage.exchange
        total = await with_fees(exchange, "ONE")
        for number in range(2 * REMEMBERED):
            assert isinstance(await exchange.operations.withdraw_fees(Money(1), f"f{number}"), Accepted)
        assert isinstance(await exchange.operations.withdraw_fees(Money(1), "f0"), Accepted)
        assert await earned(exchange) == total - 2 * REMEMBERED


async def test_a_key_is_looked_for_in_the_index_only_once_the_ledger_has_forgotten_some(
    tmp_path: Path,
) -> None:
    async with a_world(tmp_path) as world:
        ledgers = world.presage.exchange.directory.ledgers
        keys = KnownKeys(ledgers, lambda ledger: ledger.references, Behind())
        assert await keys.find(0, "ann/anything") is None
