"""Which markets are open is known without reading the whole log, and never wrong for it."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from adapters.event_stores.memory import MemoryEventStore
from adapters.snapshots.memory import MemorySnapshots
from application.hosting.open_markets import NAME, SCHEMA, OpenMarkets
from application.ports.event_store import NewEvent, Page, Position
from domain.identifiers import Ticker


class CountingStore(MemoryEventStore):
    """Counts how many events are read from the whole log."""

    read = 0

    async def read_all(self, **query: object) -> AsyncIterator[Page]:  # type: ignore[override]
        async for page in super().read_all(**query):  # type: ignore[arg-type]
            self.read += len(page.events)
            yield page


class Log:
    def __init__(self, first_id: int = 1) -> None:
        self.store = CountingStore()
        self.snapshots = MemorySnapshots()
        self._next = first_id

    def start(self) -> OpenMarkets:
        self.store.read = 0
        return OpenMarkets(log=self.store, streams=self.store, snapshots=self.snapshots)

    async def list(self, *tickers: str) -> None:
        for ticker in tickers:
            self._next += 1
            created = NewEvent(id=UUID(int=self._next), type="MarketCreated", data=b"{}")
            await self.store.append(f"market-{ticker}", [created], expected=-1)
            other = NewEvent(id=UUID(int=self._next + 10**6), type="MarketActivated", data=b"{}")
            await self.store.append(f"market-{ticker}", [other], expected=0)


@pytest.fixture
async def log() -> Log:
    made = Log()
    await made.list("A", "B", "C")
    return made


async def test_all_that_were_listed_are_open_in_the_order_they_were_listed(log: Log) -> None:
    assert await log.start().find() == ["A", "B", "C"]


async def test_what_is_over_stays_over_after_a_restart(log: Log) -> None:
    markets = log.start()
    await markets.find()
    markets.over(Ticker("B"))
    await markets.keep()
    assert await log.start().find() == ["A", "C"]


async def test_only_what_was_listed_since_is_read_again(log: Log) -> None:
    await log.start().keep()
    await log.list("D")
    markets = log.start()
    assert await markets.find() == ["A", "B", "C", "D"]
    assert log.store.read == 2  # what was listed since, and where the log ends
    await log.list("E")
    assert await markets.find() == ["A", "B", "C", "D", "E"]


async def test_without_what_was_kept_the_whole_log_says_it(log: Log) -> None:
    markets = log.start()
    await markets.find()
    markets.over(Ticker("B"))
    await markets.keep()
    await log.snapshots.drop(NAME, 0)
    assert await log.start().find() == ["A", "B", "C"]


async def test_what_was_kept_of_another_log_is_not_believed(log: Log) -> None:
    await log.start().keep()
    other = Log(first_id=500)
    await other.list("X", "A", "B", "C", "Y")
    other.snapshots = log.snapshots
    assert await other.start().find() == ["X", "A", "B", "C", "Y"]


async def test_what_was_kept_of_a_longer_log_is_not_believed(log: Log) -> None:
    await log.start().keep()
    kept = await log.snapshots.find(NAME, schema=SCHEMA)
    assert kept is not None
    shorter = Log()
    await shorter.list("A", "B")
    shorter.snapshots = log.snapshots
    assert kept.position > Position(await shorter.store.head())
    assert await shorter.start().find() == ["A", "B"]


async def test_an_empty_log_has_no_markets() -> None:
    markets = Log().start()
    assert await markets.find() == []
    await markets.keep()
