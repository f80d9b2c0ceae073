"""Two processes that set up one exchange at the same moment agree on how it is set up."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from application.founding import found, founding_of
from application.ports.event_store import RecordedEvent


class Clock:
    def now_us(self) -> int:
        return 1


class BothFindItEmpty(MemoryEventStore):
    """A store whose first two readers find nothing before either goes on."""

    def __init__(self) -> None:
        super().__init__()
        self._readers = 0
        self._both = asyncio.Event()

    async def read_stream(
        self, stream: str, *, from_revision: int = 0, backwards: bool = False, limit: int | None = None
    ) -> AsyncIterator[Sequence[RecordedEvent]]:
        pages = super().read_stream(stream, from_revision=from_revision, backwards=backwards, limit=limit)
        found = [page async for page in pages]
        self._readers += 1
        if self._readers == 2:
            self._both.set()
        await self._both.wait()
        for page in found:
            yield page


async def test_what_the_first_of_two_founders_wrote_holds_for_both() -> None:
    store, codec, clock = BothFindItEmpty(), JsonCodec(), Clock()
    one, two = await asyncio.gather(
        found(store, codec, clock, partitions=2), found(store, codec, clock, partitions=8)
    )
    assert one == two == await founding_of(store, codec)
