"""What an account has locked in a market, however many trades locked it and however they come."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.read_models.opening import ReadStore, open_store
from domain.identifiers import AccountId, OrderId, Ticker, TradeId
from domain.ledger.events import FillBooked, PayoutBooked, ProceedsUnlocked
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity, Ticks
from projections.balances import BalancesProjection, kind_of
from projections.running.batch import Batch
from projections.running.progress import Progress
from projections.running.runner import ProjectionRunner
from tests.unit.event_schemas.other_examples import LEDGER
from tests.unit.projections.events import Log


class Fixed:
    def now_us(self) -> int:
        return 0


def sold(account: str, ticker: str, locked: int, *, cash: int = 0) -> FillBooked:
    return FillBooked(
        order_id=OrderId("o"),
        account_id=AccountId(account),
        ticker=Ticker(ticker),
        trade_id=TradeId("t"),
        side=Side.YES,
        action=Action.SELL,
        price_ticks=Ticks(5_000),
        quantity=Quantity(100),
        value=Money(locked + cash),
        fee=Money(0),
        cash_delta=Money(cash),
        reserved_delta=Money(0),
        locked_delta=Money(locked),
        order_group_id=None,
        market_revision=1,
    )


class Ledgers(Log):
    store: ReadStore
    runner: ProjectionRunner

    async def take(self, size: int) -> None:
        for start in range(0, len(self.events), size):
            some = self.events[start : start + size]
            await self.runner.take(Batch(some, some[-1].position, caught_up=True))
        assert (self.runner.stats.halted, self.runner.stats.parked) == ({}, {})

    async def locked(self) -> list[tuple[object, ...]]:
        rows = await self.store.fetch(
            "SELECT account_id, ticker, ledger, amount FROM locked_proceeds ORDER BY account_id, ticker", {}
        )
        return [tuple(row) for row in rows]

    async def money(self) -> list[tuple[object, ...]]:
        rows = await self.store.fetch("SELECT account_id, cash, locked FROM accounts ORDER BY account_id", {})
        return [tuple(row) for row in rows]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Ledgers]:
    world = Ledgers()
    async with open_store(tmp_path / "read.db", Fixed()) as (store, _):
        world.store = store
        world.runner = ProjectionRunner(
            store=store,
            source=None,  # type: ignore[arg-type]
            codec=None,  # type: ignore[arg-type]
            projections=[BalancesProjection()],
            progress=Progress(),
        )
        yield world


@pytest.mark.parametrize("size", [1, 2, 100], ids=lambda size: f"batches of {size}")
async def test_what_several_trades_lock_adds_up_and_is_freed_in_that_market_and_ledger_only(
    world: Ledgers, size: int
) -> None:
    for event in (sold("ann", "M", 40), sold("ann", "M", 2), sold("bob", "M", 7), sold("ann", "N", 5)):
        world.add("ledger-0", event)
    world.add("ledger-1", sold("cyd", "M", 3))
    await world.take(size)
    assert await world.locked() == [
        ("ann", "M", "ledger-0", 42), ("ann", "N", "ledger-0", 5),
        ("bob", "M", "ledger-0", 7), ("cyd", "M", "ledger-1", 3),
    ]  # fmt: skip
    assert await world.money() == [("ann", 0, 47), ("bob", 0, 7), ("cyd", 0, 3)]
    world.add("ledger-0", ProceedsUnlocked(ticker=Ticker("M"), market_revision=2))
    await world.take(size)
    assert await world.locked() == [("ann", "N", "ledger-0", 5), ("cyd", "M", "ledger-1", 3)]
    assert await world.money() == [("ann", 42, 5), ("bob", 7, 0), ("cyd", 0, 3)]


@pytest.mark.parametrize("size", [1, 100], ids=lambda size: f"batches of {size}")
async def test_locked_and_freed_again_with_trades_in_between_leaves_no_row(world: Ledgers, size: int) -> None:
    for event in (
        sold("ann", "M", 40),
        ProceedsUnlocked(ticker=Ticker("M"), market_revision=2),
        sold("ann", "M", 6),
        sold("ann", "M", -6, cash=6),
    ):
        world.add("ledger-0", event)
    await world.take(size)
    assert await world.locked() == []
    assert await world.money() == [("ann", 46, 0)]


async def test_a_payout_comes_with_what_was_locked_and_with_the_fees_that_go_back(world: Ledgers) -> None:
    world.add("ledger-0", sold("ann", "M", 40))
    world.add(
        "ledger-0",
        PayoutBooked(
            account_id=AccountId("ann"),
            ticker=Ticker("M"),
            payout=Money(100),
            fees=Money(9),
            fees_delta=Money(7),
            locked_delta=Money(-40),
            market_revision=2,
        ),
    )
    await world.take(100)
    assert await world.money() == [("ann", 147, 0)]
    assert await world.locked() == []
    rows = await world.store.fetch("SELECT in_markets, fees_held, fees_earned FROM ledgers", {})
    assert [tuple(row) for row in rows] == [(-40 - 100, -9, 2)]


@pytest.mark.parametrize(
    ("name", "moved", "cash", "reserved"),
    [
        ("FundsReserved", "amount", -30, 30),
        ("ReservationIncreased", "amount", -30, 30),
        ("OrderConfirmed", "released", 30, -30),
        ("ReservationReleased", "amount", 30, -30),
        ("IncreaseReleased", "amount", 30, -30),
        ("ReservationAmended", "released", 30, -30),
    ],
)
async def test_what_is_set_aside_leaves_the_cash_and_comes_back_to_it(
    world: Ledgers, name: str, moved: str, cash: int, reserved: int
) -> None:
    example: Any = LEDGER[name]
    event = replace(example, **{moved: Money(30), "account_id": AccountId("ann")})
    world.add("ledger-0", replace(event, **{moved: Money(0)}))
    world.add("ledger-0", event, at_us=7)
    await world.take(100)
    rows = await world.store.fetch("SELECT cash, reserved, locked, updated_at_us FROM accounts", {})
    assert [tuple(row) for row in rows] == [(cash, reserved, 0, 7)]
    entries = await world.store.fetch(
        "SELECT kind, cash_delta, reserved_delta, position FROM ledger_entries", {}
    )
    assert [tuple(row) for row in entries] == [(kind_of(name), cash, reserved, 2)], (
        "nothing moves without an entry"
    )
