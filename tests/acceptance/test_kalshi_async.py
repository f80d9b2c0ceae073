"""The official async SDK, with nothing but its host changed: orders, amend, cancel, batch, book and fills."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.acceptance.http_server import Server, presage_serve

kalshi = pytest.importorskip("kalshi_python_async")

pytestmark = pytest.mark.more

RAIN = "RAIN"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with presage_serve(tmp_path_factory.mktemp("data")) as running:
        running.list_market(RAIN)
        yield running


async def client_for(server: Server, account: str) -> AsyncIterator["kalshi.KalshiClient"]:
    key_id, private_pem = server.open_account(account, dollars=1_000)
    configuration = kalshi.Configuration(host=f"{server.url}/trade-api/v2")
    configuration.api_key_id = key_id
    configuration.private_key_pem = private_pem
    async with kalshi.KalshiClient(configuration) as client:
        yield client


@pytest.fixture
async def ann(server: Server) -> AsyncIterator["kalshi.KalshiClient"]:
    async for client in client_for(server, "ann"):
        yield client


@pytest.fixture
async def bob(server: Server) -> AsyncIterator["kalshi.KalshiClient"]:
    async for client in client_for(server, "bob"):
        yield client


async def test_orders_are_created_amended_decreased_and_canceled(ann: "kalshi.KalshiClient") -> None:
    order = {"ticker": RAIN, "side": "yes", "action": "buy", "type": "limit"}
    made = (await ann.create_order(**order, count=10, yes_price=20, client_order_id="one")).order
    assert (made.status, made.remaining_count) == (kalshi.OrderStatus.RESTING, 10)
    amended = await ann.amend_order(
        made.order_id,
        ticker=RAIN,
        side="yes",
        action="buy",
        client_order_id="one",
        updated_client_order_id="two",
        yes_price=21,
        count=12,
    )
    assert (amended.old_order.yes_price, amended.order.yes_price) == (20, 21)
    assert (await ann.decrease_order(made.order_id, reduce_by=2)).order.remaining_count == 10
    assert [o.order_id for o in (await ann.get_orders(ticker=RAIN, status="resting")).orders] == [
        made.order_id
    ]
    assert (await ann.cancel_order(made.order_id)).reduced_by == 10
    assert (await ann.get_order(made.order_id)).order.status is kalshi.OrderStatus.CANCELED


async def test_batches_meet_on_the_book_and_fills_are_told(
    ann: "kalshi.KalshiClient", bob: "kalshi.KalshiClient"
) -> None:
    bid = {"ticker": RAIN, "side": "yes", "action": "buy", "type": "limit", "count": 5}
    made = await ann.batch_create_orders(orders=[bid | {"yes_price": price} for price in (41, 40)])
    first, second = (item.order.order_id for item in made.orders)
    book = (await ann.get_market_orderbook(RAIN, depth=5)).orderbook
    assert book.yes_dollars == [["0.4000", "5.00"], ["0.4100", "5.00"]]
    taken = (
        await bob.create_order(ticker=RAIN, side="no", action="buy", type="limit", count=5, no_price=59)
    ).order
    assert (taken.status, taken.fill_count) == (kalshi.OrderStatus.EXECUTED, 5)
    (fill,) = (await ann.get_fills(ticker=RAIN)).fills
    assert (fill.order_id, fill.count, fill.yes_price) == (first, 5, 41)
    (position,) = (await bob.get_positions(ticker=RAIN)).market_positions
    assert position.position == -5
    gone = await ann.batch_cancel_orders(ids=[second])
    assert [(item.order_id, item.reduced_by) for item in gone.orders] == [(second, 5)]


async def test_a_refusal_is_the_clients_own(ann: "kalshi.KalshiClient") -> None:
    with pytest.raises(kalshi.exceptions.ApiException) as refused:
        await ann.create_order(
            ticker=RAIN, side="yes", action="buy", type="limit", count=100_000, yes_price=90
        )
    assert (refused.value.status, "insufficient" in str(refused.value.body)) == (422, True)
