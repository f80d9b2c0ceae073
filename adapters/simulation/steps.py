"""What happens in a simulated exchange: steps known before anything runs, so that some can be left out."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.simulation.world import World
from application.requests import AmendRequest, OrderAccepted, OrderAnswer, Requirement
from domain.fees import fee_rate, fee_schedule
from domain.group.commands import CreateGroup
from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from domain.market.commands import CreateMarket
from domain.market.vocabulary import OrderType, Result, SelfTradePrevention, Side, TimeInForce
from domain.quantities import Money, Quantity, Ticks
from domain.rejections import Reason, Rejected

FEES = fee_schedule(maker=fee_rate(quadratic_bps=100), taker=fee_rate(quadratic_bps=700))
ACCOUNTS = [AccountId(f"trader-{number}") for number in range(7)]
GROUP = GroupId("G")
MARKETS = [Ticker(name) for name in ("M", "G-1", "G-2", "C-1", "C-2")]
"""A market, two of a group, a market conditional on the first, and one conditional on that."""

LATER_GROUPS = [GroupId(f"H-{number}") for number in range(3)]
LATER = [Ticker(f"L-{number}") for number in range(8)]
"""Groups without markets, and the names of markets that are listed later, for one of the groups or for none:
a name that is taken, or a group that has ended, refuses them."""

LATEST = 8
"""So many orders are chosen more often than others, so that several amend or cancel one order at once."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody does: its details follow from its own seed, whatever came before it."""

    kind: str
    seed: str

    def __str__(self) -> str:
        """Return the step as histories show it."""
        return f"{self.kind} ({self.seed})"


_WEIGHTS: Mapping[str, float] = {
    "place": 60,
    "cancel": 10,
    "decrease": 5,
    "amend": 15,
    "deposit": 4.5,
    "withdraw": 1.5,
    "pause": 0.4,
    "resume": 4,
    "create_order_group": 1.1,
    "reset_order_group": 1.1,
    "cancel_all": 1.5,
    "agree_on_a_quote": 3,
    "resolve": 0.04,
    "void": 0.04,
    "resolve_group": 0.04,
    "list_market": 1.0,
    "list_while_its_group_ends": 0.5,
}


_AT_ONCE = ("amend", "amend", "cancel", "list_market")
"""What everybody does at the same time, now and then."""

_RUSH, _RUSHES = 8, 0.15
"""How many then do it, and how often that is."""


def steps_of(seed: int, count: int) -> Sequence[Step]:
    """Return so many steps."""
    rng = random.Random(f"steps of {seed}")
    kinds = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=count)
    for start in range(0, count, _RUSH):
        if rng.random() < _RUSHES:
            kinds[start : start + _RUSH] = [rng.choice(_AT_ONCE)] * len(kinds[start : start + _RUSH])
    return [Step(kind, f"{seed}/{number}") for number, kind in enumerate(kinds)]


async def set_up(world: World) -> None:
    """Fund the traders, list the markets."""
    operations = world.exchange.operations
    for account in ACCOUNTS:
        await operations.deposit(account, Money(10**9), f"first of {account}")
    for group_id in (GROUP, *LATER_GROUPS):
        await operations.create_group(CreateGroup(group_id=group_id, title="group"))
    for ticker in MARKETS:
        await operations.create_market(_market(ticker, GROUP if ticker.startswith("G-") else None))
    await operations.activate(Ticker("M"))
    for ticker in MARKETS[1:3]:
        await operations.activate(ticker)
    for child, parent in (("C-1", "M"), ("C-2", "C-1")):
        await operations.link_condition(Ticker(child), Ticker(parent), Result.YES)
        await operations.activate(Ticker(child))


def _market(ticker: Ticker, group_id: GroupId | None) -> CreateMarket:
    return CreateMarket(
        ticker=ticker, title=ticker, fees=FEES, group_id=group_id, position_limit=Quantity(50_000)
    )


