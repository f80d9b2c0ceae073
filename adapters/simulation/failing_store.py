"""A store that can be made to fail in every way a store may fail."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from adapters.event_stores.memory import MemoryEventStore
from application.ports.event_store import (
    START,
    Appended,
    AppendOutcomeUnknown,
    Filter,
    NewEvent,
    Page,
    Position,
    RecordedEvent,
    StoreUnavailable,
    WrongExpectedRevision,
)


@dataclass
class Hidden:
    """An append that a leader without followers keeps: nobody sees it until it is looked for so often.

    Then it is there, with its first bytes, or gone with its leader.
    """

    events: Sequence[NewEvent]
    expected: int
    looks_left: int
    stays: bool


class FailingStore:
    """A store in front of the real one. After a crash nothing it is asked ever comes back.

    What it ``hides`` outlives a crash.
    """

    def __init__(self, inner: MemoryEventStore, *, crash_at: int | None = None, after: bool = False) -> None:
        self._inner = inner
        self._crash_at = crash_at
        self._after = after
        self._freezes_at, self._frozen_for_s = 0, 0.0
        self._thaws_at_s = 0.0
        self.appends = 0
        self.crashed = asyncio.Event()
        self.lose_answers: Callable[[], bool]
        self.refuse: Callable[[], bool]
        self.delay_s: Callable[[], float]
        self.hide: Callable[[], Hidden | None]
        self.hidden: dict[str, Hidden] = {}
        self.behave()

    def behave(self) -> None:
        """Do from now on what is asked, at once, and answer."""
        self.lose_answers = self.refuse = lambda: False
        self.delay_s = lambda: 0.0
        self.hide = lambda: None

    def freeze(self, *, appends: int, lasts_s: float) -> None:
        """After so many more appends freeze for a while, as if the whole process stood still."""
        self._freezes_at, self._frozen_for_s = self.appends + appends, lasts_s

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        """Append, or crash, refuse, keep it hidden, lose the answer."""
        await self._alive()
        await self._late()
        self.appends += 1
        crashing = self.appends == self._crash_at
        if crashing and not self._after:
            await self._die()
        if self.refuse():
            raise StoreUnavailable("the store is away")
        await self._look_for_hidden(stream)
        self._refuse_beside_hidden(stream, events, expected)
        if (hidden := self.hide()) is not None and await self._fits(stream, expected):
            hidden.events, hidden.expected = events, expected
            self.hidden[stream] = hidden
            raise AppendOutcomeUnknown("kept, and not shown")
        appended = await self._inner.append(stream, events, expected=expected)
        if crashing:
            await self._die()
        if self.appends == self._freezes_at:
            self._thaws_at_s = asyncio.get_running_loop().time() + self._frozen_for_s
        if self.lose_answers():
            raise AppendOutcomeUnknown("the answer was lost")
        await asyncio.sleep(0)
        return appended

    async def read_stream(
        self, stream: str, *, from_revision: int = 0, backwards: bool = False, limit: int | None = None
    ) -> AsyncIterator[Sequence[RecordedEvent]]:
        """Read a stream; whoever looks brings what is hidden nearer to the light."""
        await self._alive()
        await self._late()
        await self._look_for_hidden(stream)
        pages = self._inner.read_stream(stream, from_revision=from_revision, backwards=backwards, limit=limit)
        async for page in pages:
            yield page

    async def read_all(
        self,
        *,
        after: Position = START,
        backwards: bool = False,
        limit: int | None = None,
        matching: Filter = Filter(),
    ) -> AsyncIterator[Page]:
        """Read the log."""
        await self._alive()
        await self._late()
        pages = self._inner.read_all(after=after, backwards=backwards, limit=limit, matching=matching)
        async for page in pages:
            yield page

    async def head(self) -> Position:
        """Return the end of the log."""
        await self._alive()
        return await self._inner.head()

    async def subscribe(
        self, *, after: Position = START, matching: Filter = Filter()
    ) -> AsyncGenerator[Page, None]:
        """Follow the log."""
        async for page in self._inner.subscribe(after=after, matching=matching):
            await self._alive()
            await self._late()
            yield page

    async def close(self) -> None:
        """Close."""
        await self._inner.close()

    async def show_hidden(self) -> None:
        """Have the cluster come to rest: what was kept is there, or gone."""
        for stream, hidden in list(self.hidden.items()):
            hidden.looks_left = 1
            await self._look_for_hidden(stream)

    async def _look_for_hidden(self, stream: str) -> None:
        hidden = self.hidden.get(stream)
        if hidden is None:
            return
        hidden.looks_left -= 1
        if hidden.looks_left <= 0:
            del self.hidden[stream]
            if hidden.stays:
                await self._inner.append(stream, hidden.events, expected=hidden.expected)

    async def _fits(self, stream: str, expected: int) -> bool:
        """Return whether an append would be taken: a leader alone refuses what does not fit, as any does."""
        async for page in self._inner.read_stream(stream, from_revision=-1, backwards=True, limit=1):
            return page[0].revision == expected
        return expected < 0

    def _refuse_beside_hidden(self, stream: str, events: Sequence[NewEvent], expected: int) -> None:
        hidden = self.hidden.get(stream)
        if hidden is None:
            return
        if [each.id for each in hidden.events] == [each.id for each in events]:
            raise AppendOutcomeUnknown("the repetition waits like the original")
        current = hidden.expected + len(hidden.events)
        raise WrongExpectedRevision(stream, expected=expected, current=current)

    async def _late(self) -> None:
        if delay_s := self.delay_s():
            await asyncio.sleep(delay_s)
        if (frozen_s := self._thaws_at_s - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(frozen_s)

    async def _alive(self) -> None:
        if self.crashed.is_set():
            await asyncio.Event().wait()

    async def _die(self) -> None:
        self.crashed.set()
        await asyncio.Event().wait()
