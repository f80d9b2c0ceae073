"""A page of the log made ready for projections: decoded, and cut to a size that commits quickly."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from application.events import DomainEvent, Recorded
from application.log.landmarks import Landmark, landmark_of
from application.ports.codec import EventCodec, UnreadableEvent
from application.ports.event_store import Page, Position, RecordedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An event that could not be decoded."""

    stored: RecordedEvent
    error: UnreadableEvent

    @property
    def position(self) -> Position:
        """Where it stands in the log."""
        return self.stored.position


Entry = Recorded[DomainEvent] | Unreadable

PIECE = 400
"""After how many events others have their turn: some milliseconds, whatever is done with them."""

T = TypeVar("T")


def pieces(many: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield what others have their turn after: nearly always all of it at once."""
    if len(many) <= PIECE:
        yield many
        return
    for start in range(0, len(many), PIECE):
        yield many[start : start + PIECE]


class Batch:
    """Events of the log in order, each once, and the position up to which the log holds no others."""

    def __init__(self, entries: Sequence[Entry], position: Position, *, caught_up: bool) -> None:
        """Take in entries; those that were delivered again, and come out of order, are passed over."""
        self.entries = _in_order(entries)
        self.position = position
        self.caught_up = caught_up
        self.events: list[Recorded[DomainEvent]] = []
        self.unreadable: list[Unreadable] = []
        for entry in self.entries:
            if isinstance(entry, Unreadable):
                self.unreadable.append(entry)
            else:
                self.events.append(entry)
        self._kinds = [type(event.event) for event in self.events]

    @property
    def at_us(self) -> int:
        """When the last event was decided, zero if there is none."""
        return self.events[-1].cause.at_us if self.events else 0

    @property
    def landmark(self) -> Landmark | None:
        """The last event, by which the log is known again; ``None`` if there is none."""
        if not self.entries:
            return None
        last = self.entries[-1]
        if isinstance(last, Unreadable):
            return landmark_of(last.stored)
        return Landmark(position=last.position, event_id=last.id, stream=last.stream, revision=last.revision)

    def halves(self) -> Sequence["Batch"]:
        """Return two batches that make up this one; none for a batch that cannot be halved."""
        if len(self.entries) <= 1:
            return ()
        middle = len(self.entries) // 2
        first = self.entries[:middle]
        return (
            Batch(first, first[-1].position, caught_up=False),
            Batch(self.entries[middle:], self.position, caught_up=self.caught_up),
        )

    def of_kinds(self, kinds: Collection[type]) -> list[Recorded[DomainEvent]]:
        """Return the events of some types."""
        pairs = zip(self.events, self._kinds, strict=True)
        return [event for event, kind in pairs if kind in kinds]

    def after(self, position: Position) -> "Batch":
        """Return the part of the batch after a position."""
        if not self.entries or self.entries[0].position > position:
            return self
        fresh = [entry for entry in self.entries if entry.position > position]
        return Batch(fresh, self.position, caught_up=self.caught_up)

    def before(self, position: Position, *, otherwise: Position) -> "Batch":
        """Return the part of the batch before a position; it ends at ``otherwise`` if it is empty."""
        kept = [entry for entry in self.entries if entry.position < position]
        return Batch(kept, kept[-1].position if kept else otherwise, caught_up=False)


def _in_order(entries: Sequence[Entry]) -> Sequence[Entry]:
    if all(earlier.position < later.position for earlier, later in pairwise(entries)):
        return entries
    kept: list[Entry] = []
    for entry in entries:
        if not kept or entry.position > kept[-1].position:
            kept.append(entry)
    return kept


async def batches(page: Page, codec: EventCodec, size: int) -> AsyncIterator[Batch]:
    """Yield a page in batches of at most ``size`` events; one without events for an empty page.

    Others have their turn while many are decoded.
    """
    events = page.events
    for start in range(0, max(len(events), 1), size):
        part = events[start : start + size]
        last = start + size >= len(events)
        decoded: list[Entry] = []
        for number, piece in enumerate(pieces(part)):
            if number:
                await asyncio.sleep(0)
            decoded += [_decoded(event, codec) for event in piece]
        yield Batch(
            decoded,
            page.position if last else part[-1].position,
            caught_up=page.caught_up and last,
        )


async def gathered(pages: AsyncIterator[Page], size: int) -> AsyncGenerator[Page, None]:
    """Yield pages put together to at least ``size`` events, as long as the reader has not caught up."""
    waiting: list[RecordedEvent] = []
    async for page in pages:
        waiting.extend(page.events)
        if page.caught_up or len(waiting) >= size:
            yield Page(events=waiting, position=page.position, caught_up=page.caught_up)
            waiting = []
    if waiting:
        yield Page(events=waiting, position=waiting[-1].position)


def _decoded(event: RecordedEvent, codec: EventCodec) -> Entry:
    try:
        return codec.decode(event)
    except UnreadableEvent as error:
        return Unreadable(stored=event, error=error)
