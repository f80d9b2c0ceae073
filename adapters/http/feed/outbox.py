"""What waits to be sent to one consumer: in order, and never more than it may be."""

from collections import deque
from collections.abc import Callable, Collection
from typing import Protocol

from adapters.http.feed.messages import Message

CHUNK = 262_144
"""About how many bytes are written at once."""


class Numbered(Protocol):
    """A subscription, as far as writing its messages goes."""

    ended: bool

    def written(self, message: Message) -> bytes:
        """Return a message as this subscription's next."""
        ...


Entry = tuple[Numbered, Message] | Callable[[], bytes]
"""A message of a subscription, or an answer: what it says is decided when its turn comes."""


class Outbox:
    """A queue of messages. ``wake`` is called when the first comes, ``overflow`` when there are too many."""

    def __init__(self, most: int, wake: Callable[[], None], overflow: Callable[[], None]) -> None:
        self._most = most
        self._wake = wake
        self._overflow = overflow
        self._pending: deque[Entry] = deque()
        self.settle: Callable[[], None] | None = None
        """Appends what waits for this consumer and others together, if anything does."""

    def __len__(self) -> int:
        return len(self._pending)

    def put(self, entry: Entry) -> None:
        """Have something sent after everything that waits, here or for others too."""
        if self.settle is not None:
            self.settle()
        self.append(entry)

    def put_all(self, entries: Collection[Entry]) -> None:
        """Have some things sent, one after the other, after everything that waits."""
        if not entries:
            return
        if self.settle is not None:
            self.settle()
        if not self._pending:
            self._wake()
        self._pending.extend(entries)
        if len(self._pending) > self._most:
            self._overflow()

    def append(self, entry: Entry) -> None:
        """Have something sent after what waits here."""
        pending = self._pending
        if not pending:
            self._wake()
        pending.append(entry)
        if len(pending) > self._most:
            self._overflow()

    def goes_on(self, position: int) -> bool:
        """Return whether what comes next is of the same event as what was taken last."""
        entry = self._pending[0] if self._pending else None
        return isinstance(entry, tuple) and entry[1].position == position

    def take(self) -> list[bytes]:
        """Return what is next, as much as is written at once."""
        taken: list[bytes] = []
        size, pending = 0, self._pending
        while pending and size < CHUNK:
            entry = pending.popleft()
            if isinstance(entry, tuple):
                subscription, message = entry
                if subscription.ended:
                    continue
                written = subscription.written(message)
            else:
                written = entry()
            taken.append(written)
            size += len(written)
        return taken

    def clear(self) -> None:
        """Forget what waits."""
        self._pending.clear()
