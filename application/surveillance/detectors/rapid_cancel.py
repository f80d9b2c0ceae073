"""Orders that are placed and taken off again at once, over and over."""

from collections import deque

from application.surveillance.detectors.detector import PAIRS, Detector, Found
from application.surveillance.finding import EVIDENCE, Finding
from application.surveillance.flow import Order, Ref, Trade
from application.surveillance.memory import Counts, Latest
from application.surveillance.rules import Rule

_PLACED, _AT_ONCE, _TRADES = 0, 1, 2

MOMENT_US = 10_000
"""Orders placed so close to one another are one: who makes a market places many together."""


class _Seen:
    def __init__(self, window_us: int) -> None:
        self.counts = Counts(window_us, 3)
        self.evidence: deque[Ref] = deque(maxlen=EVIDENCE)
        self.placed_us = self.at_once_us = 0


class RapidCancel(Detector):
    """``threshold`` orders that did not trade were gone within ``lifetime_ms``.

    They are at least ``share_percent`` of all orders the account placed there in that time, more than
    ``orders_per_trade`` for each of its trades: who makes a market moves all quotes when one was hit.
    """

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        self._lifetime_us = rule.parameters["lifetime_ms"] * 1_000
        self._share = rule.parameters["share_percent"]
        self._per_trade = rule.parameters["orders_per_trade"]
        self._seen = Latest[tuple[str, str], _Seen](PAIRS, lambda: _Seen(rule.window_us))

    @property
    def forgotten(self) -> int:
        """How much had to be forgotten before its time for want of room."""
        return self._seen.forgotten

    def placed(self, order: Order) -> Found:
        """Count an order."""
        seen = self._seen.at((order.market, order.account))
        if order.at_us - seen.placed_us > MOMENT_US:
            seen.placed_us = order.at_us
            seen.counts.add(order.at_us, _PLACED)
        yield from ()

    def traded(self, trade: Trade) -> Found:
        """Count a trade for both sides."""
        for account in (trade.maker, trade.taker):
            seen = self._seen.get((trade.market, account))
            if seen is not None:
                seen.counts.add(trade.at_us, _TRADES)
        yield from ()

    def canceled(self, order: Order, at_us: int, ref: Ref) -> Found:
        """Count an order that lived too short to be meant."""
        if order.filled or at_us - order.at_us > self._lifetime_us:
            return
        seen = self._seen.at((order.market, order.account))
        if order.at_us - seen.at_once_us <= MOMENT_US:
            return
        seen.at_once_us = order.at_us
        seen.counts.add(at_us, _AT_ONCE)
        seen.evidence += (order.ref, ref)
        placed, at_once, trades = seen.counts.totals
        if (
            at_once >= self.rule.threshold
            and at_once * 100 >= placed * self._share
            and placed > self._per_trade * trades
            and self.is_news(order.market, (order.account,), at_us)
        ):
            yield Finding(
                rule=self.rule,
                market=order.market,
                accounts=(order.account,),
                at_us=at_us,
                value=at_once,
                figures={"orders": placed, "trades": trades, "lifetime_ms_most": self._lifetime_us // 1_000},
                explanation=(
                    f"{at_once} of {placed} orders were taken off untraded within "
                    f"{self._lifetime_us // 1_000} ms of being placed"
                ),
                evidence=tuple(seen.evidence),
            )
