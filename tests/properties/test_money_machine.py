"""Hypothesis looks for the shortest story in which a cent goes astray."""

import os
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.fees import FeeRate, FeeSchedule
from domain.identifiers import AccountId, Ticker
from domain.ledger import commands as lc
from domain.market import commands as c
from domain.market.book import Order
from domain.market.vocabulary import Action, MarketStatus, Result, SelfTradePrevention, Side, TimeInForce
from domain.quantities import Money, Quantity, Ticks
from tests.properties.mini_exchange import MiniExchange, whole_balance

SOAK = os.environ.get("PRESAGE_SOAK") == "1"

PARENT, CHILD, GRANDCHILD = Ticker("PARENT"), Ticker("CHILD"), Ticker("GRANDCHILD")
LINKED = [(CHILD, PARENT, Result.YES), (GRANDCHILD, CHILD, Result.NO)]

accounts = st.sampled_from([AccountId("ann"), AccountId("bob"), AccountId("cat")])
tickers = st.sampled_from([PARENT, CHILD, GRANDCHILD])
sides = st.sampled_from(list(Side))
# Few prices and quantities, so that orders meet and there is something to win.
prices = st.sampled_from([Ticks(cents * 100) for cents in (10, 40, 50, 60, 90)])
quantities = st.sampled_from([Quantity(hundredths) for hundredths in (1, 50, 100, 333)])
seldom = st.integers(0, 6)
fees = st.builds(
    FeeSchedule,
    maker=st.builds(FeeRate, quadratic_bps=st.sampled_from([0, 175]), flat_ticks=st.sampled_from([0, 40])),
    taker=st.builds(FeeRate, quadratic_bps=st.sampled_from([0, 700]), flat_ticks=st.sampled_from([0, 900])),
    grain=st.sampled_from([Money(1), Money(10_000)]),
)


