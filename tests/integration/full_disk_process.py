"""A process that appends until its files may not grow any more, then is given room again.

The limit is the operating system's own on file size (``RLIMIT_FSIZE``), so the store meets a real failed
write. Prints one JSON object: ``{"acknowledged": [[stream, revision]], "refused": n}``.
Run as ``python full_disk_process.py sqlite|json_lines FOLDER LIMIT_BYTES``.
"""

import asyncio
import json
import resource
import sys
from pathlib import Path
from uuid import uuid4

from adapters.event_stores.embedded.store import EmbeddedEventStore
from application.ports.event_store import NewEvent, StoreUnavailable
from tests.integration.embedded_stores import OPENERS

WRITERS = 8
APPENDS_AFTER = 20


class Writer:
    """Appends to one stream; keeps an append that was refused, to send the same again."""

    def __init__(self, store: EmbeddedEventStore, stream: str) -> None:
        self.store, self.stream, self.expected = store, stream, -1
        self.acknowledged: list[tuple[str, int]] = []
        self.refused = 0
        self.event = self.fresh()

    def fresh(self) -> NewEvent:
        return NewEvent(id=uuid4(), type="Noted", data=b'{"text":"%s"}' % (b"x" * 5000))

    async def append(self) -> None:
        answer = await self.store.append(self.stream, [self.event], expected=self.expected)
        self.expected = answer.revision
        self.acknowledged.append((self.stream, answer.revision))
        self.event = self.fresh()

    async def append_until_refused(self) -> None:
        while self.refused < 3:
            try:
                await self.append()
            except StoreUnavailable:
                self.refused += 1

    async def append_some(self) -> None:
        for _ in range(APPENDS_AFTER):
            await self.append()


async def check_that_memory_is_not_ahead(store: EmbeddedEventStore, writers: list[Writer]) -> None:
    seen = [event async for page in store.read_all() for event in page.events]
    assert {(event.stream, event.revision) for event in seen} == {
        answer for writer in writers for answer in writer.acknowledged
    }
    assert await store.head() == len(seen)


async def main(kind: str, folder: Path, limit_bytes: int) -> None:
    store = OPENERS[kind](folder)
    writers = [Writer(store, f"s{n}") for n in range(WRITERS)]
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    await asyncio.gather(*(writer.append_until_refused() for writer in writers))
    await check_that_memory_is_not_ahead(store, writers)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await asyncio.gather(*(writer.append_some() for writer in writers))
    await store.close()
    acknowledged = [answer for writer in writers for answer in writer.acknowledged]
    report = {"acknowledged": acknowledged, "refused": sum(writer.refused for writer in writers)}
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
