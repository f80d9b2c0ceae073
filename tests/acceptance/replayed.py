"""Recordings replayed into an exchange of their own, for the tests that look at what comes of it."""

import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from adapters.bootstrap import build_exchange, make_codec
from adapters.checkpoints import MemoryCheckpoints
from adapters.clock import SystemClock, TimeOrderedIds
from adapters.event_stores.memory import MemoryEventStore
from adapters.event_stores.sqlite import SqliteEventStore
from adapters.simulation.older_keys import NoOlderKeys
from application.exchange import Exchange
from application.ports.clock import Clock
from application.ports.codec import EventCodec
from application.ports.event_store import EventStore
from application.replay.book import Book
from application.replay.driver import replay
from application.replay.flow import Instruction
from application.replay.recording import Recording
from application.replay.report import ReplayReport

SOAK = os.environ.get("PRESAGE_SOAK") == "1"
"""Whether to take the time to replay everything, durably."""


@dataclass
class Part:
    """Some of a recording's instructions: those that are ``wanted``, and at most ``limit``."""

    whole: Recording
    wanted: Callable[[Instruction], bool] = lambda _: True
    limit: int | None = None

    @property
    def name(self) -> str:
        return self.whole.name

    @property
    def format(self) -> str:
        return self.whole.format

    @property
    def count_hint(self) -> int:
        return sum(1 for _ in self.instructions())

    def instructions(self) -> Iterator[Instruction]:
        return islice(filter(self.wanted, self.whole.instructions()), self.limit)

    def recorded_final_book(self) -> Book | None:
        return None


@dataclass
class Venue:
    """A running exchange and what it is made of."""

    exchange: Exchange
    store: EventStore
    codec: EventCodec

    async def replay(self, *recordings: Recording, window: int = 512) -> ReplayReport:
        return await replay(recordings, self.exchange, store=self.store, codec=self.codec, window=window)


@asynccontextmanager
async def venue(folder: Path | None = None, clock: Clock | None = None) -> AsyncIterator[Venue]:
    """Run an exchange on a durable log in ``folder``, or in memory without one."""
    store = MemoryEventStore() if folder is None else SqliteEventStore.open(folder / "log.db")
    codec = make_codec()
    exchange = await build_exchange(
        store,
        codec,
        order_keys=NoOlderKeys(),
        transfer_keys=NoOlderKeys(),
        checkpoints=MemoryCheckpoints(),
        clock=clock or SystemClock(),
        ids=TimeOrderedIds(),
        partitions=4,
    )
    await exchange.start()
    try:
        yield Venue(exchange, store, codec)
    finally:
        await exchange.close()
        await store.close()


async def replayed(recordings: Sequence[Recording], folder: Path | None = None) -> ReplayReport:
    """Replay into a new exchange and return the report."""
    async with venue(folder) as there:
        return await there.replay(*recordings)
