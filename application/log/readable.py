"""Whether this version knows every event of a log, found out before anything is written to it.

A version that was rolled back to must not touch a log that a newer one has written: it would decide without
what it cannot read. What was read once need not be read again, so it is noted how far every event is known,
under the names and versions of events that this version knows: another version begins anew.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from hashlib import sha256
from typing import Protocol

from application.log.landmarks import Landmark, landmark_of, stands
from application.ports.checkpoints import Checkpoints
from application.ports.codec import EventCodec
from application.ports.event_store import START, LogReader, Page, StreamReader
from application.streams import EXCHANGE_EVENTS


class _Log(StreamReader, LogReader, Protocol): ...


def readable_up_to(codec: EventCodec) -> str:
    """Return the name under which it is noted how far a codec knows every event."""
    known = " ".join(f"{name}-{version}" for name, version in sorted(codec.vocabulary.items()))
    return f"readable {sha256(known.encode()).hexdigest()[:16]}"


async def refuse_unknown_events(log: _Log, codec: EventCodec, checkpoints: Checkpoints) -> None:
    """Raise :class:`application.ports.codec.UnreadableEvent` if this version does not know some event."""
    name = readable_up_to(codec)
    noted = await checkpoints.load(name)
    if noted is not None and not await stands(log, noted):
        noted = None
    last: Landmark | None = None
    pages = log.read_all(after=noted.position if noted else START, matching=EXCHANGE_EVENTS)
    async for page in known_only(pages, codec):
        if page.events:
            last = landmark_of(page.events[-1])
    if last is not None:
        await checkpoints.save(name, last)


async def known_only(pages: AsyncIterator[Page], codec: EventCodec) -> AsyncGenerator[Page, None]:
    """Yield pages as they are; raise :class:`application.ports.codec.UnreadableEvent` as above."""
    async for page in pages:
        for event in page.events:
            codec.check(event)
        yield page