@dataclass(kw_only=True)
class Doing:
    """Carries out steps, on orders and order groups that earlier ones made."""

    world: World
    open_orders: list[tuple[AccountId, OrderId]] = field(default_factory=list)
    order_groups: list[tuple[AccountId, str]] = field(default_factory=list)

    async def do(self, step: Step) -> object:
        """Carry out a step; return what was answered."""
        carry_out: Callable[[random.Random], Awaitable[object]] = getattr(self, step.kind)
        return await carry_out(random.Random(step.seed))

    async def place(self, rng: random.Random) -> object:
        """Place an order of any kind."""
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
        if rng.random() < 0.1 and self.order_groups:
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
            ticker=rng.choice(MARKETS if rng.random() < 0.9 else LATER),
            **more,
        )
        if isinstance(answer, OrderAccepted):
            self.open_orders.append((account, answer.order_id))
        return answer

    async def cancel(self, rng: random.Random) -> object:
        """Cancel an order."""
        if not self.open_orders:
            return None
        account, order_id = self._one(rng)
        return self._still_open(order_id, await self.world.exchange.trading.cancel(account, order_id))

    async def decrease(self, rng: random.Random) -> object:
        """Take something off an order."""
        if not self.open_orders:
            return None
        account, order_id = self._one(rng)
        by = Quantity(100 * rng.randint(1, 10))
        decreased = await self.world.exchange.trading.decrease(account, order_id, by=by)
        return self._still_open(order_id, decreased)

    async def amend(self, rng: random.Random) -> object:
        """Change an order."""
        if not self.open_orders:
            return None
        account, order_id = self._one(rng)
        amended = await self.world.exchange.trading.amend(
            AmendRequest(
                account_id=account,
                order_id=order_id,
                price_ticks=Ticks(100 * rng.randint(30, 70)),
                total=Quantity(100 * rng.randint(1, 100)),
            )
        )
        return self._still_open(order_id, amended)

    def _one(self, rng: random.Random) -> tuple[AccountId, OrderId]:
        return rng.choice(self.open_orders[-LATEST:] if rng.random() < 0.5 else self.open_orders)

    def _still_open(self, order_id: OrderId, answer: OrderAnswer) -> OrderAnswer:
        """Remember an order no more that was gone when it was to be changed."""
        if isinstance(answer, Rejected) and answer.reason is Reason.ORDER_NOT_FOUND:
            self.open_orders[:] = [each for each in self.open_orders if each[1] != order_id]
        return answer

    async def deposit(self, rng: random.Random) -> object:
        """Bring money in."""
        amount = Money(rng.randint(1, 5 * 10**8))
        return await self.world.exchange.operations.deposit(
            rng.choice(ACCOUNTS), amount, f"in {rng.random()}"
        )

    async def withdraw(self, rng: random.Random) -> object:
        """Take money out."""
        amount = Money(rng.randint(1, 10**8))
        return await self.world.exchange.operations.withdraw(
            rng.choice(ACCOUNTS), amount, f"out {rng.random()}"
        )

    async def pause(self, rng: random.Random) -> object:
        """Pause a market."""
        return await self.world.exchange.operations.pause(rng.choice(MARKETS))

    async def resume(self, rng: random.Random) -> object:
        """Resume a market."""
        return await self.world.exchange.operations.resume(rng.choice(MARKETS))

    async def create_order_group(self, rng: random.Random) -> object:
        """Make an order group."""
        account, limit = rng.choice(ACCOUNTS), Quantity(100 * rng.randint(1, 50))
        name, answer = await self.world.exchange.trading.create_order_group(account, limit)
        self.order_groups.append((account, name))
        return answer

    async def reset_order_group(self, rng: random.Random) -> object:
        """Let an order group trade again."""
        if not self.order_groups:
            return None
        return await self.world.exchange.trading.reset_order_group(*rng.choice(self.order_groups))

    async def cancel_all(self, rng: random.Random) -> object:
        """Cancel all orders of somebody in a market."""
        return await self.world.exchange.trading.cancel_all(rng.choice(ACCOUNTS), rng.choice(MARKETS))

    async def agree_on_a_quote(self, rng: random.Random) -> object:
        """Ask for quotes and go some of the way to a trade, now and then by an answer that cannot be."""
        quoting, ticker = self.world.exchange.quoting, rng.choice(MARKETS)
        asker, maker = rng.sample(ACCOUNTS, 2)
        costs = rng.random() < 0.3
        rfq_id, answer = await quoting.ask(
            asker,
            ticker,
            quantity=Quantity(0 if costs else 100 * rng.randint(1, 40)),
            target_cost=Money(rng.randint(1, 10**7) if costs else 0),
            rest_remainder=False,
            replaces=rng.random() < 0.3,
        )
        bid = self._between_the_bids(rng, ticker)
        quote_id, quoted = await quoting.give(
            maker,
            rfq_id,
            yes_bid=Ticks(100 * bid),
            no_bid=Ticks(100 * rng.randint(0, 100 - bid)),
            rest_remainder=False,
        )
        if isinstance(quoted, Rejected) or rng.random() < 0.1:
            return answer, quoted
        if rng.random() < 0.1:
            await quoting.withdraw_quote(maker, quote_id)
        accepted = await quoting.accept(asker, quote_id, rng.choice(list(Side)))
        if isinstance(accepted, Rejected) or rng.random() < 0.1:
            return accepted
        times = 2 if rng.random() < 0.2 else 1
        return await asyncio.gather(*(quoting.confirm(maker, quote_id) for _ in range(times)))

    def _between_the_bids(self, rng: random.Random, ticker: Ticker) -> int:
        """Return a price in cents that passes over nobody on the book, mostly."""
        market = self.world.exchange.directory.market(ticker).loaded
        yes, no = (market.book.yes, market.book.no) if market else (None, None)
        low = (yes.best_ticks if yes else None) or 4_000
        high = 10_000 - ((no.best_ticks if no else None) or 4_000)
        return rng.randint(low // 100, high // 100) if low <= high else rng.randint(40, 60)

    async def resolve(self, rng: random.Random) -> object:
        """Resolve the first market."""
        return await self.world.exchange.operations.resolve(Ticker("M"), rng.choice((Result.YES, Result.NO)))

    async def void(self, rng: random.Random) -> object:
        """Void a market."""
        return await self.world.exchange.operations.void(rng.choice((Ticker("M"), Ticker("C-2"))))

    async def resolve_group(self, rng: random.Random) -> object:
        """Resolve the group."""
        winner = rng.choice((Ticker("G-1"), Ticker("G-2")))
        return await self.world.exchange.operations.resolve_group(GROUP, winner)

    async def list_market(self, rng: random.Random) -> object:
        """List a market and open it, for a group or for none, conditional or not."""
        group_id = rng.choice((None, *LATER_GROUPS))
        command = _market(rng.choice(LATER), group_id)
        parent = Requirement(parent=rng.choice(MARKETS), required=Result.YES)
        return await self.world.exchange.operations.create_market(
            command, condition=parent if rng.random() < 0.2 else None, activate=True
        )

    async def list_while_its_group_ends(self, rng: random.Random) -> object:
        """End one of the later groups, or a new one, while a market is listed for it."""
        operations = self.world.exchange.operations
        group_id = rng.choice((*LATER_GROUPS, GroupId(f"N-{rng.random()}")))
        await operations.create_group(CreateGroup(group_id=group_id, title="group"))
        listed = operations.create_market(_market(rng.choice(LATER), group_id), activate=True)
        ended = (
            operations.void_group(group_id)
            if rng.random() < 0.5
            else operations.resolve_group(group_id, rng.choice(LATER))
        )
        return await asyncio.gather(listed, ended)
