"""An exchange of naive markets, groups and chains of conditions: whatever follows, follows at once.

Written from the design, not from the product's code. Money is counted where it ends up: what an account put
in and took out of markets, and what it was paid or given back at their end.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.market.vocabulary import EndReason
from tests.properties.naive_market import DOLLAR, Holding, NaiveMarket

TICKS = 10_000


@dataclass
class NaiveExchange:
    markets: dict[str, NaiveMarket]
    groups: dict[str, Sequence[str]]
    conditions: dict[str, tuple[str, str]]
    """Child: its parent, and the result that it requires."""
    group_status: dict[str, str] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    earned: Counter[str] = field(default_factory=Counter)
    """By account, what it got out of markets that have ended less what it had put in."""

    def pending(self, ticker: str) -> bool:
        return self.markets[ticker].conditional

    def ended(self, ticker: str) -> bool:
        return self.markets[ticker].status == "finalized"

    def worth(self, account: str) -> int:
        """What an account has gained so far, counting what is in markets as spent."""
        held = (market.holdings.get(account, Holding()) for market in self.markets.values())
        return self.earned[account] - sum(holding.paid for holding in held)

    # --------------------------------------------------------------------------------- one market

    def close(self, ticker: str, reason: EndReason = EndReason.MARKET_CLOSED) -> None:
        market = self.markets[ticker]
        if market.status in ("active", "inactive"):
            market.status = "closed"
            for order in list(market.orders):
                market.take_off(order, reason)

    def determine(self, ticker: str, result: str) -> None:
        if self.markets[ticker].status in ("closed", "disputed"):
            self.markets[ticker].status, self.results[ticker] = "determined", result

    def dispute(self, ticker: str) -> None:
        if self.markets[ticker].status == "determined":
            self.markets[ticker].status = "disputed"

    def finalize(self, ticker: str) -> None:
        if self.markets[ticker].status == "determined" and not self.pending(ticker):
            yes_pays = TICKS if self.results[ticker] == "yes" else 0
            self.end(ticker, self.results[ticker], yes_pays)

    def void(self, ticker: str, yes_pays: int) -> None:
        if not self.ended(ticker):
            self.close(ticker, EndReason.MARKET_VOIDED)
            self.end(ticker, "void", yes_pays, fees_back=True)

    def call_off(self, ticker: str) -> None:
        """Undo every trade: whoever put money in gets it back, whoever took it out returns it."""
        market = self.markets[ticker]
        self.close(ticker, EndReason.CALLED_OFF)
        market.status, market.conditional = "finalized", False
        market.holdings.clear()
        self.tell_children(ticker, "void")

    def end(self, ticker: str, result: str, yes_pays: int, *, fees_back: bool = False) -> None:
        market = self.markets[ticker]
        market.status, market.conditional, self.results[ticker] = "finalized", False, result
        for account, held in market.holdings.items():
            pays = yes_pays * held.yes + (TICKS - yes_pays) * held.no
            self.earned[account] += pays - held.paid + (held.fees if fees_back else 0)
        market.holdings.clear()
        self.tell_children(ticker, result)

    def tell_children(self, ticker: str, result: str) -> None:
        for child, (parent, required) in sorted(self.conditions.items()):
            if parent == ticker and self.pending(child) and not self.ended(child):
                if required == result:
                    self.markets[child].conditional = False
                    if self.group_status.get(self.group_of(child)) == "finalized":
                        self.finalize(child)
                else:
                    self.call_off(child)

    # ------------------------------------------------------------------------------------- groups

    def group_of(self, ticker: str) -> str:
        return next((name for name, members in self.groups.items() if ticker in members), "")

    def determine_group(self, name: str, winner: str) -> None:
        if self.group_status.get(name, "open") in ("open", "disputed"):
            self.group_status[name] = "determined"
            for member in self.groups[name]:
                self.close(member)
                self.determine(member, "yes" if member == winner else "no")

    def dispute_group(self, name: str) -> None:
        if self.group_status.get(name) == "determined":
            self.group_status[name] = "disputed"
            for member in self.groups[name]:
                self.dispute(member)

    def finalize_group(self, name: str) -> None:
        if self.group_status.get(name) == "determined":
            self.group_status[name] = "finalized"
            for member in self.groups[name]:
                self.finalize(member)

    def void_group(self, name: str) -> None:
        if self.group_status.get(name, "open") not in ("finalized", "void"):
            self.group_status[name] = "void"
            for member in self.groups[name]:
                self.void(member, DOLLAR // len(self.groups[name]) // 100)
