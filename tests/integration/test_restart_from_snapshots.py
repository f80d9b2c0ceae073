"""An exchange on disk that is stopped and started goes on where it was, from its snapshots."""

import logging
import sqlite3
from pathlib import Path

import pytest

from adapters.bootstrap import Presage, open_presage
from adapters.settings import Settings
from application.requests import OrderAccepted, OrderRequest
from domain.identifiers import AccountId, Ticker
from domain.market.commands import CreateMarket
from domain.market.vocabulary import Action, Result, Side
from domain.quantities import Money, Quantity, Ticks

ANN, BOB = AccountId("ann"), AccountId("bob")
OPEN, OVER = Ticker("OPEN"), Ticker("OVER")


async def trade(presage: Presage, orders: int, *, first: int = 0) -> None:
    for start in range(first, first + orders, 20):
        numbers = range(start, min(start + 20, first + orders))
        answers = await presage.exchange.trading.place_many([request(number) for number in numbers])
        assert all(isinstance(answer, OrderAccepted) for answer in answers), answers


def request(number: int) -> OrderRequest:
    return OrderRequest(
        account_id=(ANN, BOB)[number % 2],
        ticker=OPEN,
        side=(Side.YES, Side.NO)[number % 2],
        action=Action.BUY,
        quantity=Quantity(100),
        price_ticks=Ticks(4_800 + 100 * (number % 5)),
        client_order_id=f"order-{number}",
    )


async def digests(presage: Presage) -> list[str]:
    await presage.exchange.settled()
    directory = presage.exchange.directory
    market = await directory.market(OPEN).state()
    return [market.digest(), *[(await ledger.state()).digest() for ledger in directory.ledgers]]


@pytest.fixture
async def stopped(tmp_path: Path) -> tuple[Settings, list[str]]:
    """An exchange that traded, with one market over, and what its states were."""
    settings = Settings(data=tmp_path, partitions=2)
    async with open_presage(settings) as presage:
        await presage.start()
        operations = presage.exchange.operations
        for account in (ANN, BOB):
            await operations.deposit(account, Money(10**10), "first")
        for ticker in (OPEN, OVER):
            await operations.create_market(CreateMarket(ticker=ticker, title=ticker))
            await operations.activate(ticker)
        await trade(presage, 220)
        await operations.resolve(OVER, Result.YES)
        return settings, await digests(presage)


async def test_the_states_are_the_same_after_a_restart_and_orders_are_still_known(
    stopped: tuple[Settings, list[str]],
) -> None:
    settings, before = stopped
    async with open_presage(settings) as presage:
        await presage.start()
        assert await digests(presage) == before
        await trade(presage, 220)  # all of them again: every one is known
        assert await digests(presage) == before
        await trade(presage, 10, first=220)
        assert await digests(presage) != before


async def test_snapshots_are_used_and_markets_that_are_over_are_not_loaded(
    stopped: tuple[Settings, list[str]],
) -> None:
    settings, _ = stopped
    async with open_presage(settings) as presage:
        await presage.start()
        assert OPEN in presage.exchange.directory.markets
    async with open_presage(settings) as presage:
        await presage.start()
        assert list(presage.exchange.directory.markets) == [OPEN]
    with sqlite3.connect(settings.snapshots_file) as file:
        streams = {stream for (stream,) in file.execute("SELECT stream FROM snapshots")}
    file.close()
    assert {"market-OPEN", "ledger-00", "open-markets"} <= streams


@pytest.mark.parametrize("damage", ["gone", "noise", "halved", "other digests"])
async def test_without_usable_snapshots_the_states_are_the_same(
    stopped: tuple[Settings, list[str]], damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings, before = stopped
    spoil(settings.snapshots_file, damage)
    with caplog.at_level(logging.WARNING):
        async with open_presage(settings) as presage:
            await presage.start()
            assert await digests(presage) == before
    assert damage == "gone" or caplog.text


def spoil(path: Path, damage: str) -> None:
    match damage:
        case "gone":
            path.unlink()
        case "noise":
            path.write_bytes(b"\x00\xff" * 5_000)
        case "halved":
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        case _:
            with sqlite3.connect(path) as file:
                file.execute("UPDATE snapshots SET digest = 'wrong'")
            file.close()
