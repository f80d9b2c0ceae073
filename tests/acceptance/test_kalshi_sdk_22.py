"""``kalshi-sdk`` 22, only its host changed: orders, amend, cancel, batch, book, fills, its feed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.acceptance.http_server import Server, presage_serve

kalshi = pytest.importorskip("kalshi", reason="kalshi-sdk needs Python 3.12")
orders = pytest.importorskip("kalshi.models.orders")
ws = pytest.importorskip("kalshi.ws.client")

pytestmark = pytest.mark.more

RAIN, SNOW = "RAIN", "SNOW"
PATIENCE_S = 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with presage_serve(tmp_path_factory.mktemp("data")) as running:
        for ticker in (RAIN, SNOW):
            running.list_market(ticker)
        yield running


async def client_for(server: Server, account: str) -> AsyncIterator[Any]:
    key_id, private_pem = server.open_account(account, dollars=1_000)
    config = kalshi.KalshiConfig(
        base_url=f"{server.url}/trade-api/v2",
        ws_base_url=f"{server.url.replace('http', 'ws', 1)}/trade-api/ws/v2",
    )
    async with kalshi.AsyncKalshiClient(key_id=key_id, private_key=private_pem, config=config) as client:
        yield client


@pytest.fixture
async def ann(server: Server) -> AsyncIterator[Any]:
    async for client in client_for(server, "ann"):
        yield client


@pytest.fixture
async def bob(server: Server) -> AsyncIterator[Any]:
    async for client in client_for(server, "bob"):
        yield client


def order(ticker: str, side: str, price: str, count: str, name: str) -> Any:
    return orders.CreateOrderV2Request(
        ticker=ticker,
        client_order_id=name,
        side=side,
        count=count,
        price=price,
        time_in_force="good_till_canceled",
        self_trade_prevention_type="taker_at_cross",
    )


def levels(book: Any) -> list[tuple[Decimal, Decimal]]:
    return [(level.price, level.quantity) for level in book.yes]


async def test_orders_are_created_amended_decreased_and_canceled(ann: Any) -> None:
    made = await ann.orders.create_v2(request=order(RAIN, "ask", "0.60", "10", "one"))
    assert (made.remaining_count, made.fill_count) == (10, 0)
    change = orders.AmendOrderV2Request(
        ticker=RAIN,
        side="ask",
        price="0.65",
        count="12",
        client_order_id="one",
        updated_client_order_id="two",
    )
    assert (await ann.orders.amend_v2(made.order_id, request=change)).remaining_count == 12
    less = orders.DecreaseOrderV2Request(reduce_by="2")
    assert (await ann.orders.decrease_v2(made.order_id, request=less)).remaining_count == 10
    seen = await ann.orders.get(made.order_id)
    assert (seen.book_side, seen.yes_price, seen.client_order_id) == ("ask", Decimal("0.65"), "two")
    assert (await ann.orders.cancel_v2(made.order_id)).reduced_by == 10
    assert (await ann.orders.get(made.order_id)).status == "canceled"
    left = await ann.orders.create_v2(request=order(RAIN, "bid", "0.10", "1", "three"))
    await ann.orders.cancel_all_v2()
    assert (await ann.orders.get(left.order_id)).status == "canceled"


async def test_batches_meet_on_the_book_and_fills_are_told(ann: Any, bob: Any) -> None:
    bids = [order(RAIN, "bid", price, "5", f"bid-{price[2:]}") for price in ("0.41", "0.40")]
    made = await ann.orders.batch_create_v2(request=orders.BatchCreateOrdersV2Request(orders=bids))
    first, second = (entry.order_id for entry in made.orders)
    both = [(Decimal("0.40"), 5), (Decimal("0.41"), 5)]
    async with asyncio.timeout(PATIENCE_S):
        # The book is asked for without a signature, so it does not wait for what its asker has written.
        while levels(await ann.markets.orderbook(RAIN)) != both:  # noqa: ASYNC110 (it is in another process)
            await asyncio.sleep(0.01)
    taken = await bob.orders.create_v2(request=order(RAIN, "ask", "0.41", "5", "take"))
    assert (taken.fill_count, taken.average_fill_price) == (5, Decimal("0.41"))
    (fill,) = (await ann.portfolio.fills(ticker=RAIN)).items
    assert (fill.order_id, fill.count, fill.book_side) == (first, 5, "bid")
    (position,) = (await bob.portfolio.positions(ticker=RAIN)).market_positions
    assert position.position == -5
    entry = orders.BatchCancelOrdersV2RequestOrder(order_id=second)
    gone = await ann.orders.batch_cancel_v2(request=orders.BatchCancelOrdersV2Request(orders=[entry]))
    assert [(each.order_id, each.reduced_by) for each in gone.orders] == [(second, 5)]


async def test_its_feed_keeps_the_book_and_tells_fills_orders_and_positions(ann: Any, bob: Any) -> None:
    await ann.orders.create_v2(request=order(SNOW, "bid", "0.40", "5", "rests"))
    async with asyncio.timeout(PATIENCE_S), ann.ws.connect() as feed:
        fills = await feed.subscribe_fill()
        own = await feed.subscribe_user_orders()
        positions = await feed.subscribe_market_positions()
        tickers = await feed.subscribe_ticker(tickers=[SNOW])
        trades = await feed.subscribe_trade(tickers=[SNOW])
        books = await feed.orderbook(SNOW)  # the last: subscribing it drops what it did not wait for
        book = await anext(books)
        assert levels(book) == [(Decimal("0.40"), 5)]
        await bob.orders.create_v2(request=order(SNOW, "ask", "0.40", "3", "takes"))
        book = await anext(books)
        assert levels(book) == [(Decimal("0.40"), 2)]
        fill = (await anext(fills)).msg
        assert (fill.market_ticker, fill.count, fill.post_position, fill.book_side) == (SNOW, 3, 3, "bid")
        assert (await anext(own)).msg.status == "resting"
        assert (await anext(positions)).msg.position == 3
        assert (await anext(trades)).msg.taker_book_side == "ask"
        assert (await anext(tickers)).msg.yes_bid == Decimal("0.40")


async def test_a_refusal_is_the_clients_own(ann: Any) -> None:
    with pytest.raises(kalshi.KalshiError, match="the order needs"):
        await ann.orders.create_v2(request=order(RAIN, "bid", "0.90", "100000", "dear"))
