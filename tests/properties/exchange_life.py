"""A small world of markets, and seeded traders and operators who do everything there is to do in it."""

from collections.abc import Callable
from random import Random

from domain.fees import FeeSchedule, fee_rate, fee_schedule
from domain.group import commands as gc
from domain.identifiers import AccountId, GroupId, Ticker
from domain.ledger import commands as lc
from domain.limits import DEFAULT_LIMITS, AccountLimits
from domain.market import commands as c
from domain.market.book import Order
from domain.market.events import CrossedOrder
from domain.market.vocabulary import Action, MarketStatus, OrderType, Result, SelfTradePrevention, Side
from domain.market.vocabulary import TimeInForce as Tif
from domain.quantities import Money, Quantity, Ticks
from tests.properties.mini_exchange import MiniExchange

ACCOUNTS = [AccountId(name) for name in ("ann", "bob", "cat", "dan", "eve", "fay")]
GROUP_IDS = [GroupId("G"), GroupId("H")]
ORDER_GROUPS = [(f"{account}-{n}", account) for account in ACCOUNTS for n in (1, 2)]

DEAR = fee_schedule(maker=fee_rate(quadratic_bps=175), taker=fee_rate(quadratic_bps=700, flat_ticks=2))
FINE = fee_schedule(
    maker=fee_rate(flat_ticks=30), taker=fee_rate(quadratic_bps=9_000, flat_ticks=500), grain=Money(1)
)

LISTED: list[tuple[str, str | None, FeeSchedule]] = [
    ("PLAIN", None, fee_schedule()),
    ("FEES", None, DEAR),
    ("ROOT", None, DEAR),
    ("CHILD", None, DEAR),
    ("OTHERWISE", None, FINE),
    ("GRANDCHILD", None, FINE),
    ("G1", "G", fee_schedule()),
    ("G2", "G", DEAR),
    ("G3", "G", DEAR),
    ("H1", "H", FINE),
    ("H2", "H", fee_schedule()),
]
"""Ticker, group, fees."""

LINKED = [
    ("CHILD", "ROOT", Result.YES),
    ("OTHERWISE", "ROOT", Result.NO),
    ("GRANDCHILD", "CHILD", Result.NO),
    ("H1", "G1", Result.YES),
    ("H2", "G1", Result.YES),
]
"""Child, parent, required result. All of group H depends on a market of group G."""


def opened(random: Random, limits: AccountLimits = DEFAULT_LIMITS) -> MiniExchange:
    """Return an exchange whose markets trade and whose traders have some money."""
    exchange = MiniExchange(partitions=random.choice([1, 2, 3]), random=random, limits=limits)
    for group_id in GROUP_IDS:
        exchange.ask_group(group_id, gc.CreateGroup(group_id=group_id, title=""))
    for name, group, fees in LISTED:
        ticker = Ticker(name)
        group_id = GroupId(group) if group else None
        create = c.CreateMarket(ticker=ticker, title="", group_id=group_id, fees=fees)
        assert exchange.ask_market(ticker, create) is None
        if group_id:
            exchange.ask_group(group_id, gc.AddMarket(ticker=ticker))
    member_of = {name: GroupId(group) for name, group, _ in LISTED if group}
    parents = {child: parent for child, parent, _ in LINKED}
    for child, parent, required in LINKED:
        exchange.ask_market(Ticker(parent), c.ActivateMarket(member_of=member_of.get(parent)))
        ancestors = tuple(Ticker(name) for name in (parent, parents.get(parent)) if name)
        assert exchange.ask_market(Ticker(parent), c.AttachConditional(child=Ticker(child))) is None
        link = c.LinkCondition(parent=Ticker(parent), required=required, ancestors=ancestors)
        assert exchange.ask_market(Ticker(child), link) is None
    for name, _, _ in LISTED:
        exchange.ask_market(Ticker(name), c.ActivateMarket(member_of=member_of.get(name)))
    for account in ACCOUNTS:
        deposit = lc.Deposit(account_id=account, amount=Money(25_000_000), reference="first")
        exchange.ask_account(deposit)
    for name, account in ORDER_GROUPS:
        create_group = lc.CreateOrderGroup(order_group_id=name, account_id=account, limit=Quantity(800))
        exchange.ask_account(create_group)
    return exchange


