"""Markets in groups and chains of conditions do what naive ones do, and everybody has the same money."""

import os
from collections.abc import Callable
from random import Random

import pytest
from msgspec.structs import replace

from domain.group import commands as gc
from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from domain.ledger import commands as lc
from domain.market import commands as c
from domain.market.vocabulary import Result
from domain.quantities import Money, Ticks
from tests.properties.exchange_life import GROUP_IDS, LINKED, LISTED, opened
from tests.properties.mini_exchange import MiniExchange
from tests.properties.naive_exchange import NaiveExchange
from tests.properties.naive_market import NaiveMarket
from tests.properties.order_streams import ACCOUNTS, OrderStream

SOAK = os.environ.get("PRESAGE_SOAK") == "1"
SEEDS = 300 if SOAK else 50
STEPS = 300 if SOAK else 60

PLENTY = Money(10**15)


class Stream(OrderStream):
    """Orders outside of order groups, under ids that no other market has."""

    def __init__(self, random: Random, market: NaiveMarket, ticker: str) -> None:
        super().__init__(random, market)
        self.ticker = ticker

    def allotment(self, account: AccountId) -> None:
        return None

    def order_group(self, now: int) -> c.MarketCommand:  # type: ignore[override]
        return self.place(now)

    def place(self, now: int) -> c.PlaceOrder:
        command = super().place(now)
        order_id = OrderId(f"{self.ticker}-{self.count}")
        return replace(command, order_id=order_id, market_revision=None, reserved=PLENTY)


class Pair:
    """The exchange and the naive one, of which the same is asked."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.exchange: MiniExchange = opened(random)
        for account in ACCOUNTS:
            self.exchange.ask_account(lc.Deposit(account_id=account, amount=Money(10**16), reference="more"))
        self.begun = {account: self.money(account) for account in ACCOUNTS}
        linked = {child: (parent, required.value) for child, parent, required in LINKED}
        markets = {name: NaiveMarket(fees=fees, conditional=name in linked) for name, _, fees in LISTED}
        groups = {name: [t for t, group, _ in LISTED if group == name] for name in GROUP_IDS}
        self.naive = NaiveExchange(markets, groups, linked)
        self.streams = {name: Stream(random, market, name) for name, market in markets.items()}

    def money(self, account: AccountId) -> int:
        ledger = self.exchange.ledgers[self.exchange.partition(account)]
        return ledger.accounts[account].total

    def let_time_pass(self) -> None:
        """Whatever is due by now happens, in every market."""
        self.exchange.now += self.random.randint(0, 5)
        for name, naive in self.naive.markets.items():
            naive.react(self.exchange.now)
            nothing = c.CancelOrder(order_id=OrderId("none"), account_id=ACCOUNTS[0])
            self.exchange.ask_market(Ticker(name), nothing)

    def trading(self) -> list[str]:
        return [name for name, m in self.naive.markets.items() if m.status in ("active", "inactive")]

    def trade(self) -> None:
        name = self.random.choice(self.trading())
        naive, ticker = self.naive.markets[name], Ticker(name)
        command = self.streams[name].next(self.exchange.now)
        if isinstance(command, c.AmendOrder):
            command = replace(command, extra=PLENTY)
        _, reason = naive.execute(command, self.exchange.now)
        if isinstance(command, c.PlaceOrder):
            refused = self.exchange.place(ticker, command)
        elif isinstance(command, c.AmendOrder):
            self.exchange.tickers.setdefault(command.order_id, ticker)
            refused = self.exchange.amend(command)
        else:
            refused = self.exchange.ask_market(ticker, command)
        assert (refused.reason if refused else None) == reason, command

    def operate(self) -> None:
        random = self.random
        if random.random() < 0.3:
            self.operate_group(GroupId(random.choice(GROUP_IDS)))
            return
        name = random.choice([t for t, group, _ in LISTED if group is None])
        ticker, result = Ticker(name), random.choice([Result.YES, Result.NO])
        price = random.randint(0, 10_000)
        deeds: list[tuple[c.MarketCommand, Callable[[], None]]] = [
            (c.CloseMarket(), lambda: self.naive.close(name)),
            (c.DetermineMarket(result=result), lambda: self.naive.determine(name, result.value)),
            (c.DetermineMarket(result=result), lambda: self.naive.determine(name, result.value)),
            (c.DisputeMarket(), lambda: self.naive.dispute(name)),
            (c.FinalizeMarket(), lambda: self.naive.finalize(name)),
            (c.FinalizeMarket(), lambda: self.naive.finalize(name)),
        ]
        if random.random() < 0.1:
            deeds = [(c.VoidMarket(yes_price_ticks=Ticks(price)), lambda: self.naive.void(name, price))]
        command, same = random.choice(deeds)
        self.exchange.ask_market(ticker, command)
        same()

    def operate_group(self, group_id: GroupId) -> None:
        winner = self.random.choice(self.naive.groups[group_id])
        stands = self.exchange.groups[group_id].winner or Ticker(winner)
        deeds: list[tuple[gc.GroupCommand, Callable[[], None]]] = [
            (gc.DetermineGroup(winner=Ticker(winner)), lambda: self.naive.determine_group(group_id, winner)),
            (gc.DisputeGroup(), lambda: self.naive.dispute_group(group_id)),
            (gc.FinalizeGroup(winner=stands), lambda: self.naive.finalize_group(group_id)),
        ]
        if self.random.random() < 0.1:
            deeds = [(gc.VoidGroup(), lambda: self.naive.void_group(group_id))]
        command, same = self.random.choice(deeds)
        self.exchange.ask_group(group_id, command)
        same()

    def agree(self, where: str) -> None:
        for name, naive in self.naive.markets.items():
            market = self.exchange.markets[Ticker(name)]
            assert market.status.value == naive.status, f"{where}, {name}"
            assert market.ended or market.locks_proceeds == naive.conditional, f"{where}, {name}"
            assert list(market.orders) == [order.id for order in naive.orders], f"{where}, {name}"
            naive.happened = []
        for account in ACCOUNTS:
            gained = self.money(account) - self.begun[account]
            assert gained == self.naive.worth(account), f"{where}, {account}"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_groups_and_chains_of_conditions_end_as_naive_ones_do(seed: int) -> None:
    random = Random(seed)
    pair = Pair(random)
    pair.agree("at the start")
    for number in range(STEPS):
        pair.let_time_pass()
        if pair.trading() and random.random() < 0.93:
            pair.trade()
        else:
            pair.operate()
        pair.exchange.settle()
        if number % 10 == 0 or number == STEPS - 1:
            pair.agree(f"seed {seed}, step {number}")
    pair.exchange.check()
