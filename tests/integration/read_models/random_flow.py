"""A whole exchange on a log in memory, and traders who do everything an exchange offers, from a seed."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.bootstrap import build_exchange
from adapters.checkpoints import MemoryCheckpoints
from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from adapters.simulation.older_keys import NoOlderKeys
from adapters.simulation.sources import SeededIds
from application.exchange import Exchange
from application.ports.event_store import START, EventStore
from application.requests import AmendRequest, OrderAccepted, OrderRequest
from domain.fees import fee_rate, fee_schedule
from domain.group.commands import CreateGroup
from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from domain.identity.aggregate import Scope
from domain.market.commands import CreateMarket
from domain.market.vocabulary import Action, OrderType, Result, SelfTradePrevention, Side, TimeInForce
from domain.quantities import Money, Quantity, Ticks
from domain.rejections import Rejected

ACCOUNTS = [AccountId(f"trader-{number}") for number in range(12)]
FEES = fee_schedule(maker=fee_rate(quadratic_bps=100), taker=fee_rate(quadratic_bps=700), grain=Money(100))
SINGLE, FREE, PARENT, CHILD, DOOMED = (Ticker(name) for name in ("ONE", "FREE", "PARENT", "CHILD", "DOOMED"))
GROUP = GroupId("RACE")
RUNNERS = [Ticker(f"RACE-{letter}") for letter in "ABC"]
MARKETS = [SINGLE, FREE, PARENT, CHILD, DOOMED, *RUNNERS]


class SteppingClock:
    """Time that passes a few seconds whenever somebody looks."""

    def __init__(self, step_us: int = 2_500_000) -> None:
        self.time_us = 1_700_000_000_000_000
        self.step_us = step_us

    def now_us(self) -> int:
        self.time_us += self.step_us
        return self.time_us


class Flow:
    """An exchange, and random use of it."""

    def __init__(self, exchange: Exchange, log: EventStore, clock: SteppingClock, seed: int) -> None:
        self.exchange = exchange
        self.log = log
        self.clock = clock
        self.random = random.Random(seed)
        self.orders: list[tuple[AccountId, OrderId]] = []
        self.groups: list[tuple[AccountId, str]] = []
        self.open = True

    async def found(self) -> None:
        """Fund the accounts and open the markets."""
        operations = self.exchange.operations
        for account in ACCOUNTS:
            await operations.deposit(account, Money(10**9), f"first of {account}")
            await self.exchange.keys.create(
                account, name="key", public_key_pem="PEM", scopes=(Scope.READ, Scope.TRADE)
            )
        await operations.create_group(
            CreateGroup(group_id=GROUP, title="Who wins the race?", category="Sport", series="RACES")
        )
        for ticker in MARKETS:
            await operations.create_market(
                CreateMarket(
                    ticker=ticker,
                    title=f"Will {ticker} happen?",
                    rules="It happens when it does.",
                    category="Sport" if ticker in RUNNERS else "Other",
                    group_id=GROUP if ticker in RUNNERS else None,
                    fees=fee_schedule() if ticker == FREE else FEES,
                )
            )
        for child in (CHILD, DOOMED):
            await operations.activate(PARENT)
            required = Result.YES if child == CHILD else Result.NO
            await operations.link_condition(child, PARENT, required)
        for ticker in MARKETS:
            await operations.activate(ticker)

    async def trade(self, commands: int) -> None:
        """Do so many random things."""
        for _ in range(commands):
            await self.random.choices(
                (self._place, self._cancel, self._amend, self._decrease, self._group, self._odd),
                (70, 8, 6, 4, 3, 2),
            )[0]()
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing follows from anything any more."""
        head = START
        while head != await self.log.head():
            head = await self.log.head()
            await self.exchange.settled()

    async def _place(self) -> None:
        pick = self.random
        kind = pick.choices(list(OrderType), (90, 5, 5))[0]
        account = pick.choice(ACCOUNTS)
        limit = None if kind is OrderType.MARKET else Ticks(100 * pick.randint(30, 70))
        times = list(TimeInForce)
        in_force = pick.choices(times, (85, 5, 7, 3))[0] if kind is OrderType.LIMIT else times[0]
        group = next((name for owner, name in self.groups if owner == account and pick.random() < 0.2), None)
        resting = kind is OrderType.LIMIT and in_force is times[0]
        answer = await self.exchange.trading.place(
            OrderRequest(
                account_id=account,
                ticker=pick.choice(MARKETS),
                side=pick.choice(list(Side)),
                action=pick.choices(list(Action), (70, 30))[0],
                quantity=Quantity(pick.randint(1, 40) * pick.choice((25, 100))),
                price_ticks=limit,
                order_type=kind,
                stop_price_ticks=Ticks(100 * pick.randint(40, 60)) if kind is OrderType.STOP else None,
                time_in_force=in_force,
                expires_at_us=self.clock.time_us + 10**9 if in_force is times[1] else None,
                post_only=resting and pick.random() < 0.1,
                self_trade_prevention=pick.choice(list(SelfTradePrevention)),
                order_group_id=group,
                cancel_on_pause=pick.random() < 0.1,
                client_order_id=f"c{pick.getrandbits(60)}" if pick.random() < 0.5 else "",
            )
        )
        if isinstance(answer, OrderAccepted):
            self.orders.append((account, answer.order_id))

    async def _cancel(self) -> None:
        if self.orders:
            await self.exchange.trading.cancel(*self.random.choice(self.orders))

    async def _amend(self) -> None:
        if self.orders:
            account, order_id = self.random.choice(self.orders[-60:])
            await self.exchange.trading.amend(
                AmendRequest(
                    account_id=account,
                    order_id=order_id,
                    price_ticks=Ticks(100 * self.random.randint(30, 70)),
                    total=Quantity(100 * self.random.randint(1, 60)),
                )
            )

    async def _decrease(self) -> None:
        if self.orders:
            account, order_id = self.random.choice(self.orders[-60:])
            await self.exchange.trading.decrease(account, order_id, by=Quantity(25))

    async def _group(self) -> None:
        trading = self.exchange.trading
        if not self.groups or self.random.random() < 0.4:
            account = self.random.choice(ACCOUNTS)
            name, answer = await trading.create_order_group(account, Quantity(3_000))
            if not isinstance(answer, Rejected):
                self.groups.append((account, name))
            return
        account, name = self.random.choice(self.groups)
        what = self.random.choice(
            (trading.trigger_order_group, trading.reset_order_group, trading.delete_order_group)
        )
        if what == trading.delete_order_group:
            self.groups.remove((account, name))
        await what(account, name)

    async def _odd(self) -> None:
        operations, ticker = self.exchange.operations, self.random.choice(MARKETS)
        match self.random.randrange(5):
            case 0:
                await operations.pause(ticker, "a moment, please")
                await operations.resume(ticker)
            case 1:
                await operations.amend_rules(ticker, f"rules {self.random.random()}")
            case 2:
                await operations.withdraw(ACCOUNTS[0], Money(1_000), f"out {self.random.random()}")
            case 3:
                await operations.change_tick_size(ticker, Ticks(self.random.choice((10, 100))))
            case _:
                await operations.deposit(ACCOUNTS[1], Money(5_000), f"in {self.random.random()}")

    async def resolve(self) -> None:
        """Bring every market to its end, each in another way."""
        operations = self.exchange.operations
        await operations.resolve(SINGLE, Result.NO, "so it was")
        await operations.void(FREE, Ticks(4_000), "nobody knows")
        await operations.resolve(PARENT, Result.YES)
        await self.settle()
        await operations.resolve(CHILD, Result.YES)
        await operations.determine_group(GROUP, RUNNERS[0])
        await operations.dispute_group(GROUP, "photo finish")
        await operations.determine_group(GROUP, RUNNERS[1])
        await operations.finalize_group(GROUP)
        await self.settle()

    async def close(self) -> None:
        """Close the exchange: from here on the log stays as it is."""
        if self.open:
            self.open = False
            await self.exchange.close()


@asynccontextmanager
async def random_flow(
    seed: int = 1, *, step_us: int = 2_500_000, log: EventStore | None = None
) -> AsyncIterator[Flow]:
    """Open an exchange with funded traders and open markets, on a log in memory by default."""
    clock = SteppingClock(step_us)
    log = log or MemoryEventStore(now_us=clock.now_us)
    exchange = await build_exchange(
        log,
        JsonCodec(),
        order_keys=NoOlderKeys(),
        transfer_keys=NoOlderKeys(),
        checkpoints=MemoryCheckpoints(),
        clock=clock,
        ids=SeededIds(seed),
        partitions=3,
    )
    await exchange.start()
    flow = Flow(exchange, log, clock, seed)
    try:
        await flow.found()
        yield flow
    finally:
        await flow.close()
        await log.close()
