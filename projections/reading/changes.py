"""Which event last changed what is told of a market: how a kept answer is known to be out of date.

Follows the log next to the board. An event is noted before readers can know that it is visible, so whoever
may expect to see a change finds it noted here.
"""

from collections.abc import Sequence

from application.events import DomainEvent, Recorded
from application.ports.event_store import START, Position
from application.streams import GROUP, MARKET
from domain.identifiers import Ticker
from domain.market.events import TradeExecuted
from projections.reading.queries import Freshness


class Changes:
    """Remembers the positions of the latest changes; ``freshness`` says what readers can see of them."""

    def __init__(self, freshness: Freshness) -> None:
        self._freshness = freshness
        self._since = START
        self._markets: dict[str, Position] = {}
        self._trades: dict[str, Position] = {}

    def take(self, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Take in events; some may come again."""
        for recorded in events:
            if recorded.stream.startswith(MARKET):
                ticker = recorded.stream.removeprefix(MARKET)
                self._markets[ticker] = recorded.position
                if isinstance(recorded.event, TradeExecuted):
                    self._trades[ticker] = recorded.position
            elif recorded.stream.startswith(GROUP):
                # What a group says of its markets changes seldom: everything counts as changed.
                self._since = max(self._since, recorded.position)

    def market_needs(self, ticker: Ticker) -> Position | None:
        """Return how far an answer about a market must go to be as good as new; ``None``: not known."""
        return self._needs(self._markets, ticker)

    def trades_need(self, ticker: Ticker) -> Position | None:
        """Return how far an answer about a market's trades must go to be as good as new."""
        return self._needs(self._trades, ticker)

    def _needs(self, changed: dict[str, Position], ticker: Ticker) -> Position | None:
        visible = self._freshness.position
        if visible == START:
            return None
        if self._since == START:
            # What changed while nobody followed the log is not known: it may have been anything until now.
            self._since = visible
        last = max(changed.get(ticker, START), self._since)
        # A change that readers cannot know of yet is not missed in an answer without it.
        return min(last, visible)
