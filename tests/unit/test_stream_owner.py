"""How a stream's owner divides what it has decided among appends."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

import pytest

from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from adapters.snapshots.memory import NoSnapshots
from application.events import Cause, DomainEvent, Recorded
from application.health import Health, Trouble
from application.hosting.owner import StreamOwner
from application.ports.codec import EventCodec, UnreadableEvent
from application.ports.event_store import Appended, NewEvent, RecordedEvent
from application.snapshots.history import StreamHistory
from application.snapshots.market_form import MARKET_FORM
from application.snapshots.policy import SHARE, Pace
from application.snapshots.standing import Tip
from application.snapshots.taker import SnapshotTaker
from domain.decider import Decider
from domain.identifiers import AccountId
from domain.market import commands as c
from domain.market.aggregate import MARKET
from domain.market.events import MarketEvent
from domain.market.matching import STEP
from domain.market.state import MarketState
from domain.market.vocabulary import Result, Side
from tests.unit.domain.trading_words import ANN, BOB, TICKER, buy, listing

STREAM = f"market-{TICKER}"
MANY = 10 * STEP

IN_A_ROW = 2 * STEP + 1
"""How much may be done before others have their turn: less than a step, and then a step that fits no more."""

Owner = StreamOwner[MarketState, c.MarketCommand, MarketEvent]


class Clock:
    def now_us(self) -> int:
        return 1


class NotingStore(MemoryEventStore):
    """A store that notes how many events came with every append."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.reads = 0

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        self.sizes.append(len(events))
        return await super().append(stream, events, expected=expected)

    async def read_stream(
        self, stream: str, *, from_revision: int = 0, backwards: bool = False, limit: int | None = None
    ) -> AsyncIterator[Sequence[RecordedEvent]]:
        self.reads += 1
        pages = super().read_stream(stream, from_revision=from_revision, backwards=backwards, limit=limit)
        async for page in pages:
            yield page


def owner_of(
    store: NotingStore,
    taker: SnapshotTaker[MarketState] | None = None,
    codec: EventCodec | None = None,
    health: Health | None = None,
    decider: Decider[MarketState, c.MarketCommand, MarketEvent] = MARKET,
) -> Owner:
    codec = codec or JsonCodec()
    history = StreamHistory(STREAM, decider, None, reader=store, codec=codec, snapshots=NoSnapshots())
    return StreamOwner(
        STREAM,
        decider,
        history=history,
        taker=taker,
        reader=store,
        appender=store,
        codec=codec,
        clock=Clock(),
        health=health,
    )


async def ask_all(owner: Owner, commands: Sequence[c.MarketCommand], first: int = 0) -> None:
    numbered = enumerate(commands, first)
    asked = [owner.ask(command, command_id=UUID(int=number)) for number, command in numbered]
    answers = await asyncio.gather(*asked)
    assert all(answer.rejected is None for answer in answers)


async def test_the_events_of_one_command_are_appended_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("application.hosting.owner.APPEND_BYTES", 20_000)
    store = NotingStore()
    owner = owner_of(store)
    resting = [buy(f"m{number}", ANN, 1, 40, side=Side.NO) for number in range(40)]
    await ask_all(owner, [listing(), c.ActivateMarket(), *resting])
    store.sizes.clear()
    takers = [buy(f"t{number}", BOB, 10, 60) for number in range(4)]
    await ask_all(owner, takers, first=100)
    # Every taker is placed and fills ten times; two and a half of them would fit into one append.
    assert sum(store.sizes) == 4 * 11
    assert len(store.sizes) > 1
    assert all(size % 11 == 0 for size in store.sizes), store.sizes


async def test_a_command_that_comes_twice_at_once_is_decided_once() -> None:
    store = NotingStore()
    owner = owner_of(store)
    await ask_all(owner, [listing(), c.ActivateMarket()])
    store.sizes.clear()
    order = buy("o", ANN, 10, 40)
    first, again, other = await asyncio.gather(
        owner.ask(order, command_id=UUID(int=100)),
        owner.ask(order, command_id=UUID(int=100)),
        owner.ask(order, command_id=UUID(int=101)),
    )
    assert first == again
    assert [type(event).__name__ for event in first.events] == ["OrderPlaced"]
    assert other.rejected is not None
    assert store.sizes == [1]


async def test_a_refusal_that_is_asked_for_twice_at_once_is_one_refusal() -> None:
    owner = owner_of(NotingStore())
    await ask_all(owner, [listing(), c.ActivateMarket()])
    asked = [owner.ask(buy("o", ANN, 10, 10_001), command_id=UUID(int=100)) for _ in range(2)]
    first, again = await asyncio.gather(*asked)
    assert first.rejected is not None
    assert first.rejected == again.rejected


