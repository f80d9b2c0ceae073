"""The process that reads a remote log ahead: it is asked on its standard input, and answers on its output.

An answer is the pages of the log, and an end: empty, or what went wrong. It ends without a word when whoever
asked is gone.
"""

import asyncio
import os
import sys
from collections.abc import Sequence

import uvloop
from msgspec import json

from adapters.event_stores.eventstoredb import EventStoreDBStore
from adapters.event_stores.reading_ahead import END, HEADER, PAGE, Request, encoded
from application.ports.event_store import EventStoreError, RecordedEvent

PAGES_AHEAD = 64
"""How many pages of 500 events wait for whoever uses them: some 20 MB."""


def main() -> None:
    """Answer the request on standard input."""
    try:
        uvloop.run(_answer(json.decode(sys.stdin.buffer.read(), type=Request)))
    except* BrokenPipeError:
        # What is left of the answer would be written once more at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _answer(request: Request) -> None:
    pages: asyncio.Queue[tuple[bytes, bytes]] = asyncio.Queue(PAGES_AHEAD)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_read(request, pages))
        tasks.create_task(_write(pages))


async def _read(request: Request, pages: "asyncio.Queue[tuple[bytes, bytes]]") -> None:
    fault = b""
    try:
        store = await EventStoreDBStore.connect(request.uri, reading=True)
        async for page in store.read_all(after=request.after, matching=request.matching):
            events: Sequence[RecordedEvent] = page.events
            await pages.put((PAGE, encoded(events)))
        await store.close()
    except EventStoreError as error:
        fault = str(error).encode()
    await pages.put((END, fault))


async def _write(pages: "asyncio.Queue[tuple[bytes, bytes]]") -> None:
    kind = PAGE
    while kind == PAGE:
        kind, block = await pages.get()
        await asyncio.to_thread(_send, HEADER.pack(kind, len(block)) + block)


def _send(block: bytes) -> None:
    sys.stdout.buffer.write(block)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
