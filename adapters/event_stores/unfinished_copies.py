"""A mark in a store that is being copied into, where no other name can say that not all is there yet.

The mark is a stream of its own, which no exchange follows: it says that a copy was begun, or that it ended.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol
from uuid import uuid4

from adapters.event_stores.data_files import UnusableLog
from application.ports.event_store import NO_STREAM, NewEvent, RecordedEvent, StreamAppender, StreamReader

STREAM = "presage-copy"
BEGUN, ENDED = "CopyBegun", "CopyEnded"


class _Store(StreamReader, StreamAppender, Protocol): ...


@asynccontextmanager
async def marked_unfinished(store: _Store) -> AsyncIterator[None]:
    """Have a store say that it is unfinished, from now until the block has ended well."""
    await _say(store, BEGUN)
    yield
    await _say(store, ENDED)


async def refuse_unfinished(store: StreamReader, place: str) -> None:
    """Raise :class:`UnusableLog` for a store into which a copy was begun and not ended."""
    last = await _last(store)
    if last is not None and last.type == BEGUN:
        raise UnusableLog(
            f"{place}: holds a copy of a log that did not come to its end, so events are missing; empty it "
            "and copy again"
        )


async def _say(store: _Store, what: str) -> None:
    last = await _last(store)
    await store.append(
        STREAM,
        [NewEvent(id=uuid4(), type=what, data=b"{}")],
        expected=last.revision if last is not None else NO_STREAM,
    )


async def _last(store: StreamReader) -> RecordedEvent | None:
    async for page in store.read_stream(STREAM, from_revision=-1, backwards=True, limit=1):
        return page[0]
    return None