async def test_a_command_that_cannot_be_decided_fails_by_itself() -> None:
    def broken(now_us: int) -> c.MarketCommand:
        raise ZeroDivisionError("in the middle")

    owner = owner_of(NotingStore())
    await ask_all(owner, [listing(), c.ActivateMarket()])
    before = owner.ask(buy("a", ANN, 1, 40), command_id=UUID(int=100))
    fault = owner.ask(broken, command_id=UUID(int=101))
    after = owner.ask(buy("b", BOB, 1, 40), command_id=UUID(int=102))
    with pytest.raises(ZeroDivisionError):
        await fault
    assert [len((await answer).events) for answer in (before, after)] == [1, 1]
    assert set((await owner.state()).orders) == {"a", "b"}


async def test_an_owner_whose_work_is_canceled_forgets_what_it_had_decided() -> None:
    class StuckStore(NotingStore):
        stuck = False
        reached = asyncio.Event()

        async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
            if self.stuck:
                self.reached.set()
                await asyncio.Event().wait()
            return await super().append(stream, events, expected=expected)

    store = StuckStore()
    owner = owner_of(store)
    await ask_all(owner, [listing(), c.ActivateMarket()])
    store.stuck = True
    owner.ask(buy("o", ANN, 10, 40), command_id=UUID(int=100))
    await store.reached.wait()
    [worker] = [task for task in asyncio.all_tasks() if task.get_name() == f"owner of {STREAM}"]
    worker.cancel()
    await asyncio.wait([worker])
    store.stuck = False
    assert not (await owner.state()).orders
    answer = await owner.ask(buy("o", ANN, 10, 40), command_id=UUID(int=100))
    assert answer.rejected is None
    assert len(answer.events) == 1


async def test_an_owner_is_idle_as_soon_as_everything_is_answered() -> None:
    owner = owner_of(NotingStore())
    answer = owner.ask(listing(), command_id=UUID(int=1))
    assert not owner.idle
    await answer
    assert owner.idle


async def test_a_snapshot_that_cannot_be_taken_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class BrokenTaker(SnapshotTaker[MarketState]):
        def consider(self, state: MarketState, tip: Tip) -> None:
            raise MemoryError("no room")

    taker = BrokenTaker(STREAM, MARKET_FORM, snapshots=NoSnapshots(), clock=Clock(), pace=Pace(SHARE))
    owner = owner_of(NotingStore(), taker)
    await ask_all(owner, [listing(), c.ActivateMarket()])
    await ask_all(owner, [buy("o", ANN, 10, 40)], first=100)
    assert "no snapshot of market-" in caplog.text


class FailingCodec(JsonCodec):
    """Cannot read anything while it is told so."""

    failing = True

    def decode(self, recorded: RecordedEvent) -> Recorded[DomainEvent]:
        if self.failing:
            raise UnreadableEvent(f"{recorded.stream} revision {recorded.revision}: unknown")
        return super().decode(recorded)


async def test_an_owner_that_cannot_load_says_so_until_it_can() -> None:
    store, codec, health = NotingStore(), FailingCodec(), Health()
    await ask_all(owner_of(store), [listing()])
    owner = owner_of(store, codec=codec, health=health)
    with pytest.raises(UnreadableEvent):
        await owner.state()
    [told] = health.conditions
    assert (told.part, told.code) == (STREAM, Trouble.STREAM_UNREADABLE)
    assert "revision 0: unknown" in told.message
    assert not health.stopped
    codec.failing = False
    assert (await owner.state()).created
    assert health.conditions == []


class Watch(JsonCodec):
    """Counts what is done to events between two turns of everybody else."""

    def __init__(self) -> None:
        super().__init__()
        self.done = self.longest = 0
        self.decider = replace(MARKET, evolve=self.evolve)

    def evolve(self, state: MarketState, event: MarketEvent) -> None:
        self.done += 1
        MARKET.evolve(state, event)

    def encode(self, event: DomainEvent, event_id: UUID, cause: Cause) -> NewEvent:
        self.done += 1
        return super().encode(event, event_id, cause)

    async def take_turns(self) -> None:
        while True:
            self.longest, self.done = max(self.longest, self.done), 0
            await asyncio.sleep(0)


@asynccontextmanager
async def watched() -> AsyncIterator[tuple[Owner, NotingStore]]:
    """Run an owner, and others beside it that must not wait for long."""
    watch, store = Watch(), NotingStore()
    others = asyncio.create_task(watch.take_turns())
    yield owner_of(store, codec=watch, decider=watch.decider), store
    others.cancel()
    assert 0 < watch.longest <= IN_A_ROW


async def test_others_have_their_turn_while_one_order_meets_any_number() -> None:
    async with watched() as (owner, store):
        await ask_all(owner, [listing(), c.ActivateMarket()])
        await ask_all(owner, [buy(f"m{n}", ANN, 0.01, 40, side=Side.NO) for n in range(MANY)], first=10)
        store.sizes.clear()
        await ask_all(owner, [buy("t", BOB, MANY / 100, 60)], first=10 + MANY)
        assert sum(store.sizes) == MANY + MANY // STEP


