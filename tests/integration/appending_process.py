"""A process that appends to an embedded store and prints what is acknowledged, until it is killed.

Run as ``python appending_process.py sqlite|json_lines FOLDER WRITERS``.
"""

import asyncio
import os
import sys
from pathlib import Path
from uuid import uuid4

from adapters.event_stores.embedded.store import EmbeddedEventStore
from application.ports.event_store import NewEvent
from tests.integration.embedded_stores import OPENERS


async def last_revision(store: EmbeddedEventStore, stream: str) -> int:
    async for page in store.read_stream(stream, from_revision=-1, backwards=True, limit=1):
        return page[0].revision
    return -1


async def writer(store: EmbeddedEventStore, stream: str) -> None:
    expected = await last_revision(store, stream)
    while True:
        events = [NewEvent(id=uuid4(), type="Noted", data=b'{"text":"%s"}' % (b"x" * 200)) for _ in range(2)]
        expected = (await store.append(stream, events, expected=expected)).revision
        # One system call a line: what was printed is complete, whenever the process dies.
        os.write(1, f"{stream} {expected - 1} {events[0].id}\n{stream} {expected} {events[1].id}\n".encode())


async def main(kind: str, folder: Path, writers: int) -> None:
    store = OPENERS[kind](folder)
    await asyncio.gather(*(writer(store, f"s{n}") for n in range(writers)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
