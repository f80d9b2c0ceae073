"""The owner of a stream takes snapshots as it goes, starts from them, and still knows what it decided."""

import asyncio
import gc
from dataclasses import replace
from uuid import UUID

import pytest

from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from adapters.snapshots.memory import MemorySnapshots
from application.hosting.directory import Directory, MarketOwner
from application.ports.event_store import Appended, AppendOutcomeUnknown, NewEvent
from application.ports.snapshots import Document, Snapshot
from application.snapshots.market_form import MARKET_FORM
from application.snapshots.policy import EVENTS_LEFT, EVENTS_MIN
from application.snapshots.taker import SnapshotTaker
from application.streams import market_stream
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market import commands as c
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity, Ticks

TICKER = Ticker("M")
STREAM = market_stream(TICKER)


class Clock:
    def __init__(self) -> None:
        self.now = 1

    def now_us(self) -> int:
        self.now += 1_000_000
        return self.now


class ForgetfulStore(MemoryEventStore):
    """Appends, and then loses the answer, when told to."""

    lose = False

    async def append(self, stream: str, events: list[NewEvent], *, expected: int) -> Appended:  # type: ignore[override]
        appended = await super().append(stream, events, expected=expected)
        if self.lose:
            self.lose = False
            raise AppendOutcomeUnknown("the answer was lost")
        return appended


class Process:
    """One process after the other on the same log and snapshots."""

    def __init__(self) -> None:
        self.store = ForgetfulStore()
        self.snapshots = MemorySnapshots()
        self.clock = Clock()
        self.start()

    def start(self) -> None:
        self.directory = Directory(
            reader=self.store,
            appender=self.store,
            codec=JsonCodec(),
            clock=self.clock,
            snapshots=self.snapshots,
            partitions=1,
        )

    @property
    def market(self) -> MarketOwner:
        return self.directory.market(TICKER)

    async def open(self) -> None:
        await self.market.ask(c.CreateMarket(ticker=TICKER, title=""), command_id=UUID(int=1))
        await self.market.ask(c.ActivateMarket(), command_id=UUID(int=2))

    async def place(self, first: int, count: int) -> None:
        for number in range(first, first + count):
            await self.market.ask(order(number), command_id=UUID(int=number))

    async def revisions(self) -> list[int]:
        await self.market.close()
        return list(await self.snapshots.revisions(STREAM, schema=MARKET_FORM.schema))


def order(number: int) -> c.PlaceOrder:
    return c.PlaceOrder(
        order_id=OrderId(f"o{number}"),
        account_id=AccountId(f"a{number % 5}"),
        side=Side.YES if number % 2 else Side.NO,
        action=Action.BUY,
        quantity=Quantity(100),
        price_ticks=Ticks(4_000 + 100 * (number % 30)),
        reserved=Money(10**8),
        now_us=1,
    )


@pytest.fixture
async def process() -> Process:
    made = Process()
    await made.open()
    return made


async def test_a_snapshot_is_taken_once_more_than_a_hundred_events_have_come(process: Process) -> None:
    while process.market.loaded is not None and process.market.loaded.revision < EVENTS_MIN - 1:
        number = process.market.loaded.revision + 10
        await process.place(number, 1)
    assert await process.revisions() == []
    await process.place(10_000, 2)
    assert len(await process.revisions()) == 1


async def test_an_owner_that_starts_from_a_snapshot_has_the_same_state(process: Process) -> None:
    await process.place(10, 300)
    before = (await process.market.state()).digest()
    assert await process.revisions() != []
    process.start()
    assert (await process.market.state()).digest() == before
    assert process.market.position == await process.store.head()


async def test_a_stream_that_is_closed_leaves_little_to_replay(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SnapshotTaker, "consider", lambda *_: None)
    await process.place(10, EVENTS_LEFT // 2)
    assert await process.revisions() == []
    await process.place(10 + EVENTS_LEFT // 2, EVENTS_LEFT)
    state = await process.market.state()
    assert await process.revisions() == [state.revision]
    assert await process.revisions() == [state.revision]
    process.start()
    assert (await process.market.state()).digest() == state.digest()


async def test_a_command_that_was_decided_before_a_restart_gets_its_first_answer(process: Process) -> None:
    await process.place(10, 300)
    first = await process.market.ask(order(5_000), command_id=UUID(int=5_000))
    await process.place(6_000, 150)
    process.start()
    again = await process.market.ask(order(5_000), command_id=UUID(int=5_000))
    assert (again.events, again.position) == (first.events, first.position)


async def test_an_append_whose_answer_was_lost_is_recognised_from_a_snapshot(process: Process) -> None:
    await process.place(10, 300)
    assert await process.revisions() != []
    process.start()
    process.store.lose = True
    decision = await process.market.ask(order(5_000), command_id=UUID(int=5_000))
    assert decision.rejected is None
    placed = [event async for page in process.store.read_stream(STREAM) for event in page]
    assert sum(b'"o5000"' in event.data and event.type == "OrderPlaced" for event in placed) == 1
    assert decision.position == placed[-1].position


async def test_a_wrong_snapshot_costs_time_and_nothing_else(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    await process.place(10, 300)
    before = (await process.market.state()).digest()
    good = await process.snapshots.find(STREAM, schema=MARKET_FORM.schema)
    assert good is not None
    good.document["last_price"] = 1
    await process.snapshots.save(good)
    process.start()
    assert (await process.market.state()).digest() == before
    assert "ignored" in caplog.text


async def test_a_snapshot_that_cannot_be_kept_is_told_and_costs_nothing_else(
    process: Process, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def full(snapshot: Snapshot) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as planted:
        planted.setattr(process.snapshots, "save", full)
        await process.place(1_000, EVENTS_MIN + 10)
        async with asyncio.timeout(20):
            while f"the snapshot of {STREAM} could not be kept" not in caplog.text:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
    process.clock.now += 10**9
    await process.place(2_000, EVENTS_MIN + 10)
    assert len(await process.revisions()) >= 1


async def test_a_state_is_copied_without_the_collector_which_goes_on_in_the_next_turn(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    collects: list[bool] = []

    def capture(state: object) -> Document:
        collects.append(gc.isenabled())
        asyncio.get_running_loop().call_soon(lambda: collects.append(gc.isenabled()))
        return form.capture(state)  # type: ignore[arg-type]

    taker = process.market._known._taker
    assert taker is not None
    form = taker._form
    monkeypatch.setattr(taker, "_form", replace(form, capture=capture))
    await process.place(1_000, EVENTS_MIN + 10)
    assert collects[:2] == [False, False]
    await asyncio.sleep(0)
    assert gc.isenabled()