async def test_others_have_their_turn_while_a_market_with_any_number_of_orders_and_holders_ends() -> None:
    async with watched() as (owner, store):
        await ask_all(owner, [listing(), c.ActivateMarket()])
        holders = [AccountId(f"holder-{n}") for n in range(MANY)]
        for n, holder in enumerate(holders):
            both = buy(f"m{n}", holder, 1, 40, side=Side.NO), buy(f"t{n}", BOB, 1, 60)
            await ask_all(owner, [*both, buy(f"r{n}", holder, 1, 30)], first=10 + 3 * n)
        store.sizes.clear()
        await ask_all(owner, [c.ResolveMarket(result=Result.YES)], first=10 + 3 * MANY)
        assert sum(store.sizes) == 3 + MANY + MANY + 1


async def test_others_have_their_turn_while_many_orders_come_at_once_and_meet_many_each() -> None:
    async with watched() as (owner, _):
        await ask_all(owner, [listing(), c.ActivateMarket()])
        await ask_all(owner, [buy(f"m{n}", ANN, 0.01, 40, side=Side.NO) for n in range(MANY)], first=10)
        await ask_all(owner, [buy(f"t{n}", BOB, 1, 60) for n in range(MANY // 100)], first=10 + MANY)


async def two_owners_of_a_market() -> tuple[NotingStore, Owner, Owner]:
    """Return the owners of two instances; the second does not know what the first does from now on."""
    store = NotingStore()
    first, second = owner_of(store), owner_of(store)
    await ask_all(first, [listing(), c.ActivateMarket()])
    await second.state()
    return store, first, second


async def test_nothing_to_do_is_answered_on_what_another_process_has_written() -> None:
    _, first, second = await two_owners_of_a_market()
    await ask_all(first, [c.PauseMarket()], first=10)
    resumed = await second.ask(c.ResumeMarket(), command_id=UUID(int=20))
    assert [type(event).__name__ for event in resumed.events] == ["MarketResumed"]
    # It takes commands one by one now, and the same holds.
    await ask_all(first, [c.PauseMarket()], first=30)
    resumed = await second.ask(c.ResumeMarket(), command_id=UUID(int=40))
    assert [type(event).__name__ for event in resumed.events] == ["MarketResumed"]


async def test_an_append_that_another_process_had_made_proves_nothing_for_what_goes_with_it() -> None:
    """The store acknowledges events that it has; much may have been written after them."""
    _, first, second = await two_owners_of_a_market()
    order, later = buy("o", ANN, 10, 40), buy("p", ANN, 10, 40)
    await ask_all(first, [order], first=10)
    await ask_all(first, [later], first=11)
    again = second.ask(order, command_id=UUID(int=10), shared=True)
    canceled = second.ask(c.CancelOrder(order_id=later.order_id, account_id=ANN), command_id=UUID(int=12))
    assert (await again).rejected is None
    assert [type(event).__name__ for event in (await canceled).events] == ["OrderCanceled"]


async def test_orders_that_are_taken_cost_no_reading_for_one_that_is_refused_beside_them() -> None:
    store, _, second = await two_owners_of_a_market()
    await ask_all(second, [buy("o", ANN, 10, 40)], first=10)
    store.reads = 0
    taken = second.ask(buy("p", ANN, 10, 40), command_id=UUID(int=11))
    refused = second.ask(buy("o", ANN, 10, 40), command_id=UUID(int=12))
    assert (await taken).rejected is None
    assert (await refused).rejected is not None
    assert store.reads == 0


async def test_a_state_that_is_asked_for_as_it_is_now_knows_what_another_process_has_written() -> None:
    store = NotingStore()
    owner, other = owner_of(store), owner_of(store)
    await ask_all(owner, [listing(), c.ActivateMarket()])
    await ask_all(other, [buy("o", ANN, 10, 40)], first=10)
    assert not (await owner.state()).orders
    assert (await owner.present()).orders.keys() == {"o"}
    reads = store.reads
    assert (await owner.present()).orders.keys() == {"o"}
    assert store.reads == reads + 1, "one look is enough where nothing is new"


async def test_whoever_lost_a_race_against_what_cannot_be_read_is_told_and_the_owner_goes_on() -> None:
    store, first, codec = NotingStore(), None, FailingCodec()
    codec.failing = False
    first, second = owner_of(store), owner_of(store, codec=codec)
    await ask_all(first, [listing(), c.ActivateMarket()])
    await second.state()
    await ask_all(first, [c.PauseMarket()], first=10)
    codec.failing = True
    asked = [second.ask(c.CloseMarket(), command_id=UUID(int=number)) for number in (20, 21)]
    async with asyncio.timeout(20):
        answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [UnreadableEvent, UnreadableEvent]
    codec.failing = False
    closed = await second.ask(c.CloseMarket(), command_id=UUID(int=22))
    assert [type(event).__name__ for event in closed.events] == ["MarketClosed"]