class Life:
    """Does one thing after the other; ``pace`` is how often markets come to an end."""

    def __init__(self, exchange: MiniExchange, random: Random, *, pace: float = 1.0) -> None:
        self.exchange = exchange
        self.random = random
        self.transfers = 0
        self.crossed = 0
        self.group_ids = {name: name for name, _ in ORDER_GROUPS}
        self.middles = dict.fromkeys(exchange.markets, 5_000)
        self.deeds: list[tuple[Callable[[], object], float]] = [
            (self.place, 60),
            (self.cross, 4),
            (self.cancel, 8),
            (self.amend, 9),
            (self.decrease, 4),
            (self.cancel_all, 1),
            (self.transfer, 3),
            (self.order_group, 2),
            (self.recover, 3),
            (self.pause_or_resume, 1),
            (self.end_a_market, pace),
            (self.end_a_group, pace / 3),
        ]

    def step(self) -> None:
        self.exchange.now += self.random.randint(0, 5)
        deeds, weights = zip(*self.deeds, strict=True)
        self.random.choices(deeds, weights)[0]()
        if self.random.random() < 0.8:
            self.exchange.settle(pieces=self.random.choice([None, None, 1, 3]))

    # --------------------------------------------------------------------------------------- traders

    def place(self) -> None:
        random, exchange = self.random, self.exchange
        ticker, account = random.choice(self.busy()), random.choice(ACCOUNTS)
        side = random.choice(list(Side))
        position = exchange.markets[ticker].positions.get(account)
        free = position.free(side) if position else 0
        sells = free > 0 and random.random() < 0.6
        kind = random.choices(list(OrderType), [85, 8, 7])[0]
        tif = random.choices(list(Tif), [75, 10, 10, 5])[0]
        priced = kind is OrderType.LIMIT or (kind is OrderType.STOP and random.random() < 0.5)
        group = random.choice([name for name, owner in ORDER_GROUPS if owner == account])
        command = c.PlaceOrder(
            order_id=exchange.new_order_id(),
            account_id=account,
            side=side,
            action=Action.SELL if sells else Action.BUY,
            quantity=Quantity(min(free, self.size()) if sells else self.size()),
            price_ticks=self.price(ticker, side) if priced else None,
            order_type=kind,
            time_in_force=tif,
            expires_at_us=exchange.now + random.randint(1, 99) if tif is Tif.GOOD_TILL_DATE else None,
            stop_price_ticks=self.price(ticker, side) if kind is OrderType.STOP else None,
            post_only=kind is OrderType.LIMIT and random.random() < 0.1,
            reduce_only=random.random() < 0.07,
            self_trade_prevention=random.choice(list(SelfTradePrevention)),
            order_group_id=self.group_ids[group] if random.random() < 0.15 else None,
            cancel_on_pause=random.random() < 0.3,
            buy_max_cost=Money(random.randint(1, 9_000_000)) if not sells and random.random() < 0.1 else None,
        )
        exchange.place(ticker, command, interrupt=random.random() < 0.03)

    def cross(self) -> None:
        """Let two traders agree on a price, mostly one between the best bids."""
        random, exchange = self.random, self.exchange
        ticker, (one, two) = random.choice(self.busy()), random.sample(ACCOUNTS, 2)
        book = exchange.markets[ticker].book
        low, high = book.yes.best_ticks or 100, 10_000 - (book.no.best_ticks or 100)
        price = (
            Ticks(100 * (random.randint(low, high) // 100)) if low < high else self.price(ticker, Side.YES)
        )
        side, quantity = random.choice(list(Side)), Quantity(self.size())
        refused = exchange.cross(
            ticker,
            c.CrossOrders(
                quote_id=exchange.new_order_id(),
                price_ticks=price,
                quantity=quantity,
                maker=self.part(ticker, one, side, quantity),
                taker=self.part(ticker, two, Side.NO if side is Side.YES else Side.YES, quantity),
                maker_reserved=Money(0),
                taker_reserved=Money(0),
                now_us=exchange.now,
            ),
        )
        self.crossed += refused is None

    def part(self, ticker: Ticker, account: AccountId, gains: Side, quantity: Quantity) -> CrossedOrder:
        gives = Side.NO if gains is Side.YES else Side.YES
        position = self.exchange.markets[ticker].positions.get(account)
        sells = position is not None and position.free(gives) >= quantity
        return CrossedOrder(
            order_id=self.exchange.new_order_id(),
            account_id=account,
            side=gives if sells else gains,
            action=Action.SELL if sells else Action.BUY,
        )

    def size(self) -> int:
        return self.random.choice([1, 7, 50, 100, 100, 250, 600])

    def busy(self) -> list[Ticker]:
        """Name the markets in which something goes on: a few at a time, so that orders meet."""
        markets = self.exchange.markets
        trading = [t for t, m in markets.items() if m.status is MarketStatus.ACTIVE]
        conditional = [t for t in trading if markets[t].locks_proceeds]
        return conditional[:2] + trading[-1:] or list(markets)

    def price(self, ticker: Ticker, side: Side) -> Ticks:
        """Return a price near where the market stands; it wanders, so that there is something to win."""
        wandered = self.middles[ticker] + self.random.randint(-600, 600)
        self.middles[ticker] = min(9_500, max(500, wandered))
        middle = self.middles[ticker] if side is Side.YES else 10_000 - self.middles[ticker]
        return Ticks(100 * min(99, max(1, round(self.random.gauss(middle, 300) / 100))))

    def order(self) -> Order | None:
        market = self.random.choice(list(self.exchange.markets.values()))
        orders = list(market.orders.values())
        return self.random.choice(orders) if orders else None

    def cancel(self) -> None:
        if order := self.order():
            self.on_order(order, c.CancelOrder(order_id=order.order_id, account_id=order.account_id))

    def decrease(self) -> None:
        if order := self.order():
            by = Quantity(self.random.randint(1, 400))
            self.on_order(order, c.DecreaseOrder(order_id=order.order_id, account_id=order.account_id, by=by))

    def on_order(self, order: Order, command: c.MarketCommand) -> None:
        self.exchange.ask_market(self.exchange.tickers[order.order_id], command)

    def amend(self) -> None:
        if order := self.order():
            random, ticker = self.random, self.exchange.tickers[order.order_id]
            total = Quantity(order.filled + self.size()) if random.random() < 0.6 else None
            command = c.AmendOrder(
                amendment_id=self.exchange.new_order_id(),
                order_id=order.order_id,
                account_id=order.account_id,
                price_ticks=self.price(ticker, order.side) if random.random() < 0.7 else None,
                total=total,
            )
            self.exchange.amend(command, interrupt=random.random() < 0.05)

    def cancel_all(self) -> None:
        ticker = self.random.choice(list(self.exchange.markets))
        self.exchange.cancel_all(ticker, self.random.choice(ACCOUNTS))

    def transfer(self) -> None:
        random, account = self.random, self.random.choice(ACCOUNTS)
        self.transfers += 1
        # A reference is used again now and then.
        reference = f"t{self.transfers if random.random() < 0.8 else random.randint(1, self.transfers)}"
        amount = Money(random.choice([1, 999, 10**6, 10**7]))
        kind = random.random()
        if kind < 0.4:
            self.exchange.ask_account(lc.Deposit(account_id=account, amount=amount, reference=reference))
        elif kind < 0.6:
            self.exchange.ask_account(lc.Withdraw(account_id=account, amount=amount, reference=reference))
        else:
            partition = self.exchange.partition(account)
            earned = self.exchange.ledgers[partition].fees_earned
            if earned:
                part = Money(random.randint(1, earned))
                self.exchange.ask_ledger(partition, lc.WithdrawFees(amount=part, reference=reference))

    def order_group(self) -> None:
        place, account = self.random.choice(ORDER_GROUPS)
        name = self.group_ids[place]
        change = lc.ChangeOrderGroupLimit(
            order_group_id=name, account_id=account, limit=Quantity(self.random.randint(1, 2_000))
        )
        create = lc.CreateOrderGroup(order_group_id=name, account_id=account, limit=Quantity(500))
        reset = lc.ResetOrderGroup(order_group_id=name, account_id=account)
        command = self.random.choice(
            [
                create,
                create,
                change,
                lc.TriggerOrderGroup(order_group_id=name, account_id=account),
                reset,
                reset,
                lc.DeleteOrderGroup(order_group_id=name, account_id=account),
            ]
        )
        if self.exchange.ask_account(command) is None and isinstance(command, lc.DeleteOrderGroup):
            # The id of a group is never used again.
            self.group_ids[place] = f"{name}+"

    def recover(self) -> None:
        if self.exchange.interrupted:
            self.exchange.recover()

    # ------------------------------------------------------------------------------------- operators

    def pause_or_resume(self) -> None:
        for ticker, market in self.exchange.markets.items():
            if market.status is MarketStatus.PAUSED:
                self.exchange.ask_market(ticker, c.ResumeMarket())
                return
        self.exchange.ask_market(self.random.choice(list(self.exchange.markets)), c.PauseMarket())

    def end_a_market(self) -> None:
        random = self.random
        ticker, market = random.choice(list(self.exchange.markets.items()))
        if random.random() < (0.4 if market.locks_proceeds else 0.1):
            self.exchange.ask_market(ticker, c.VoidMarket(yes_price_ticks=Ticks(random.randint(0, 10_000))))
        elif market.status is MarketStatus.CLOSED:
            result = random.choice([Result.YES, Result.NO])
            self.exchange.ask_market(ticker, c.DetermineMarket(result=result))
        elif market.status is MarketStatus.DETERMINED:
            command = c.DisputeMarket() if random.random() < 0.2 else c.FinalizeMarket()
            self.exchange.ask_market(ticker, command)
        elif market.status is MarketStatus.DISPUTED:
            self.exchange.ask_market(ticker, c.DetermineMarket(result=Result.NO))
        else:
            self.exchange.ask_market(ticker, c.CloseMarket())

    def end_a_group(self) -> None:
        random = self.random
        group_id = random.choice(GROUP_IDS)
        group = self.exchange.groups[group_id]
        members = group.members
        commands: list[gc.GroupCommand] = [
            gc.DetermineGroup(winner=random.choice(members)),
            gc.DisputeGroup(),
            gc.FinalizeGroup(winner=group.winner or members[0]),
        ]
        if random.random() < 0.2:
            commands = [gc.VoidGroup()]
        self.exchange.ask_group(group_id, random.choice(commands))

    def end_everything(self) -> None:
        """Let every saga and every market come to its end, parents before children."""
        while self.exchange.interrupted:
            self.exchange.settle()
            self.exchange.recover()
        self.exchange.settle()
        for group_id in GROUP_IDS:
            group = self.exchange.groups[group_id]
            winner = self.random.choice(group.members)
            self.exchange.ask_group(group_id, gc.DetermineGroup(winner=winner))
            self.exchange.ask_group(group_id, gc.FinalizeGroup(winner=group.winner or winner))
            self.exchange.settle()
        for name, _, _ in LISTED:
            result = self.random.choice([Result.YES, Result.NO])
            for command in (c.CloseMarket(), c.DetermineMarket(result=result), c.FinalizeMarket()):
                self.exchange.ask_market(Ticker(name), command)
            self.exchange.settle()
