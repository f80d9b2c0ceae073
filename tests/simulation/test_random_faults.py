"""The whole exchange under seeded commands and seeded faults: lost answers, refusals, crashes."""

import asyncio
import contextlib
import os
import random

import pytest

from application.hosting import insistence, timekeeper
from application.ports.event_store import AppendOutcomeUnknown, StoreUnavailable
from application.processes import runner
from application.processes.consequences import StillUnderWay
from application.requests import AmendRequest, OrderAccepted
from domain.group.commands import CreateGroup
from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from domain.market.commands import CreateMarket
from domain.market.vocabulary import OrderType, Result, SelfTradePrevention, TimeInForce
from domain.quantities import Money, Quantity, Ticks

from .scenarios import FEES
from .world import Hidden, World

SOAK = os.environ.get("PRESAGE_SOAK") == "1"
SEEDS = 10_000 if SOAK else 100
COMMANDS = 2_000 if SOAK else 1_000
LIVES = 4
IN_FLIGHT = 8

ACCOUNTS = [AccountId(f"trader-{number}") for number in range(7)]
GROUP = GroupId("G")
MARKETS = [Ticker(name) for name in ("M", "G-1", "G-2", "C-1", "C-2")]


class Life:
    """What happens in an exchange between its start and its end or its crash."""

    def __init__(self, world: World, rng: random.Random, *, commands: int) -> None:
        self.world = world
        self.rng = rng
        self.commands = commands
        self.open_orders: list[tuple[AccountId, OrderId]] = []
        self.order_groups: list[tuple[AccountId, str]] = []

    async def run(self, world: World) -> None:
        world.store.lose_answers = lambda: self.rng.random() < 0.10
        world.store.refuse = lambda: self.rng.random() < 0.02
        world.store.hide = self._hidden
        while self.commands > 0:
            batch = min(IN_FLIGHT, self.commands)
            self.commands -= batch
            await asyncio.gather(*(self._safely() for _ in range(batch)))
        world.store.lose_answers = world.store.refuse = lambda: False
        world.store.hide = lambda: None
        await world.store.show_hidden()

    def _hidden(self) -> Hidden | None:
        if self.rng.random() >= 0.01:
            return None
        return Hidden([], 0, looks_left=self.rng.randint(1, 6), stays=self.rng.random() < 0.7)

    async def _safely(self) -> None:
        with contextlib.suppress(
            StoreUnavailable, AppendOutcomeUnknown, StillUnderWay
        ):  # the caller is told to come back
            await self._command()

    async def _command(self) -> None:
        choice = self.rng.random()
        if choice < 0.60:
            await self._place()
        elif choice < 0.85 and self.open_orders:
            await self._change()
        else:
            await self._operate()

    async def _place(self) -> None:
        rng = self.rng
        account = rng.choice(ACCOUNTS)
        kind = rng.choices(list(OrderType), weights=(8, 1, 1))[0]
        more: dict[str, object] = {
            "order_type": kind,
            "time_in_force": rng.choices(
                (TimeInForce.GOOD_TILL_CANCELED, TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL),
                weights=(8, 1, 1),
            )[0],
            "self_trade_prevention": rng.choice(list(SelfTradePrevention)),
            "cancel_on_pause": rng.random() < 0.2,
            "post_only": kind is OrderType.LIMIT and rng.random() < 0.05,
            "reduce_only": rng.random() < 0.05,
            "client_order_id": f"mine-{rng.randrange(200)}" if rng.random() < 0.3 else "",
        }
        if self.order_groups and rng.random() < 0.1:
            account, more["order_group_id"] = rng.choice(self.order_groups)
        if kind is OrderType.STOP:
            more["stop_price_ticks"] = Ticks(100 * rng.randint(2, 98))
        if kind is not OrderType.LIMIT:
            more["price_ticks"] = None
        answer = await self.world.place(
            account,
            rng.choice(("yes", "no")),
            rng.choice(("buy", "buy", "sell")),
            rng.randint(2, 98) if rng.random() < 0.2 else rng.randint(40, 60),
            rng.randint(1, 40),
            ticker=rng.choice(MARKETS),
            **more,
        )
        if isinstance(answer, OrderAccepted):
            self.open_orders.append((account, answer.order_id))

    async def _change(self) -> None:
        account, order_id = self.rng.choice(self.open_orders)
        trading = self.world.exchange.trading
        choice = self.rng.random()
        if choice < 0.4:
            await trading.cancel(account, order_id)
        elif choice < 0.6:
            await trading.decrease(account, order_id, by=Quantity(100 * self.rng.randint(1, 10)))
        else:
            await trading.amend(
                AmendRequest(
                    account_id=account,
                    order_id=order_id,
                    price_ticks=Ticks(100 * self.rng.randint(30, 70)),
                    total=Quantity(100 * self.rng.randint(1, 60)),
                )
            )

    async def _operate(self) -> None:
        operations, trading, rng = self.world.exchange.operations, self.world.exchange.trading, self.rng
        account = rng.choice(ACCOUNTS)
        choice = rng.randrange(40)
        ticker = rng.choice(MARKETS)
        if choice < 12:
            await operations.deposit(account, Money(rng.randint(1, 5 * 10**8)), f"in {rng.random()}")
        elif choice < 16:
            await operations.withdraw(account, Money(rng.randint(1, 10**8)), f"out {rng.random()}")
        elif choice < 17:
            await operations.pause(ticker)
        elif choice < 28:
            await operations.resume(ticker)
        elif choice < 31:
            name, _ = await trading.create_order_group(account, Quantity(100 * rng.randint(1, 50)))
            self.order_groups.append((account, name))
        elif choice < 34 and self.order_groups:
            owner, name = rng.choice(self.order_groups)
            await trading.reset_order_group(owner, name)
        elif choice == 34 and rng.random() < 0.1:
            await operations.resolve(Ticker("M"), rng.choice((Result.YES, Result.NO)))
        elif choice == 35 and rng.random() < 0.1:
            await operations.void(rng.choice((Ticker("M"), Ticker("C-2"))))
        elif choice == 36 and rng.random() < 0.1:
            await operations.resolve_group(GROUP, rng.choice((Ticker("G-1"), Ticker("G-2"))))
        else:
            await trading.cancel_all(account, ticker)


