"""Commands and queries are apart: a trader places an order and looks at the book at once (exercise 10).

One test serves both ways to feed the read side. With synchronous subscribers the book is up to date before
the command returns; with asynchronous ones it is a little later. Every answer says where in the log it
stands, so a reader who needs its own write waits for exactly that, and for no longer than it takes.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.event_stores.memory import MemoryEventStore
from adapters.read_models.opening import open_read_models
from application.ports.event_store import START, Appended, Filter, NewEvent, Page, Position
from application.requests import OrderAccepted, OrderRequest
from domain.identifiers import AccountId, OrderId
from domain.market.vocabulary import Action, Side
from domain.quantities import Quantity, Ticks
from projections.reading.queries import ReadModels
from tests.integration.read_models.projecting import CODEC, Projected, projected
from tests.integration.read_models.random_flow import ACCOUNTS, SINGLE, Flow, random_flow

BUY_TEN_AT_40 = OrderRequest(
    account_id=ACCOUNTS[0],
    ticker=SINGLE,
    side=Side.YES,
    action=Action.BUY,
    quantity=Quantity(1_000),
    price_ticks=Ticks(4_000),
)
THE_BID = (Ticks(4_000), Quantity(1_000))
SOON_S = 5.0


@dataclass
class ReadSide:
    """What a trader's program sees of the exchange after it has sent a command."""

    models: ReadModels
    source: "Late | None" = None

    async def bids(self) -> Sequence[tuple[Ticks, Quantity]]:
        book = await self.models.books.book(SINGLE)
        assert book is not None
        return book.yes

    async def open_orders(self, trader: AccountId) -> set[OrderId]:
        portfolio = await self.models.portfolio.get_portfolio(trader)
        return {order.order_id for order in portfolio.open_orders.items}

    async def sees(self, position: Position, within_s: float) -> bool:
        return await self.models.freshness.await_position(position, within_s)


class WithSynchronousSubscriber:
    """A log whose append returns only once the projections have taken the events in."""

    def __init__(self, log: MemoryEventStore) -> None:
        self._append = log.append
        self.subscriber: Projected

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        appended = await self._append(stream, events, expected=expected)
        await self.subscriber.catch_up()
        return appended


class Late:
    """A log whose subscribers hear of everything a while later, and of nothing while it is not ``open``."""

    def __init__(self, log: MemoryEventStore, delay_s: float) -> None:
        self._log = log
        self._delay_s = delay_s
        self.open = asyncio.Event()
        self.open.set()
        self.head = log.head
        self.read_all = log.read_all

    async def subscribe(
        self, *, after: Position = START, matching: Filter = Filter()
    ) -> AsyncGenerator[Page, None]:
        async for page in self._log.subscribe(after=after, matching=matching):
            await self.open.wait()
            await asyncio.sleep(self._delay_s)
            yield page


@asynccontextmanager
async def synchronous(flow: Flow, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ReadSide]:
    async with projected(folder / "read.db", flow) as read:
        await read.catch_up()
        bus = WithSynchronousSubscriber(flow.log)
        bus.subscriber = read
        monkeypatch.setattr(flow.log, "append", bus.append)
        yield ReadSide(read.models)


@asynccontextmanager
async def asynchronous(flow: Flow, folder: Path, delay_s: float = 0.0) -> AsyncIterator[ReadSide]:
    source = Late(flow.log, delay_s)
    database = folder / "read.db"
    async with open_read_models(database, source=source, codec=CODEC, clock=flow.clock) as reads:
        assert await reads.models.freshness.await_position(await flow.log.head(), SOON_S)
        yield ReadSide(reads.models, source)


async def submit(flow: Flow) -> OrderAccepted:
    answer = await flow.exchange.trading.place(BUY_TEN_AT_40)
    assert isinstance(answer, OrderAccepted)
    return answer


@pytest.fixture(params=["synchronous", "asynchronous", "asynchronous and late"])
async def trading(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Flow, ReadSide]]:
    async with random_flow(41) as flow:
        if request.param == "synchronous":
            async with synchronous(flow, tmp_path, monkeypatch) as side:
                yield flow, side
        else:
            delay_s = 0.15 if request.param.endswith("late") else 0.0
            async with asynchronous(flow, tmp_path, delay_s) as side:
                yield flow, side


async def test_a_trader_finds_its_order_in_the_book_whichever_way_the_book_is_fed(
    trading: tuple[Flow, ReadSide],
) -> None:
    flow, side = trading
    assert await side.bids() == ()

    answer = await submit(flow)

    assert await side.sees(answer.position, SOON_S)
    assert await side.bids() == (THE_BID,)
    assert answer.order_id in await side.open_orders(BUY_TEN_AT_40.account_id)


async def test_with_a_synchronous_subscriber_the_book_is_right_before_the_command_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with random_flow(42) as flow, synchronous(flow, tmp_path, monkeypatch) as side:
        answer = await submit(flow)
        assert await side.bids() == (THE_BID,), "looked at once, without waiting for anything"
        assert await side.sees(answer.position, 0)


async def test_with_an_asynchronous_subscriber_the_book_is_old_first_and_right_soon(tmp_path: Path) -> None:
    async with random_flow(43) as flow, asynchronous(flow, tmp_path) as side:
        assert side.source is not None
        side.source.open.clear()
        answer = await submit(flow)
        assert await side.bids() == (), "nobody has told the book yet"
        assert not await side.sees(answer.position, 0.01), "and a reader in a hurry is told so"

        asked = time.monotonic()
        side.source.open.set()
        assert await side.sees(answer.position, SOON_S)
        waited_s = time.monotonic() - asked

        assert await side.bids() == (THE_BID,)
        assert waited_s < SOON_S, "the wait ends when the write is visible, not when time is up"


async def test_readers_never_see_the_book_go_back(tmp_path: Path) -> None:
    async with random_flow(44) as flow, asynchronous(flow, tmp_path) as side:
        revisions, positions = [], []
        trading = asyncio.create_task(flow.trade(60))
        while not trading.done():
            book = await side.models.books.book(SINGLE)
            assert book is not None
            revisions.append(book.revision)
            positions.append(side.models.freshness.position)
            await asyncio.sleep(0)
        await trading
        assert revisions == sorted(revisions)
        assert positions == sorted(positions)


async def test_many_readers_waiting_for_different_writes_are_woken_in_turn(tmp_path: Path) -> None:
    async with random_flow(45) as flow, asynchronous(flow, tmp_path, delay_s=0.05) as side:
        answers = [await submit(flow) for _ in range(5)]
        seen: list[Position] = []

        async def wait_for(position: Position) -> None:
            assert await side.sees(position, SOON_S)
            assert side.models.freshness.position >= position
            seen.append(position)

        await asyncio.gather(*(wait_for(answer.position) for answer in reversed(answers)))
        assert sorted(seen) == [answer.position for answer in answers]
        assert await side.bids() == ((Ticks(4_000), Quantity(5_000)),)
