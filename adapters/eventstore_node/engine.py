"""What the node asks of the embedded event store that keeps its log."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Protocol

from application.ports.event_store import START, Appended, Filter, NewEvent, Page, Position, RecordedEvent


class Engine(Protocol):
    """An embedded event store, which shows system events when ``system`` is set."""

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        """Append all events or none, durably; appends begun in order are written in order."""
        ...

    def read_stream(
        self, stream: str, *, from_revision: int = 0, backwards: bool = False, limit: int | None = None
    ) -> AsyncIterator[Sequence[RecordedEvent]]:
        """Yield pages of a stream."""
        ...

    def read_all(
        self,
        *,
        after: Position = START,
        backwards: bool = False,
        limit: int | None = None,
        matching: Filter = Filter(),
        system: bool = False,
    ) -> AsyncIterator[Page]:
        """Yield pages of the whole log."""
        ...

    async def head(self) -> Position:
        """Return the position of the last event."""
        ...

    def subscribe(
        self, *, after: Position = START, matching: Filter = Filter(), system: bool = False
    ) -> AsyncGenerator[Page, None]:
        """Yield pages of the whole log, then new ones as they commit."""
        ...

    async def close(self) -> None:
        """Finish what was accepted and release files."""
        ...