async def set_up(world: World) -> None:
    operations = world.exchange.operations
    for account in ACCOUNTS:
        await operations.deposit(account, Money(10**9), f"first of {account}")
    await operations.create_group(CreateGroup(group_id=GROUP, title="group"))
    for ticker in MARKETS:
        group = GROUP if ticker.startswith("G-") else None
        await operations.create_market(
            CreateMarket(
                ticker=ticker, title=ticker, fees=FEES, group_id=group, position_limit=Quantity(50_000)
            )
        )
    await operations.activate(Ticker("M"))
    for ticker in MARKETS[1:3]:
        await operations.activate(ticker)
    for child, parent in (("C-1", "M"), ("C-2", "C-1")):
        await operations.link_condition(Ticker(child), Ticker(parent), Result.YES)
        await operations.activate(Ticker(child))


async def live(seed: int) -> str:
    """Run one seed through several lives; return the digest of what is left at the end."""
    rng = random.Random(seed)
    world = World(seed)
    assert not await world.run(set_up)
    for _ in range(LIVES):
        life = Life(world, rng, commands=COMMANDS // LIVES)
        await world.run(life.run, crash_at=rng.randint(1, COMMANDS // 2), after=rng.random() < 0.5)
        assert await world.violations() == [], f"seed {seed}"
    await world.store.show_hidden()
    await world.start()
    await world.finish()
    assert await world.leftovers() == [], f"seed {seed}"
    assert await world.violations() == [], f"seed {seed}"
    digest = ".".join([(await ledger.state()).digest() for ledger in world.exchange.directory.ledgers])
    await world.exchange.close()
    return digest


@pytest.fixture(autouse=True)
def _no_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may depend on how fast the machine is: retry at once, and keep no time but the world's."""
    monkeypatch.setattr(runner, "RETRY_S", 0.0)
    monkeypatch.setattr(insistence, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(timekeeper, "TICK_S", 1e6)
    monkeypatch.setattr(timekeeper, "RECOVERY_S", 1e6)


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
async def test_seeded_commands_and_faults_break_no_invariant(seed: int) -> None:
    await live(seed)


@pytest.mark.parametrize("seed", [3, 7, 11])
async def test_a_seed_replays_to_the_same_state(seed: int) -> None:
    assert await live(seed) == await live(seed)
