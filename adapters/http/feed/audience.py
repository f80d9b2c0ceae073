"""Those who hear the same: what they are told is kept once and written out once, however many they are.

Consumers that subscribed to the same in the same order differ in nothing but how far their numbers have
come. What was told since they were last written to is therefore made into one text for all of them, with gaps
where the numbers go, and leaves in one piece for each.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from adapters.http.feed.channels import PRIVATE, Channel
from adapters.http.feed.frames import text_header
from adapters.http.feed.messages import Message
from adapters.http.feed.outbox import CHUNK
from adapters.http.feed.subscription import Subscription, head
from application.events import Recorded
from projections.folds.market_book import Move

if TYPE_CHECKING:
    from adapters.http.feed.line import Line

Shape = tuple[tuple[int, Channel, tuple[str, ...] | None], ...]
"""What a consumer subscribed to, and under which numbers."""

_BY_THEMSELVES = PRIVATE | {Channel.HEARTBEAT, Channel.ADMIN}
"""What is told to each by itself."""


def shared(subscription: Subscription) -> bool:
    """Return whether others may hear the same as a subscription does."""
    return subscription.channel not in _BY_THEMSELVES and not subscription.conflate_ms


class Part:
    """A subscription of everybody in an audience."""

    __slots__ = ("audience", "channel", "number", "sid", "tickers")

    def __init__(
        self, audience: "Audience", number: int, sid: int, channel: Channel, tickers: tuple[str, ...] | None
    ) -> None:
        self.audience = audience
        self.number = number
        self.sid = sid
        self.channel = channel
        self.tickers = tickers

    @property
    def heard_by(self) -> int:
        """How many subscriptions it stands for."""
        return len(self.audience.seats)

    @property
    def subscriptions(self) -> Iterator[Subscription]:
        """The subscriptions that it stands for."""
        return (seat.subscriptions[self.number] for seat in self.audience.seats.values())

    def hear(self, _ticker: str, message: Message) -> None:
        """Be told what happened in a market."""
        self.audience.tell(self.number, message)

    def hear_book(
        self, _ticker: str, _recorded: Recorded[object], _moves: list[Move], messages: Sequence[Message]
    ) -> None:
        """Be told what an event changed on a book."""
        for message in messages:
            self.audience.tell(self.number, message)


class Seat:
    """A consumer's place in an audience; ``heard`` is how much of what was told there it has been sent."""

    __slots__ = ("audience", "heard", "line", "subscriptions")

    def __init__(self, audience: "Audience", line: "Line", subscriptions: tuple[Subscription, ...]) -> None:
        self.audience = audience
        self.line = line
        self.subscriptions = subscriptions
        self.heard = audience.told

    def settle(self) -> None:
        """Have what waits for everybody wait for this consumer by itself."""
        if self.line.closed:
            return
        waiting, self.heard = self.audience.since(self.heard), self.audience.told
        for number, message in waiting:
            self.line.outbox.append((self.subscriptions[number], message))


class Audience:
    """Consumers that subscribed to the same; ``wake`` is called when there is something to write to them."""

    def __init__(self, shape: Shape, wake: Callable[["Audience"], None]) -> None:
        self.shape = shape
        self.parts = [Part(self, number, *each) for number, each in enumerate(shape)]
        self.seats: dict[Line, Seat] = {}
        self._wake = wake
        self._entries: list[tuple[int, Message]] = []
        self._forgotten = 0
        self._sheet: Sheet | None = None

    @property
    def told(self) -> int:
        """How much has been told here, from the beginning."""
        return self._forgotten + len(self._entries)

    @property
    def waiting(self) -> int:
        """How many messages are yet to be written, to some or all."""
        return len(self._entries)

    def tell(self, number: int, message: Message) -> None:
        """Have a message of a part written to everybody before long."""
        if not self._entries:
            self._wake(self)
        self._entries.append((number, message))

    def since(self, heard: int) -> list[tuple[int, Message]]:
        """Return what was told after so much had been."""
        return self._entries[heard - self._forgotten :]

    def round(self) -> Iterator[int]:
        """Write what waits to everybody in turn; yield how many messages each was written.

        Whoever comes later in a round is written what was told meanwhile too.
        """
        told = self.told
        for seat in list(self.seats.values()):
            yield self._write(seat)
        del self._entries[: told - self._forgotten]
        self._forgotten = told

    def _write(self, seat: Seat) -> int:
        line, told = seat.line, self.told
        if seat.heard == told or self.seats.get(line) is not seat or line.closed:
            return 0
        sheet = self._sheet
        if sheet is None or sheet.first != seat.heard or sheet.told != told:
            sheet = self._sheet = Sheet(self.shape, seat.heard, self.since(seat.heard))
        wire = line.wire
        own = sheet.owners and line.account_id in sheet.owners
        if own or len(line.outbox) or sheet.size > CHUNK or not wire.writable:
            seat.settle()
            return 0
        assert wire.framed is not None
        text = sheet.text(tuple([each.seq for each in seat.subscriptions]))
        seat.heard = told
        for subscription, number in zip(seat.subscriptions, sheet.counts, strict=True):
            subscription.seq += number
        wire.framed(text)
        return told - sheet.first


class Sheet:
    """Some messages as frames for everybody of an audience, but for the numbers."""

    def __init__(self, shape: Shape, first: int, entries: Sequence[tuple[int, Message]]) -> None:
        self.first = first
        self.told = first + len(entries)
        self.order = [number for number, _ in entries]
        self.counts = [self.order.count(number) for number in range(len(shape))]
        self.owners = {message.owner for _, message in entries} - {None}
        self._texts = [(head(message.kind, shape[number][0]), message.tail) for number, message in entries]
        self.size = sum(len(before) + len(after) for before, after in self._texts)
        self._templates: dict[tuple[tuple[int, int], ...], bytes] = {}
        self._seqs: tuple[int, ...] | None = None
        self._text = b""

    def text(self, seqs: tuple[int, ...]) -> bytes:
        """Return the frames for one whose subscriptions have come to these numbers."""
        if seqs != self._seqs:  # they came one after the other, and sit that way
            widths = tuple(map(_widths, seqs, self.counts))
            template = self._templates.get(widths)
            numbers = self._numbers(seqs)
            if template is None:
                template = self._templates[widths] = self._template(numbers)
            self._seqs, self._text = seqs, template % numbers
        return self._text

    def _numbers(self, seqs: tuple[int, ...]) -> tuple[int, ...]:
        if len(seqs) == 1:
            return tuple(range(seqs[0] + 1, seqs[0] + 1 + len(self.order)))
        reached, numbers = list(seqs), []
        for number in self.order:
            reached[number] += 1
            numbers.append(reached[number])
        return tuple(numbers)

    def _template(self, numbers: Sequence[int]) -> bytes:
        """Return the frames with a gap for each number, for numbers of the same lengths as these."""
        frames: list[bytes] = []
        for seq, (before, after) in zip(numbers, self._texts, strict=True):
            header = text_header(len(before) + len(str(seq)) + len(after))
            frames += (_escaped(header + before), b"%d", _escaped(after))
        return b"".join(frames)


def _widths(seq: int, count: int) -> tuple[int, int]:
    """Return how long the next number is, and how many of the numbers that follow are no longer."""
    width = len(str(seq + 1))
    return width, min(count, 10**width - seq - 1)


def _escaped(text: bytes) -> bytes:
    return text.replace(b"%", b"%%")
