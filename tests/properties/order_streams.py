"""Seeded streams of market commands, sensible and senseless, made with a look at what stands."""

from random import Random

from msgspec.structs import replace

from domain.fees import fee_rate, fee_schedule
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market import commands as c
from domain.market.vocabulary import Action, OrderType, SelfTradePrevention, Side
from domain.market.vocabulary import TimeInForce as Tif
from domain.quantities import Money, Quantity, Ticks
from tests.properties.naive_market import NaiveMarket, NaiveOrder

ACCOUNTS = [AccountId(name) for name in ("ann", "bob", "cat", "dan", "eve")]
GROUPS = [("g1", ACCOUNTS[0]), ("g2", ACCOUNTS[1]), ("g3", ACCOUNTS[2])]
WHO_GIVES_WAY = list(SelfTradePrevention)

FEES = [
    fee_schedule(),
    fee_schedule(taker=fee_rate(quadratic_bps=700)),
    fee_schedule(maker=fee_rate(quadratic_bps=175), taker=fee_rate(quadratic_bps=700, flat_ticks=3)),
    fee_schedule(maker=fee_rate(flat_ticks=40), taker=fee_rate(flat_ticks=90), grain=Money(1)),
    fee_schedule(maker=fee_rate(flat_ticks=900), taker=fee_rate(quadratic_bps=9_000), grain=Money(100)),
]


class GroupAtTheLedger:
    """An order group as its ledger would know it, with fills in other markets that come by chance."""

    def __init__(self, name: str, account: AccountId) -> None:
        self.name, self.account = name, account
        self.round = self.version = self.closed_at = self.elsewhere = 0
        self.limit = 2_000
        self.triggered = False

    def change(self, random: Random) -> None:
        kind = random.random()
        if self.triggered or kind < 0.2:
            self.reset()
        elif kind < 0.5:
            self.elsewhere += random.randint(1, 400)
        elif kind < 0.8:
            self.limit, self.version = random.randint(1, 4_000), self.version + 1
        else:
            self.trigger()
        if self.elsewhere >= self.limit:
            self.trigger()

    def reset(self) -> None:
        self.round, self.version, self.elsewhere, self.triggered = self.round + 1, self.version + 1, 0, False

    def trigger(self) -> None:
        self.version, self.triggered = self.version + 1, True
        self.closed_at = self.version

    def told(self) -> c.BoundOrderGroup:
        return c.BoundOrderGroup(
            order_group_id=self.name,
            account_id=self.account,
            round=self.round,
            version=self.version,
            closed_at=self.closed_at,
            allowance=Quantity(0 if self.triggered else self.limit - self.elsewhere),
        )


def listing(random: Random) -> c.CreateMarket:
    """Return a market with rules of its own."""
    step = random.choice([1, 1, 25, 100])
    low, high = random.choice([(1, 9_999), (1, 9_999), (300, 9_650)])
    return c.CreateMarket(
        ticker=Ticker("M"),
        title="",
        tick_size_ticks=Ticks(random.choice([100, 100, 10, 1, 500])),
        price_min_ticks=Ticks(low),
        price_max_ticks=Ticks(high),
        quantity_min=Quantity(step * random.choice([1, 1, 3])),
        quantity_step=Quantity(step),
        position_limit=Quantity(random.choice([5_000, 100_000])) if random.random() < 0.4 else None,
        fees=random.choice(FEES),
    )


