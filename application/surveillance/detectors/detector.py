"""What all detectors share."""

from collections import OrderedDict
from collections.abc import Iterator

from application.surveillance.finding import Finding
from application.surveillance.flow import Order, Ref, Trade
from application.surveillance.rules import Rule

PAIRS = 20_000
"""In how many pairs of market and account a detector remembers what happened."""

TOLD = 20_000
"""How many findings are remembered, so that none is told twice in its window."""

Found = Iterator[Finding]


class Detector:
    """Looks at orders, cancellations, other messages and trades; each may complete a pattern.

    What a detector knows depends on nothing older than :attr:`Rule.looks_back_us`, so a finding is the same
    wherever reading of the log began.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._told: OrderedDict[tuple[str, tuple[str, ...], int], None] = OrderedDict()

    def is_news(self, market: str, accounts: tuple[str, ...], at_us: int) -> bool:
        """Return whether nothing was found of these yet in this window of the rule, and remember it."""
        key = (market, accounts, at_us // self.rule.window_us)
        if key in self._told:
            return False
        self._told[key] = None
        if len(self._told) > TOLD:
            self._told.popitem(last=False)
        return True

    @property
    def forgotten(self) -> int:
        """How much had to be forgotten before its time for want of room."""
        return 0

    def placed(self, order: Order) -> Found:
        """Take in an order, before its trades."""
        yield from ()

    def canceled(self, order: Order, at_us: int, ref: Ref) -> Found:
        """Take in that an account took off an order of which it is known when it was placed."""
        yield from ()

    def message(self, market: str, account: str, at_us: int, ref: Ref) -> Found:
        """Take in anything an account sent to the book: an order, an amendment, a cancellation."""
        yield from ()

    def traded(self, trade: Trade) -> Found:
        """Take in a trade."""
        yield from ()
