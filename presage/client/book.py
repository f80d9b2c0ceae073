"""A market's book, kept from what the feed tells, and compared with the exchange's own from time to time."""

import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from presage.client.amounts import hundredths, ticks
from presage.client.feed import Told

log = logging.getLogger(__name__)

SIDES = ("yes", "no")

Levels = dict[int, int]
"""Hundredths of a contract by price in ten-thousandths of a dollar."""


class BookMirror:
    """Bids for yes and for no, as of ``revision``: -1 before anything was told.

    ``checked`` says how often it was compared with the exchange's book, ``differences`` how often that was
    another one: then the exchange's was taken over.
    """

    def __init__(self, ticker: str) -> None:
        self.ticker = ticker
        self.revision = -1
        self.checked = 0
        self.differences = 0
        self.levels: dict[str, Levels] = {side: {} for side in SIDES}

    def bids(self, side: str) -> Sequence[tuple[Decimal, Decimal]]:
        """Return price and count of what is bid for a side, best first."""
        return [
            (Decimal(price).scaleb(-4), Decimal(count).scaleb(-2))
            for price, count in sorted(self.levels[side].items(), reverse=True)
        ]

    def best(self, side: str) -> Decimal | None:
        """Return the best bid for a side, ``None`` where there is none."""
        levels = self.levels[side]
        return Decimal(max(levels)).scaleb(-4) if levels else None

    @property
    def middle(self) -> Decimal | None:
        """The price of yes between the best bids, ``None`` where one is missing."""
        yes, no = self.best("yes"), self.best("no")
        return None if yes is None or no is None else (yes + 1 - no) / 2

    def take(self, told: Told) -> bool:
        """Take in all that was told of an event; return whether that changed anything."""
        if told.kind == "orderbook_snapshot":
            return self._compare(told)
        for change in told.messages:
            levels, price = self.levels[change["side"]], ticks(change["price_dollars"])
            count = levels.pop(price, 0) + hundredths(change["delta_fp"])
            if count:
                levels[price] = count  # below zero too: the next comparison will find it
        self.revision = told.revision
        return True

    def _compare(self, told: Told) -> bool:
        theirs = _levels(told.messages[0])
        first, same = self.revision < 0, theirs == self.levels
        if not first:
            self.checked += 1
            if not same:
                self.differences += 1
                log.warning("the book of %s was another one at revision %d", self.ticker, told.revision)
        self.levels, self.revision = theirs, told.revision
        return first or not same


def _levels(snapshot: Mapping[str, Any]) -> dict[str, Levels]:
    return {
        side: {ticks(price): hundredths(count) for price, count in snapshot[f"{side}_dollars_fp"]}
        for side in SIDES
    }