class OrderStream:
    """Makes the next command; ``market`` is what the commands so far have led to."""

    def __init__(self, random: Random, market: NaiveMarket) -> None:
        self.random = random
        self.market = market
        self.count = 0
        self.middle = 5_000
        self.groups = {name: GroupAtTheLedger(name, account) for name, account in GROUPS}
        self.told: list[c.BoundOrderGroup] = []
        self.makers = [
            (self.place, 60),
            (self.cancel, 14),
            (self.amend, 12),
            (self.decrease, 6),
            (self.cancel_many, 1),
            (self.order_group, 5),
            (self.pause_or_resume, 2),
            (self.change_tick, 0.3),
        ]

    def next(self, now: int) -> c.MarketCommand:
        if self.market.status != "active" and self.random.random() < 0.3:
            return c.ResumeMarket()
        if not self.market.orders and self.random.random() < 0.9:
            return self.place(now)
        kinds, weights = zip(*self.makers, strict=True)
        make = self.random.choices(kinds, weights)[0]
        return make(now)

    def price(self, *, aggressive: bool = False) -> Ticks:
        tick, random = self.market.tick, self.random
        self.middle = min(9_700, max(300, self.middle + random.randint(-60, 60)))
        if random.random() < 0.015:
            return Ticks(random.choice([-5, 0, 1, 7, 33, 100, 9_900, 9_999, 10_000, 12_345]))
        ticks = round((self.middle + random.gauss(300 if aggressive else -100, 300)) / tick) * tick
        return Ticks(min(10_000 - tick, max(tick, ticks)))

    def quantity(self) -> Quantity:
        random = self.random
        if random.random() < 0.015:
            return Quantity(random.choice([0, -100, 7, 10**11 + 100]))
        return Quantity(self.market.step * random.randint(1, random.choice([3, 12, 40])))

    def place(self, now: int) -> c.PlaceOrder:
        random = self.random
        self.count += 1
        account, side = random.choice(ACCOUNTS), random.choice(list(Side))
        free = self.market.free(account, side)
        sells = free > 0 and random.random() < 0.6
        quantity = self.quantity()
        if sells and random.random() < 0.9:
            quantity = Quantity(min(quantity, free))
        kind = random.choices(list(OrderType), [80, 10, 10])[0]
        tif = random.choices(list(Tif), [70, 10, 12, 8])[0]
        priced = kind is OrderType.LIMIT or (kind is OrderType.STOP and random.random() < 0.5)
        # Around the same middle for both outcomes, a little below it for bids and above it for offers.
        price = self.price(aggressive=random.random() < 0.4) if priced else None
        if price is not None and (side is Side.NO) != sells:
            price = Ticks(2 * self.middle // self.market.tick * self.market.tick - price)
        if price is not None and side is Side.NO:
            price = Ticks(10_000 - price)
        told = self.allotment(account)
        command = c.PlaceOrder(
            order_id=OrderId(f"o{self.count if random.random() < 0.995 else self.count // 2}"),
            account_id=account,
            client_order_id=f"c{self.count}",
            side=side,
            action=Action.SELL if sells else Action.BUY,
            quantity=quantity,
            price_ticks=price,
            order_type=kind,
            time_in_force=tif,
            expires_at_us=now + random.randint(0, 60) if tif is Tif.GOOD_TILL_DATE else None,
            stop_price_ticks=self.price() if kind is OrderType.STOP else None,
            post_only=random.random() < (0.15 if kind is OrderType.LIMIT else 0.01),
            reduce_only=random.random() < 0.08,
            self_trade_prevention=random.choice(WHO_GIVES_WAY),
            order_group_id=None if told is None else told.order_group_id,
            allotment=told,
            cancel_on_pause=random.random() < 0.2,
            buy_max_cost=Money(random.randint(1, 9_000_000)) if self.capped(kind) and not sells else None,
            market_revision=random.randint(-1, 300) if random.random() < 0.003 else None,
            deadline_us=now + random.randint(-9, 9) if random.random() < 0.02 else None,
            now_us=now,
        )
        return self.funded(command)

    def capped(self, kind: OrderType) -> bool:
        return (
            self.random.random() < {OrderType.LIMIT: 0.05, OrderType.MARKET: 0.4, OrderType.STOP: 0.01}[kind]
        )

    def funded(self, command: c.PlaceOrder) -> c.PlaceOrder:
        """Set aside what is needed, sometimes more, seldom less."""
        needed = self.market.needed(command) if 0 < command.quantity < 10**11 else 0
        spare = self.random.choices([0, self.random.randint(1, 10**6), -1], [60, 38, 2])[0]
        return replace(command, reserved=Money(max(0, needed + spare)))

    def order(self) -> NaiveOrder | None:
        return self.random.choice(self.market.orders) if self.market.orders else None

    def known(self) -> tuple[AccountId, OrderId]:
        """Name an open order by its owner; now and then somebody else's, or one that is gone."""
        order, random = self.order(), self.random
        if order is None or random.random() < 0.05:
            return random.choice(ACCOUNTS), OrderId(f"o{random.randint(0, self.count)}")
        account = order.asked.account_id
        return (account if random.random() < 0.98 else random.choice(ACCOUNTS)), order.asked.order_id

    def cancel(self, now: int) -> c.CancelOrder:
        account, order_id = self.known()
        return c.CancelOrder(order_id=order_id, account_id=account)

    def amend(self, now: int) -> c.MarketCommand:
        random, order = self.random, self.order()
        if order is None:
            return self.cancel(now)
        account, order_id = self.known()
        if random.random() < 0.9:
            account, order_id = order.asked.account_id, order.asked.order_id
        price = self.price() if random.random() < 0.7 else None
        if price is not None and order.asked.side is Side.NO:
            price = Ticks(10_000 - price)
        total = Quantity(order.filled + self.quantity()) if random.random() < 0.6 else None
        remaining = order.remaining if total is None else total - order.filled
        limit = order.price if price is None else price
        extra = 0
        if remaining > 0 and 0 < limit < 10_000:
            extra = max(0, self.market.required(order, limit, remaining) - order.reserved)
        return c.AmendOrder(
            amendment_id="amendment",
            order_id=order_id,
            account_id=account,
            price_ticks=price,
            total=total,
            client_order_id=random.choice(["", "renamed"]),
            extra=Money(max(0, extra + random.choices([0, 77, -1], [80, 15, 5])[0])),
        )

    def decrease(self, now: int) -> c.DecreaseOrder:
        account, order_id = self.known()
        amount = Quantity(self.market.step * self.random.randint(-1, 20))
        by, to = (amount, None) if self.random.random() < 0.5 else (None, amount)
        return c.DecreaseOrder(order_id=order_id, account_id=account, by=by, to=to)

    def cancel_many(self, now: int) -> c.CancelOrders:
        return c.CancelOrders(account_id=self.random.choice(ACCOUNTS))

    def allotment(self, account: AccountId) -> c.BoundOrderGroup | None:
        """Let an order belong to a group of its account, now and then as it was a while ago."""
        group = next((g for g in self.groups.values() if g.account == account), None)
        if group is None or self.random.random() < 0.6:
            return None
        if group.triggered and self.random.random() < 0.5:
            group.reset()
        told = group.told()
        old = [t for t in self.told if t.order_group_id == told.order_group_id]
        return self.random.choice(old) if old and self.random.random() < 0.1 else told

    def order_group(self, now: int) -> c.BoundOrderGroup:
        """Tell the market something of a group: news, something it knows, or something late."""
        group = self.random.choice(list(self.groups.values()))
        if self.random.random() < 0.8:
            group.change(self.random)
        self.told.append(group.told())
        return self.random.choice(self.told) if self.random.random() < 0.2 else self.told[-1]

    def pause_or_resume(self, now: int) -> c.MarketCommand:
        if self.market.status != "active" or self.random.random() < 0.2:
            return c.ResumeMarket()
        return c.PauseMarket()

    def change_tick(self, now: int) -> c.ChangeTickSize:
        return c.ChangeTickSize(tick_size_ticks=Ticks(self.random.choice([1, 10, 50, 100, 500])))
