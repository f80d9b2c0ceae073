"""Exercise 10: a write is visible to readers at once if the answer waits for it, and soon if it does not.

The same story is told with read models that follow at once and with read models that are late.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from adapters.bootstrap import build_exchange, make_codec
from adapters.caches.memory import MemoryCache
from adapters.checkpoints import MemoryCheckpoints
from adapters.clock import RandomIds, SystemClock
from adapters.event_schemas.json_schemas import event_schemas
from adapters.event_stores.memory import MemoryEventStore
from adapters.http.app import create_app, make_port
from adapters.http.cached_answers import CachedAnswers
from adapters.notifications import Broadcaster
from adapters.read_models.opening import open_read_models
from application.exchange import Exchange
from application.ports.event_store import START, Filter, LogSubscriber, Page, Position
from application.requests import OrderAccepted, OrderRequest
from domain.identifiers import AccountId, Ticker
from domain.market.commands import CreateMarket
from domain.market.vocabulary import Action, Side
from domain.quantities import DOLLAR, Money, Quantity, Ticks
from projections.queries import ReadModels

RAIN, ANN = Ticker("RAIN"), AccountId("ann")
BID = (Ticks(6_000), Quantity(1_000))
LATE_S = 0.2
PATIENCE_S = 10.0


class Late:
    """A subscriber that hears of everything a moment later."""

    def __init__(self, inner: LogSubscriber, delay_s: float) -> None:
        self._inner = inner
        self._delay_s = delay_s

    async def subscribe(
        self, *, after: Position = START, matching: Filter = Filter()
    ) -> AsyncGenerator[Page, None]:
        async with aclosing(self._inner.subscribe(after=after, matching=matching)) as pages:
            async for page in pages:
                await asyncio.sleep(self._delay_s)
                yield page


@asynccontextmanager
async def venue(
    folder: Path, delay_s: float
) -> AsyncIterator[tuple[Exchange, ReadModels, httpx.AsyncClient]]:
    store, codec, clock = MemoryEventStore(), make_codec(), SystemClock()
    source = Late(store, delay_s) if delay_s else store
    async with open_read_models(folder / "read.db", source=source, codec=codec, clock=clock) as reads:
        exchange = await build_exchange(
            store,
            codec,
            order_keys=reads.order_keys,
            checkpoints=MemoryCheckpoints(),
            notifier=Broadcaster(),
            clock=clock,
            ids=RandomIds(),
            partitions=2,
        )
        await exchange.start()
        cached = CachedAnswers(reads.models, MemoryCache(), reads.changes)
        app = create_app(
            make_port(exchange, reads.models, clock=clock, event_schemas=event_schemas, cached=cached)
        )
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as http:
            await exchange.operations.create_market(CreateMarket(ticker=RAIN, title="Rain?"))
            await exchange.operations.activate(RAIN)
            await exchange.operations.deposit(ANN, Money(100 * DOLLAR), "start")
            yield exchange, reads.models, http
        await exchange.close()
    await store.close()


async def submit(exchange: Exchange) -> OrderAccepted:
    answer = await exchange.trading.place(
        OrderRequest(
            account_id=ANN,
            ticker=RAIN,
            side=Side.YES,
            action=Action.BUY,
            price_ticks=BID[0],
            quantity=BID[1],
        )
    )
    assert isinstance(answer, OrderAccepted)
    return answer


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():  # noqa: ASYNC110 (a reader who is not told looks again)
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("delay_s", [0, LATE_S], ids=["at once", "late"])
async def test_the_order_book_shows_an_order_in_the_end(tmp_path: Path, delay_s: float) -> None:
    async with venue(tmp_path, delay_s) as (exchange, reads, _):

        async def shown() -> bool:
            book = await reads.books.book(RAIN)
            return book is not None and book.yes == (BID,)

        await submit(exchange)
        if delay_s:
            assert not await shown()
        await eventually(shown)


@pytest.mark.parametrize("delay_s", [0, LATE_S], ids=["at once", "late"])
async def test_a_read_that_says_which_write_it_must_see_sees_it(tmp_path: Path, delay_s: float) -> None:
    async with venue(tmp_path, delay_s) as (exchange, _, http):
        placed = await submit(exchange)
        book = await http.get(
            f"/trade-api/v2/markets/{RAIN}/orderbook",
            headers={"X-Presage-Min-Position": str(placed.position)},
        )
        assert book.json()["orderbook"]["yes_dollars"] == [["0.6000", "10.00"]]


async def test_a_read_that_would_wait_too_long_is_told_how_far_readers_are(tmp_path: Path) -> None:
    async with venue(tmp_path, 0) as (exchange, _, http):
        placed = await submit(exchange)
        far = Position(placed.position + 1_000)
        answer = await http.get(
            f"/trade-api/v2/markets/{RAIN}/orderbook", headers={"X-Presage-Min-Position": str(far)}
        )
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "read_model_behind"
        assert placed.position <= int(answer.headers["X-Presage-Position"]) < far
