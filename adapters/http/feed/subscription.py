"""One subscription of one consumer: what it is told, numbered without a gap."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from adapters.http.feed.channels import Channel
from adapters.http.feed.messages import Conflation, Message
from adapters.http.feed.outbox import Outbox
from application.events import Recorded
from application.ports.event_store import START, Position
from domain.identifiers import AccountId
from projections.folds.market_book import Move

if TYPE_CHECKING:
    from adapters.http.feed.audience import Seat

Writing = Callable[["Subscription", Message, int], bytes]
"""Writes a message with its number: as a frame's text, or as an event of a stream."""


def head(kind: str, sid: int) -> bytes:
    """Return what stands before the number of a message."""
    return b'{"type":"%b","sid":%d,"seq":' % (kind.encode(), sid)


def as_text(subscription: "Subscription", message: Message, seq: int) -> bytes:
    """Return a message as the feed's clients read it."""
    before = subscription.heads.get(message.kind)
    if before is None:
        before = subscription.heads[message.kind] = head(message.kind, subscription.sid)
    if message.owner is not None and message.owner == subscription.account_id:
        return b"%b%d%b%b}}" % (before, seq, message.tail[:-2], message.owned)
    return b"%b%d%b" % (before, seq, message.tail)


class Subscription:
    """A channel, the markets it is about (``None`` for all), and how far it has been told.

    While it is not ``live`` it is told from the log. What stands in the log up to ``after`` it was told.
    """

    heard_by = 1
    """How many it stands for: itself."""

    __slots__ = (
        "_due",
        "_kept",
        "_latest",
        "account_id",
        "after",
        "channel",
        "conflate_ms",
        "ended",
        "heads",
        "live",
        "outbox",
        "seat",
        "seq",
        "sid",
        "tickers",
        "writing",
    )

    def __init__(
        self,
        sid: int,
        channel: Channel,
        outbox: Outbox,
        *,
        account_id: AccountId | None,
        tickers: dict[str, None] | None,
        conflate_ms: int = 0,
        writing: Writing = as_text,
    ) -> None:
        self.sid = sid
        self.channel = channel
        self.outbox = outbox
        self.account_id = account_id
        self.tickers = tickers
        self.conflate_ms = conflate_ms
        self.writing = writing
        self.seq = 0
        self.seat: Seat | None = None
        """Its consumer's place among those who hear the same."""
        self.live = True
        self.ended = False
        self.after: Position = START
        self.heads: dict[str, bytes] = {}
        self._kept: dict[str, Conflation] = {}
        self._latest: dict[str, Message] = {}
        self._due: asyncio.TimerHandle | None = None

    def written(self, message: Message) -> bytes:
        """Return a message as this subscription's next."""
        self.seq += 1
        return self.writing(self, message, self.seq)

    def tell(self, message: Message) -> None:
        """Have a message sent."""
        self.outbox.put((self, message))

    def hear(self, ticker: str, message: Message) -> None:
        """Be told what happened in a market, unless that is known already."""
        if self.live and message.position > self.after:
            if self.conflate_ms:
                self.conflate(ticker, message)
            else:
                self.outbox.put((self, message))

    def hear_book(
        self, ticker: str, recorded: Recorded[object], moves: list[Move], messages: Sequence[Message]
    ) -> None:
        """Be told what an event changed on a book, unless that is known already."""
        if self.live and recorded.position > self.after:
            if self.conflate_ms:
                self.conflate_book(ticker, recorded, moves)
            else:
                for message in messages:
                    self.outbox.put((self, message))

    # ---------------------------------------------------------------------------------- told less often

    def conflate_book(self, ticker: str, recorded: Recorded[object], moves: list[Move]) -> None:
        """Keep what an event changed until the next time."""
        kept = self._kept.get(ticker)
        if kept is None:
            kept = self._kept[ticker] = Conflation()
        kept.add(recorded, moves)
        self._arm()

    def conflate(self, ticker: str, message: Message) -> None:
        """Keep a message until the next time, in place of the one before."""
        self._latest[ticker] = message
        self._arm()

    def drop(self, ticker: str) -> None:
        """Forget what was kept of a market: what is told of it next says it all."""
        self._kept.pop(ticker, None)
        self._latest.pop(ticker, None)

    def _arm(self) -> None:
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(self.conflate_ms / 1_000, self._tell_kept)

    def _tell_kept(self) -> None:
        self._due = None
        if self.ended:
            return
        if len(self.outbox):
            self._arm()  # it has not even taken the last: the sum grows no larger meanwhile
            return
        kept, self._kept = self._kept, {}
        for ticker, conflation in kept.items():
            for message in conflation.take(ticker):
                self.tell(message)
        latest, self._latest = self._latest, {}
        for message in latest.values():
            self.tell(message)

    def end(self) -> None:
        """Tell nothing more."""
        self.ended = True
        if self._due is not None:
            self._due.cancel()
            self._due = None
