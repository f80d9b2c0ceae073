"""A market as it stood while its events are told, for one who comes back or for many."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from adapters.http.feed.channels import REPLAYED, Channel
from adapters.http.feed.hub import single
from adapters.http.feed.messages import Message, Quote, book_deltas, quote_of, ticker_message
from application.events import Recorded
from application.ports.event_store import Position
from domain.market.events import TradeExecuted
from projections.folds.market_book import BOOK_EVENTS, MarketBook


class Tale:
    """A market as it stood while its events are told."""

    def __init__(self, ticker: str, book: MarketBook, *, volume: int = 0) -> None:
        self.ticker = ticker
        self.book = book
        self._volume = volume
        self._last_trade = 0
        self._moved = False
        self._told = self._quote()

    def take(self, recorded: Recorded[Any]) -> None:
        """Take in the next event."""
        event = recorded.event
        self._moved = type(event) in BOOK_EVENTS
        if self._moved:
            self.book.move(event, sequence=recorded.position)
            if isinstance(event, TradeExecuted):
                self._volume += event.quantity
                self._last_trade = event.quantity

    def told(self, channel: Channel, recorded: Recorded[Any]) -> Sequence[Message]:
        """Return what a channel tells of the event that was taken in last."""
        match channel:
            case Channel.BOOK:
                return book_deltas(recorded, self.book.moves) if self._moved else ()
            case Channel.TICKER:
                return list(self._ticker(recorded))
            case _:
                message = single(channel, recorded)
                return () if message is None else (message,)

    def _quote(self) -> Quote:
        return quote_of(self.book, volume=self._volume, last_trade=self._last_trade)

    def _ticker(self, recorded: Recorded[Any]) -> Iterator[Message]:
        self.book.look_at_top(recorded.revision)
        quote = self._quote()
        if quote != self._told:
            self._told = quote
            yield ticker_message(
                self.ticker,
                quote,
                revision=recorded.revision,
                at_us=recorded.cause.at_us,
                position=recorded.position,
            )


class Retold(NamedTuple):
    """What every channel tells of one event, and where in the log that stands."""

    position: Position
    messages: Mapping[Channel, Sequence[Message]]


class Retelling:
    """The latest events of a market as they are told, worked out once for all who come back to hear them.

    It has those with revisions from ``first`` to below ``upcoming``, and never more than ``kept`` of them.
    """

    def __init__(self, tale: Tale, first: int, *, kept: int) -> None:
        self.tale = tale
        self.first = first
        self._kept = kept
        self._events: deque[Retold] = deque()

    @property
    def upcoming(self) -> int:
        """The revision of the event that is to be added next."""
        return self.first + len(self._events)

    def add(self, recorded: Recorded[Any]) -> None:
        """Take in the next event; the earliest may be forgotten."""
        tale = self.tale
        tale.take(recorded)
        self._events.append(
            Retold(recorded.position, {channel: tale.told(channel, recorded) for channel in REPLAYED})
        )
        if len(self._events) > self._kept:
            self._events.popleft()
            self.first += 1

    def stretch(self, revision: int, most: int) -> list[Retold]:
        """Return some events from a revision on; none where it has that one no more, or not yet."""
        if not self.first <= revision < self.upcoming:
            return []
        return [
            self._events[number - self.first]
            for number in range(revision, min(revision + most, self.upcoming))
        ]
