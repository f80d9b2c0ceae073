"""``pykalshi`` 2, a client that knows only the newer order routes, with nothing but its host changed."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from tests.acceptance.http_server import Server, presage_serve

pykalshi = pytest.importorskip("pykalshi")

pytestmark = pytest.mark.more

RAIN, SNOW = "RAIN", "SNOW"
PATIENCE_S = 20


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < give_up, "it never came about"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with presage_serve(tmp_path_factory.mktemp("data")) as running:
        group: dict[str, object] = {"group_id": "W", "title": "Weather", "series": "WS"}
        running.operate("/groups", group | {"category": "Weather"})
        running.list_market(RAIN, group_id="W")
        yield running


def client_for(server: Server, account: str, folder: Path) -> "pykalshi.KalshiClient":
    key_id, private_pem = server.open_account(account, dollars=1_000)
    path = folder / f"{account}.pem"
    path.write_text(private_pem)
    return pykalshi.KalshiClient(
        api_key_id=key_id, private_key_path=str(path), api_base=f"{server.url}/trade-api/v2"
    )


@pytest.fixture(scope="module")
def ann(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator["pykalshi.KalshiClient"]:
    with client_for(server, "ann", tmp_path_factory.mktemp("ann")) as client:
        yield client


@pytest.fixture(scope="module")
def bob(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator["pykalshi.KalshiClient"]:
    with client_for(server, "bob", tmp_path_factory.mktemp("bob")) as client:
        yield client


def test_orders_are_placed_amended_decreased_and_canceled(ann: "pykalshi.KalshiClient") -> None:
    order = ann.portfolio.place_order(RAIN, book_side="ask", price_dollars="0.60", count_fp="10.00")
    assert (order.status, order.remaining_count_fp) == (pykalshi.OrderStatus.RESTING, "10.00")
    order.amend(price_dollars="0.65", count_fp="12.00")
    assert ann.portfolio.get_order(order.order_id).yes_price_dollars == "0.6500"
    order.decrease("2.00")
    order.refresh()
    assert (order.remaining_count_fp, order.data.book_side.value) == ("10.00", "ask")
    order.cancel()
    assert ann.portfolio.get_order(order.order_id).status is pykalshi.OrderStatus.CANCELED


def test_batches_books_fills_and_positions(
    ann: "pykalshi.KalshiClient", bob: "pykalshi.KalshiClient"
) -> None:
    made = ann.portfolio.batch_place_orders(
        [
            {"ticker": RAIN, "book_side": "bid", "price_dollars": "0.40", "count_fp": "5.00"},
            {"ticker": RAIN, "book_side": "ask", "price_dollars": "0.50", "count_fp": "5.00"},
        ]
    )
    market = ann.get_market(RAIN)
    assert (market.data.yes_bid_dollars, market.data.yes_ask_dollars) == ("0.4000", "0.5000")
    assert market.get_orderbook().best_yes_bid == "0.4000"
    for side, price in (("ask", "0.40"), ("bid", "0.50")):
        taken = bob.portfolio.place_order(RAIN, book_side=side, price_dollars=price, count_fp="5.00")
        assert taken.status is pykalshi.OrderStatus.EXECUTED
    assert {order.order_id for order in made} == {fill.order_id for fill in ann.portfolio.get_fills()}
    assert sorted(fill.yes_delta_fp for fill in ann.portfolio.get_fills()) == [-5, 5]
    (position,) = ann.portfolio.get_positions(ticker=RAIN)
    assert (position.position_fp, position.realized_pnl_dollars) == ("0.00", "0.5000")
    gone = ann.portfolio.place_order(RAIN, book_side="bid", price_dollars="0.10", count_fp="1.00")
    assert [order.order_id for order in ann.portfolio.batch_cancel_orders([gone.order_id])] == [gone.order_id]


def test_its_feed_keeps_the_book_and_tells_fills_orders_and_positions(
    ann: "pykalshi.KalshiClient",
    bob: "pykalshi.KalshiClient",
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.list_market(SNOW)
    # Which host the feed is at stands in a constant of the client.
    monkeypatch.setattr(
        pykalshi.feed, "DEFAULT_WS_BASE", f"{server.url.replace('http', 'ws', 1)}/trade-api/ws/v2"
    )
    book = pykalshi.OrderbookManager(SNOW)
    heard: dict[str, list[Any]] = defaultdict(list)
    snapshots = Queue[object]()

    def keep(message: Any) -> None:
        if isinstance(message, pykalshi.OrderbookSnapshotMessage):
            book.apply_snapshot(message.yes_dollars, message.no_dollars)
            snapshots.put(message)
        else:
            book.apply_delta(message.side, message.price_dollars, message.delta_fp)

    ann.portfolio.place_order(SNOW, book_side="bid", price_dollars="0.40", count_fp="5.00")
    feed = pykalshi.Feed(ann)
    feed.on("orderbook_delta", keep)
    feed.subscribe("orderbook_delta", market_ticker=SNOW)
    for channel in ("ticker", "trade", "fill", "user_orders", "market_positions", "market_lifecycle_v2"):
        feed.on(channel, heard[channel].append)
        feed.subscribe(channel)
    with feed:
        snapshots.get(timeout=PATIENCE_S)
        assert (book.yes, book.no) == ({"0.4000": "5.00"}, {})
        until(lambda: len(feed._sids) == 7)  # all subscriptions stand
        bob.portfolio.place_order(SNOW, book_side="ask", price_dollars="0.40", count_fp="3.00")
        bob.portfolio.place_order(SNOW, book_side="ask", price_dollars="0.45", count_fp="2.00")
        server.operate(f"/markets/{SNOW}/pause", {})
        until(lambda: bool(book.no) and all(heard.values()))
        assert (book.yes, book.no) == ({"0.4000": "2.00"}, {"0.5500": "2.00"})
    (fill,) = heard["fill"]
    assert (fill.market_ticker, fill.book_side, fill.count_fp, fill.post_position_fp) == (
        SNOW,
        "bid",
        "3.00",
        "3.00",
    )
    assert heard["trade"][0].taker_book_side == "ask"
    assert [order.status for order in heard["user_orders"]] == ["resting"]
    assert heard["market_positions"][-1].position_fp == "3.00"
    assert {(each.market_ticker, each.yes_bid_dollars) for each in heard["ticker"]} == {(SNOW, "0.4000")}


def test_refusals_are_the_clients_own(ann: "pykalshi.KalshiClient", server: Server) -> None:
    with pytest.raises(pykalshi.InsufficientFundsError):
        ann.portfolio.place_order(RAIN, book_side="bid", price_dollars="0.90", count_fp="100000.00")
    with pytest.raises(pykalshi.ResourceNotFoundError):
        ann.get_market("NONE")
    server.operate(f"/markets/{RAIN}/pause", {})
    with pytest.raises(pykalshi.KalshiAPIError, match="paused") as paused:
        ann.portfolio.place_order(RAIN, book_side="bid", price_dollars="0.10", count_fp="1.00")
    assert paused.value.status_code == 422  # once: what is answered 503 the client repeats
    server.operate(f"/markets/{RAIN}/resume", {})


async def test_its_feed_keeps_a_book_and_hears_of_fills(
    ann: "pykalshi.KalshiClient", bob: "pykalshi.KalshiClient", server: Server, tmp_path: Path
) -> None:
    key_id, private_pem = server.open_account("carol", dollars=1_000)
    path = tmp_path / "carol.pem"
    path.write_text(private_pem)
    client = pykalshi.AsyncKalshiClient(
        api_key_id=key_id, private_key_path=str(path), api_base=f"{server.url}/trade-api/v2"
    )
    feed = client.feed()
    feed._ws_url = f"{server.url.replace('http', 'ws')}/trade-api/ws/v2"  # nothing but its host
    book: dict[tuple[str, str], float] = {}
    heard: set[str] = set()

    async def trade() -> None:
        while len(feed._sids) < 5:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await client.portfolio.place_order(RAIN, book_side="bid", price_dollars="0.33", count_fp="2.00")
        await asyncio.to_thread(
            bob.portfolio.place_order, RAIN, book_side="ask", price_dollars="0.33", count_fp="3.00"
        )

    async with client, feed, asyncio.timeout(20):
        for channel in ("orderbook_delta", "trade"):
            feed.subscribe(channel, market_ticker=RAIN)
        for channel in ("fill", "user_orders", "market_positions"):
            feed.subscribe(channel)
        trading = asyncio.create_task(trade())
        async for message in feed:
            heard.add(type(message).__name__)
            match message:
                case pykalshi.feed.OrderbookSnapshotMessage():
                    for side in ("yes", "no"):
                        for price, count in getattr(message, f"{side}_dollars_fp"):
                            book[side, price] = float(count)
                case pykalshi.feed.OrderbookDeltaMessage():
                    level = message.side, message.price_dollars
                    book[level] = book.get(level, 0) + float(message.delta_fp)
                case pykalshi.feed.FillMessage():
                    fill = message
            told = {"FillMessage", "PositionMessage", "TradeMessage", "UserOrderMessage"} <= heard
            if told and (book.get(("no", "0.6700")), book.get(("yes", "0.3300"))) == (1, 0):
                break
        await trading
    assert (fill.book_side, fill.count_fp, fill.post_position_fp) == ("bid", "2.00", "2.00")
