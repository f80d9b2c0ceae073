"""Shares that go round in a closed group of accounts and come back."""

from collections import Counter, deque

from application.surveillance.detectors.detector import PAIRS, Detector, Found
from application.surveillance.finding import EVIDENCE, Finding
from application.surveillance.flow import Order, Trade
from application.surveillance.memory import Counts, Latest
from application.surveillance.rules import Rule

TRADES = 5_000
"""How many trades of a market are looked at, the latest."""

MARKETS = 1_000

TRADES_IN_ALL = 100_000
"""How many trades of all markets are looked at: some 30 MB. What was quiet for longest goes first."""


class _Account:
    """What an account did in a market within the window."""

    __slots__ = ("money", "net", "partners", "volume")

    def __init__(self) -> None:
        self.volume = 0
        self.net = 0
        self.money = 0
        self.partners: Counter[str] = Counter()


class _Market:
    def __init__(self) -> None:
        self.trades: deque[Trade] = deque()
        self.accounts: dict[str, _Account] = {}


class WashTrading(Detector):
    """``threshold`` trades within a group of ``accounts_most`` accounts at most that ends where it began.

    ``inside_percent`` of what each of them traded was with the others, no position changed by more than
    ``net_percent`` of that, and nobody gained or lost more than ``moved_percent`` of it: those who trade in
    earnest pay for turning round. Each of them traded ``traded_percent`` of what it wanted to: most of what a
    market maker offers is not taken.
    """

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        self._p = rule.parameters
        self._trades = 0
        self._markets = Latest[str, _Market](MARKETS, _Market, self._let_go)
        self._wanted = Latest[tuple[str, str], Counts](PAIRS, lambda: Counts(rule.window_us, 1))
        self._cut_off = 0

    @property
    def forgotten(self) -> int:
        """How much had to be forgotten before its time for want of room."""
        return self._markets.forgotten + self._cut_off

    def placed(self, order: Order) -> Found:
        """Take note of how much an account wants to trade."""
        self._wanted.at((order.market, order.account)).add(order.at_us, 0, order.quantity)
        yield from ()

    def traded(self, trade: Trade) -> Found:
        """See whether a trade closes a circle."""
        market = self._markets.at(trade.market)
        self._expire(market, trade.at_us)
        self._add(market, trade, 1)
        market.trades.append(trade)
        self._trades += 1
        while self._trades > TRADES_IN_ALL:
            self._markets.forget()
        if self._flat(market, trade.maker, trade.price) and self._flat(market, trade.taker, trade.price):
            group = self._group(market, trade)
            if group is not None:
                yield from self._judge(market, trade, group)

    def _expire(self, market: _Market, at_us: int) -> None:
        trades = market.trades
        before = len(trades)
        while trades and trades[0].at_us < at_us - self.rule.window_us:
            self._add(market, trades.popleft(), -1)
        if len(trades) >= TRADES:
            self._cut_off += 1
            self._add(market, trades.popleft(), -1)
        self._trades -= before - len(trades)

    def _let_go(self, market: _Market) -> None:
        self._trades -= len(market.trades)

    def _add(self, market: _Market, trade: Trade, times: int) -> None:
        quantity = times * trade.quantity
        both = ((trade.taker, trade.maker, trade.side), (trade.maker, trade.taker, -trade.side))
        for account, partner, side in both:
            known = market.accounts.get(account)
            if known is None:
                known = market.accounts[account] = _Account()
            known.volume += quantity
            known.net += side * quantity
            known.money -= side * quantity * trade.price
            known.partners[partner] += quantity
            if not known.partners[partner]:
                del known.partners[partner]
            if not known.volume:
                del market.accounts[account]

    def _flat(self, market: _Market, account: str, price: int) -> bool:
        """Return whether an account stands where it began, and is none the richer."""
        known = market.accounts[account]
        if abs(known.net) * 100 > known.volume * self._p["net_percent"]:
            return False
        gained = known.money + known.net * price
        return abs(gained) * 100 <= known.volume * price * self._p["moved_percent"]

    def _group(self, market: _Market, trade: Trade) -> set[str] | None:
        """Return the smallest group around a trade that is closed, adding who trades with it most."""
        group = {trade.maker, trade.taker}
        while len(group) <= self._p["accounts_most"]:
            if all(self._closed(market, account, group) for account in group):
                return group
            outside: Counter[str] = Counter()
            for account in group:
                for partner, quantity in market.accounts[account].partners.items():
                    if partner not in group:
                        outside[partner] += quantity
            if not outside:
                return None
            group.add(min(outside, key=lambda partner: (-outside[partner], partner)))
        return None

    def _closed(self, market: _Market, account: str, group: set[str]) -> bool:
        known = market.accounts[account]
        inside = sum(known.partners[partner] for partner in group)
        return inside * 100 >= known.volume * self._p["inside_percent"]

    def _meant(self, market: _Market, account: str, trade: Trade) -> bool:
        """Return whether most of what an account offered was to be traded."""
        wanted = self._wanted.get((trade.market, account))
        if wanted is None:
            return True
        wanted.add(trade.at_us, 0, 0)
        return market.accounts[account].volume * 100 >= wanted.totals[0] * self._p["traded_percent"]

    def _judge(self, market: _Market, trade: Trade, group: set[str]) -> Found:
        for account in group:
            if not self._flat(market, account, trade.price) or not self._meant(market, account, trade):
                return
        inside = [each for each in market.trades if each.maker in group and each.taker in group]
        accounts = tuple(sorted(group))
        if len(inside) < self.rule.threshold or not self.is_news(trade.market, accounts, trade.at_us):
            return
        quantity = sum(each.quantity for each in inside)
        whole = sum(market.accounts[account].volume for account in group)
        yield Finding(
            rule=self.rule,
            market=trade.market,
            accounts=accounts,
            at_us=trade.at_us,
            value=len(inside),
            figures={
                "quantity": quantity,
                "inside_percent": 200 * quantity // whole,
                "net_quantity_most": max(abs(market.accounts[account].net) for account in group),
            },
            explanation=(
                f"{len(inside)} trades among {len(group)} accounts, {200 * quantity // whole} % of all they "
                "traded here, left every one of them where it began"
            ),
            evidence=tuple(each.ref for each in inside[-EVIDENCE:]),
        )
