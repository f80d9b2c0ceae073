"""What the event-store contract tests share: a log under test, events to put in, ways to read it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from application.ports.event_store import (
    NO_STREAM,
    START,
    Appended,
    EventStore,
    Filter,
    NewEvent,
    Page,
    Position,
    RecordedEvent,
)

PATIENCE_S = 30
"""After this long a store counts as hanging."""


@dataclass
class Log:
    """A store, where its log ended when the test began, and a prefix that no other test uses."""

    store: EventStore
    start: Position
    prefix: str

    def stream(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    def streams(self, *names: str, types: tuple[str, ...] = ()) -> Filter:
        return Filter(stream_prefixes=tuple(self.stream(name) for name in names), types=types)

    @property
    def ours(self) -> Filter:
        return Filter(stream_prefixes=(self.prefix,))

    async def put(self, name: str, *events: NewEvent, expected: int = NO_STREAM) -> Appended:
        return await self.store.append(self.stream(name), events, expected=expected)

    async def read(
        self, name: str, *, from_revision: int = 0, backwards: bool = False, limit: int | None = None
    ) -> list[RecordedEvent]:
        pages = self.store.read_stream(
            self.stream(name), from_revision=from_revision, backwards=backwards, limit=limit
        )
        return [event async for page in pages for event in page]

    async def read_all(
        self,
        matching: Filter | None = None,
        *,
        after: Position | None = None,
        backwards: bool = False,
        limit: int | None = None,
    ) -> list[RecordedEvent]:
        begin = after if after is not None else START if backwards else self.start
        pages = self.store.read_all(
            after=begin, backwards=backwards, limit=limit, matching=matching or self.ours
        )
        return [event async for page in pages for event in page.events]

    @asynccontextmanager
    async def following(
        self, *, after: Position | None = None, matching: Filter | None = None
    ) -> AsyncIterator[AsyncGenerator[Page, None]]:
        """Subscribe, by default to this test's events from where it began, and close at the end."""
        begin = self.start if after is None else after
        async with (
            asyncio.timeout(PATIENCE_S),
            aclosing(self.store.subscribe(after=begin, matching=matching or self.ours)) as pages,
        ):
            yield pages


async def open_log(store: EventStore) -> Log:
    return Log(store=store, start=await store.head(), prefix=f"t{uuid4().hex}")


def noted(number: int = 1, event_type: str = "Noted") -> list[NewEvent]:
    return [NewEvent(id=uuid4(), type=event_type, data=b'{"n":%d}' % n) for n in range(number)]


def ids(events: Sequence[NewEvent] | Sequence[RecordedEvent]) -> list[UUID]:
    return [event.id for event in events]


async def pages_until(pages: AsyncIterator[Page], *, events: int, caught_up: bool = False) -> list[Page]:
    """Take pages until that many events have come (and, if asked, a page that is caught up)."""
    taken: list[Page] = []
    found = 0
    async for page in pages:
        taken.append(page)
        found += len(page.events)
        if found >= events and (page.caught_up or not caught_up):
            break
    return taken


def events_of(pages: Sequence[Page]) -> list[RecordedEvent]:
    return [event for page in pages for event in page.events]
