"""One consumer of the feed, connected: who it is, what waits for it, what it subscribed to."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from adapters.http.callers.authentication import Caller
from adapters.http.feed.audience import Seat
from adapters.http.feed.limits import FeedLimits
from adapters.http.feed.outbox import Outbox
from adapters.http.feed.subscription import Subscription
from application.ports.event_store import Position
from domain.identifiers import AccountId

ROOM = 1_000
"""Below how many messages that wait more are read from the log."""


class Wire(Protocol):
    """What takes messages away."""

    @property
    def writable(self) -> bool:
        """Whether what was written before has gone, or nearly."""
        ...

    @property
    def framed(self) -> Callable[[bytes], None] | None:
        """Writes what is in frames already; ``None`` where messages are written in another way."""
        ...

    def write(self, messages: list[bytes]) -> None:
        """Write messages."""
        ...

    def close(self, code: int, reason: str) -> None:
        """End the connection, saying why; what does not go in a moment is left."""
        ...


class Line:
    """A consumer. ``ready`` is told when it has something to send, ``slow`` when that is too much."""

    def __init__(
        self,
        wire: Wire,
        *,
        caller: Caller | None,
        address: str,
        limits: FeedLimits,
        ready: Callable[["Line"], None],
        slow: Callable[["Line"], None],
        now_s: Callable[[], float],
    ) -> None:
        self.wire = wire
        self.caller = caller
        self.address = address
        self.limits = limits
        self.subscriptions: dict[int, Subscription] = {}
        self.replays: set[asyncio.Task[None]] = set()
        self.seat: Seat | None = None
        self.closed = False
        self._ready = ready
        self._now_s = now_s
        self._took_s = now_s()
        self._room = asyncio.Event()
        self._room.set()
        self.outbox = Outbox(limits.pending, self.wake, lambda: slow(self))

    @property
    def account_id(self) -> AccountId | None:
        """Whose it is, ``None`` where nobody said."""
        return self.caller.account_id if self.caller else None

    @property
    def markets(self) -> int:
        """How many markets it subscribed to, each as often as it did."""
        return sum(len(each.tickers or ()) for each in self.subscriptions.values())

    @property
    def replayed_to(self) -> Position | None:
        """Up to where everything has been told while something is replayed, ``None`` if nothing is."""
        return min((each.after for each in self.subscriptions.values() if not each.live), default=None)

    def wake(self) -> None:
        """Have what waits sent before long."""
        self._ready(self)

    def flush(self) -> int:
        """Write what waits, as much as the wire takes; return how many messages."""
        wire, outbox, written = self.wire, self.outbox, 0
        while len(outbox) and wire.writable and not self.closed:
            messages = outbox.take()
            wire.write(messages)
            written += len(messages)
        if written:
            self._took_s = self._now_s()
        if len(outbox) < ROOM:
            self._room.set()
        else:
            self._room.clear()
        return written

    async def wait(self) -> None:
        """Wait until there is room for more."""
        if len(self.outbox) >= ROOM:
            self._room.clear()
        await self._room.wait()

    @property
    def stalled(self) -> bool:
        """Whether it has taken nothing for too long."""
        if not len(self.outbox):
            self._took_s = self._now_s()
        return self._now_s() - self._took_s > self.limits.stalled_s

    def cut(self, code: int, reason: str) -> None:
        """End the connection, saying why."""
        if self.closed:
            return
        self.closed = True
        self.outbox.clear()
        for subscription in self.subscriptions.values():
            subscription.end()
        self._room.set()
        self.wire.close(code, reason)