class MoneyMachine(RuleBasedStateMachine):
    """A parent, a market conditional on it, and one conditional on that."""

    @initialize(fees=st.lists(fees, min_size=3, max_size=3), partitions=st.integers(1, 3))
    def open(self, fees: list[FeeSchedule], partitions: int) -> None:
        self.exchange = MiniExchange(partitions=partitions, random=Random(0))
        for ticker, schedule in zip((PARENT, CHILD, GRANDCHILD), fees, strict=True):
            self.exchange.ask_market(ticker, c.CreateMarket(ticker=ticker, title="", fees=schedule))
        for child, parent, required in LINKED:
            self.exchange.ask_market(parent, c.ActivateMarket())
            self.exchange.ask_market(parent, c.AttachConditional(child=child))
            link = c.LinkCondition(parent=parent, required=required, ancestors=(parent,))
            assert self.exchange.ask_market(child, link) is None
        self.exchange.ask_market(GRANDCHILD, c.ActivateMarket())
        for name in ("ann", "bob", "cat"):
            deposit = lc.Deposit(account_id=AccountId(name), amount=Money(8_000_000), reference="first")
            self.exchange.ask_account(deposit)

    @rule(
        account=accounts,
        ticker=tickers,
        side=sides,
        price=prices,
        quantity=quantities,
        tif=st.sampled_from([TimeInForce.GOOD_TILL_CANCELED, TimeInForce.IMMEDIATE_OR_CANCEL]),
        stp=st.sampled_from(list(SelfTradePrevention)),
        sells=st.booleans(),
        interrupt=st.sampled_from([False, False, True]),
    )
    def place(
        self,
        *,
        account: AccountId,
        ticker: Ticker,
        side: Side,
        price: Ticks,
        quantity: Quantity,
        tif: TimeInForce,
        stp: SelfTradePrevention,
        sells: bool,
        interrupt: bool,
    ) -> None:
        position = self.exchange.markets[ticker].positions.get(account)
        free = position.free(side) if position else 0
        sells = sells and free > 0
        command = c.PlaceOrder(
            order_id=self.exchange.new_order_id(),
            account_id=account,
            side=side,
            action=Action.SELL if sells else Action.BUY,
            quantity=Quantity(min(free, quantity)) if sells else quantity,
            price_ticks=price,
            time_in_force=tif,
            self_trade_prevention=stp,
        )
        self.exchange.place(ticker, command, interrupt=interrupt and not sells)

    @rule(
        buyer=accounts,
        seller=accounts,
        ticker=tickers,
        side=sides,
        first=prices,
        then=prices,
        quantity=quantities,
    )
    def turn_over(
        self,
        *,
        buyer: AccountId,
        seller: AccountId,
        ticker: Ticker,
        side: Side,
        first: Ticks,
        then: Ticks,
        quantity: Quantity,
    ) -> None:
        """Let one account buy from another, and sell at another price what it bought."""
        other = Side.NO if side is Side.YES else Side.YES
        good = TimeInForce.GOOD_TILL_CANCELED
        maker = SelfTradePrevention.MAKER
        for price, sells in ((first, False), (then, True)):
            against = Ticks(10_000 - price)
            order = {"ticker": ticker, "quantity": quantity, "tif": good, "stp": maker, "interrupt": False}
            self.place(account=seller, side=other, price=against, sells=sells, **order)
            self.place(account=buyer, side=side, price=price, sells=sells, **order)

    def open_order(self, ticker: Ticker, number: int) -> Order | None:
        orders = list(self.exchange.markets[ticker].orders.values())
        return orders[number % len(orders)] if orders else None

    @rule(ticker=tickers, number=st.integers(0, 9))
    def cancel(self, ticker: Ticker, number: int) -> None:
        if order := self.open_order(ticker, number):
            command = c.CancelOrder(order_id=order.order_id, account_id=order.account_id)
            self.exchange.ask_market(ticker, command)

    @rule(
        ticker=tickers, number=st.integers(0, 9), price=prices, quantity=quantities, interrupt=st.booleans()
    )
    def amend(
        self, *, ticker: Ticker, number: int, price: Ticks, quantity: Quantity, interrupt: bool
    ) -> None:
        if order := self.open_order(ticker, number):
            command = c.AmendOrder(
                amendment_id=self.exchange.new_order_id(),
                order_id=order.order_id,
                account_id=order.account_id,
                price_ticks=price,
                total=Quantity(order.filled + quantity),
            )
            self.exchange.amend(command, interrupt=interrupt)

    @precondition(lambda self: self.exchange.interrupted)
    @rule()
    def recover(self) -> None:
        self.exchange.recover()

    @rule(pieces=st.integers(0, 4))
    def settle(self, pieces: int) -> None:
        self.exchange.settle(pieces=pieces or None)

    @rule(ticker=tickers, result=st.sampled_from([Result.YES, Result.NO]), chance=seldom)
    def resolve(self, ticker: Ticker, result: Result, chance: int) -> None:
        if chance:
            return
        if self.exchange.markets[ticker].status is MarketStatus.ACTIVE:
            self.exchange.ask_market(ticker, c.CloseMarket())
            self.exchange.ask_market(ticker, c.DetermineMarket(result=result))
        self.exchange.ask_market(ticker, c.FinalizeMarket())

    @rule(ticker=tickers, price=st.integers(0, 10_000), chance=seldom)
    def void(self, ticker: Ticker, price: int, chance: int) -> None:
        if not chance:
            self.exchange.ask_market(ticker, c.VoidMarket(yes_price_ticks=Ticks(price)))

    @invariant()
    def every_cent_is_there(self) -> None:
        if hasattr(self, "exchange"):
            self.exchange.check()

    def teardown(self) -> None:
        if not hasattr(self, "exchange"):
            return
        while self.exchange.interrupted:
            self.exchange.recover()
        for ticker in (PARENT, CHILD, GRANDCHILD):
            self.exchange.settle()
            self.resolve(ticker, Result.YES, 0)
        self.exchange.settle()
        self.exchange.check_replay()
        came, there = whole_balance(self.exchange)
        assert came == there


TestMoneyMachine = MoneyMachine.TestCase
TestMoneyMachine.settings = settings(
    max_examples=2_000 if SOAK else 60,
    stateful_step_count=80 if SOAK else 40,
    deadline=None,
    derandomize=not SOAK,
    suppress_health_check=list(HealthCheck),
)
