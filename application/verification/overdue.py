"""Finds what should have happened by itself and has not, though the exchange was at work long enough."""

import heapq
from collections.abc import Iterator, Mapping

from application.events import DomainEvent, Recorded
from application.streams import group_stream, market_stream
from domain.group.aggregate import GroupState, GroupStatus
from domain.identifiers import GroupId, Ticker
from domain.ledger.events import OrderGroupAllotted
from domain.market.events import (
    ConditionLinked,
    MarketActivated,
    MarketCalledOff,
    MarketCreated,
    MarketFinalized,
    MarketVoided,
    PairsRedeemed,
    TradeExecuted,
)
from domain.market.state import MarketState
from domain.market.vocabulary import Condition, MarketStatus
from domain.quotes.events import QuoteConfirmed, QuoteEnded, QuoteExecuted

PATIENCE_US = 10_000_000
"""How long the exchange must have been at work before something that follows by itself is missed."""

LONGEST_PAUSE_US = 1_000_000
"""How much of the time between two events counts: longer, and the exchange may not have been running."""

_AWAITED = (ConditionLinked, MarketActivated, MarketFinalized, MarketVoided, MarketCalledOff)
_OPEN = (MarketStatus.ACTIVE, MarketStatus.PAUSED)


class Overdue:
    """Measures how long the exchange was at work since each thing after which another has to follow."""

    def __init__(self) -> None:
        self._latest_us: int | None = None
        self._awake_us = 0
        self._since: dict[str, int] = {}
        self._closing: list[tuple[int, Ticker]] = []
        self._due: dict[Ticker, int] = {}
        self._closed: dict[tuple[Ticker, str], tuple[int, int]] = {}
        """By market and order group, the version in which it was closed there, and since when."""
        self._confirmed: dict[str, int] = {}
        """Since when quotes were confirmed of which it is not noted what became of them."""
        self._redeems = False
        self._traded: dict[str, int] = {}
        """Since when a market has traded, after pairs began to be redeemed in this log."""

    def note(self, recorded: Recorded[DomainEvent], *, of_group: bool) -> None:
        """Take note of the next event of the log."""
        at_us, event = recorded.cause.at_us, recorded.event
        if self._latest_us is not None:
            self._awake_us += min(max(0, at_us - self._latest_us), LONGEST_PAUSE_US)
        self._latest_us = at_us if self._latest_us is None else max(at_us, self._latest_us)
        if of_group or isinstance(event, _AWAITED):
            self._since[recorded.stream] = self._awake_us
        self._redeems = self._redeems or isinstance(event, PairsRedeemed)
        if self._redeems and isinstance(event, TradeExecuted):
            self._traded[recorded.stream] = self._awake_us
        if isinstance(event, QuoteConfirmed):
            self._confirmed[event.quote_id] = self._awake_us
        elif isinstance(event, QuoteExecuted | QuoteEnded):
            self._confirmed.pop(event.quote_id, None)
        if isinstance(event, OrderGroupAllotted) and not event.allowance:
            self._closed[event.ticker, event.order_group_id] = event.version, self._awake_us
        if isinstance(event, MarketCreated) and event.close_at_us is not None:
            heapq.heappush(self._closing, (event.close_at_us, event.ticker))
        while self._closing and self._closing[0][0] <= self._latest_us:
            self._due[heapq.heappop(self._closing)[1]] = self._awake_us

    def find(
        self,
        markets: Mapping[Ticker, MarketState],
        groups: Mapping[GroupId, GroupState],
        patience_us: int,
    ) -> Iterator[str]:
        """Yield a sentence for everything that has been due for longer than ``patience_us``."""
        for ticker, market in markets.items():
            if _waits_for_nothing(market, markets) and self._late(
                patience_us, market_stream(ticker), market_stream(market.parent or ticker)
            ):
                yield f"market {ticker}: waits for {market.parent}, which has ended"
            due = self._due.get(ticker)
            if market.status in _OPEN and due is not None and self._awake_us - due >= patience_us:
                yield f"market {ticker}: is open, past its close"
            traded = self._traded.get(market_stream(ticker))
            if market.paired and traded is not None and self._awake_us - traded >= patience_us:
                yield f"market {ticker}: pairs are held by {', '.join(market.paired)}"
        for (ticker, name), (version, since_us) in self._closed.items():
            here = markets[ticker].order_groups.get(name)
            late = self._awake_us - since_us >= patience_us
            if late and here is not None and here.orders and here.version < version:
                yield f"market {ticker}: order group {name} is closed and has {len(here.orders)} open orders"
        for quote_id, since_us in self._confirmed.items():
            if self._awake_us - since_us >= patience_us:
                yield f"quote {quote_id}: was confirmed, and neither traded nor given up"
        for group_id, group in groups.items():
            if self._late(patience_us, group_stream(group_id)):
                yield from _not_followed(group_id, group, markets)

    def _late(self, patience_us: int, *streams: str) -> bool:
        latest = max(self._since.get(stream, 0) for stream in streams)
        return self._awake_us - latest >= patience_us


def _waits_for_nothing(market: MarketState, markets: Mapping[Ticker, MarketState]) -> bool:
    if market.condition is not Condition.PENDING or market.ended:
        return False
    parent = markets.get(market.parent) if market.parent else None
    return parent is None or parent.ended


def _not_followed(
    group_id: GroupId, group: GroupState, markets: Mapping[Ticker, MarketState]
) -> Iterator[str]:
    if group.status is GroupStatus.OPEN:
        return
    for ticker in group.members:
        market = markets.get(ticker)
        if market is None or market.group_id != group_id or market.ended:
            continue
        waits = market.condition is Condition.PENDING and group.status is GroupStatus.FINALIZED
        expected = "determined" if waits else group.status.value
        if market.status.value != expected:
            yield f"group {group_id}: is {group.status}, and {ticker} is {market.status}"
