"""Reading a remote log in another process, ahead of whoever takes its events in.

To read an event over gRPC takes the client twice as long as to take it in: on two processors both go on at
once. See :mod:`adapters.event_stores.read_ahead` for the other process.
"""

import sys
from asyncio import IncompleteReadError, create_subprocess_exec
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from struct import Struct

from msgspec import json, msgpack

from application.ports.event_store import (
    START,
    EventStore,
    Filter,
    Page,
    Position,
    RecordedEvent,
    StoreUnavailable,
)
from domain.messages import Message

AHEAD_FROM = 5_000
"""How many events are read here before another process is worth its start."""


HEADER = Struct("<cI")
"""Before each part of the answer: what it is, and its size."""

PAGE, END = b"p", b"e"

encoded = msgpack.Encoder(uuid_format="bytes").encode
decoded = msgpack.Decoder(list[RecordedEvent]).decode


class Request(Message, frozen=True, kw_only=True):
    """What is to be read."""

    uri: str
    after: Position
    matching: Filter


class ReadingAhead:
    """A log to be read only, at ``uri``. Long reads of the whole of it go on while their events are used."""

    def __init__(self, log: EventStore, uri: str) -> None:
        self._log = log
        self._uri = uri
        self.read_stream = log.read_stream
        self.subscribe = log.subscribe
        self.head = log.head
        self.close = log.close

    async def read_all(
        self,
        *,
        after: Position = START,
        backwards: bool = False,
        limit: int | None = None,
        matching: Filter = Filter(),
    ) -> AsyncGenerator[Page, None]:
        """Yield pages of the whole log up to its present end."""
        left = AHEAD_FROM
        pages = self._log.read_all(after=after, backwards=backwards, limit=limit, matching=matching)
        # What is not read to its end has to be given up, or the server goes on sending it.
        async with aclosing(pages):  # type: ignore[type-var]  # it is a generator
            async for page in pages:
                yield page
                after, left = page.position, left - len(page.events)
                if left <= 0 and limit is None and not backwards:
                    break
            else:
                return
        async with aclosing(_pages_of(Request(uri=self._uri, after=after, matching=matching))) as ahead:
            async for page in ahead:
                yield page


async def _pages_of(request: Request) -> AsyncGenerator[Page, None]:
    # With -P nothing is imported from the folder that this process happens to be started in. The address
    # may hold a password: it is written to the other process, and is not seen among its arguments.
    process = await create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "adapters.event_stores.read_ahead",
        stdin=PIPE,
        stdout=PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(json.encode(request))
        process.stdin.close()
        while (block := await _block(process)) is not None:
            events: Sequence[RecordedEvent] = decoded(block)
            yield Page(events=events, position=events[-1].position)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _block(process: Process) -> bytes | None:
    """Return the next page as it was sent, ``None`` after the last."""
    assert process.stdout is not None
    try:
        kind, size = HEADER.unpack(await process.stdout.readexactly(HEADER.size))
        block = await process.stdout.readexactly(size)
    except IncompleteReadError:
        raise StoreUnavailable("the process that reads the log ahead has ended") from None
    if kind == PAGE:
        return block
    if size:
        raise StoreUnavailable(block.decode())
    return None
