"""The official SDK, with nothing but its host changed, against a running server.

Every call returns a model of the SDK's own, so a field that is missing or of the wrong kind fails here.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.event_stores import EVENT_STORES, event_store
from tests.acceptance.http_server import Server, presage_serve

kalshi = pytest.importorskip("kalshi_python_sync")

EVENT = "FED"
CUT, HOLD = "FED-CUT", "FED-HOLD"
PATIENCE_S = 10


@pytest.fixture(scope="module", params=EVENT_STORES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with (
        event_store(request.param, tmp_path_factory.mktemp("node")),
        presage_serve(tmp_path_factory.mktemp("data")) as running,
    ):
        group: dict[str, object] = {
            "group_id": EVENT,
            "title": "What will the Fed do?",
            "category": "Economics",
            "series": "FEDS",
        }
        running.operate("/groups", group)
        for ticker in (CUT, HOLD):
            running.list_market(ticker, group_id=EVENT, rules="As announced.")
        yield running


def client_for(server: Server, account: str) -> "kalshi.KalshiClient":
    """Return the SDK's client of an account with a thousand dollars."""
    key_id, private_pem = server.open_account(account, dollars=1_000)
    configuration = kalshi.Configuration(host=f"{server.url}/trade-api/v2")
    configuration.api_key_id = key_id
    configuration.private_key_pem = private_pem
    return kalshi.KalshiClient(configuration)


@pytest.fixture(scope="module")
def ann(server: Server) -> "kalshi.KalshiClient":
    return client_for(server, "ann")


@pytest.fixture(scope="module")
def bob(server: Server) -> "kalshi.KalshiClient":
    return client_for(server, "bob")


def test_the_exchange_is_open(ann: "kalshi.KalshiClient") -> None:
    status = ann.get_exchange_status()
    assert (status.exchange_active, status.trading_active) == (True, True)
    assert ann.get_exchange_schedule().schedule.standard_hours[0].monday[0].open_time == "00:00"
    assert ann.get_exchange_announcements().announcements == []
    assert ann.get_user_data_timestamp().as_of_time.year >= 2024


def test_markets_events_and_series_are_found(ann: "kalshi.KalshiClient") -> None:
    market = ann.get_market(CUT).market
    assert (market.ticker, market.event_ticker, market.status) == (CUT, EVENT, "active")
    assert (market.yes_bid, market.yes_ask, market.yes_ask_dollars) == (0, 100, "1.0000")
    assert [(r.start, r.end, r.step) for r in market.price_ranges] == [("0.0100", "0.9900", "0.0100")]
    listed = ann.get_markets(limit=1, event_ticker=EVENT, status="open")
    rest = ann.get_markets(limit=1, event_ticker=EVENT, status="open", cursor=listed.cursor)
    assert [m.ticker for m in (*listed.markets, *rest.markets)] == [CUT, HOLD]
    assert rest.cursor == ""
    event = ann.get_event(EVENT, with_nested_markets=True)
    assert (event.event.title, event.event.series_ticker) == ("What will the Fed do?", "FEDS")
    assert [m.ticker for m in event.event.markets] == [CUT, HOLD]
    assert [e.event_ticker for e in ann.get_events(series_ticker="FEDS").events] == [EVENT]
    assert ann.get_series("FEDS").series.category == "Economics"
    assert [s.ticker for s in ann.get_series_list().series] == ["FEDS"]


def test_orders_are_created_listed_amended_decreased_and_canceled(ann: "kalshi.KalshiClient") -> None:
    created = ann.create_order(
        ticker=CUT,
        client_order_id="sdk-1",
        side="yes",
        action="buy",
        count=10,
        type="limit",
        yes_price=20,
        time_in_force="good_till_canceled",
        self_trade_prevention_type="taker_at_cross",
        cancel_order_on_pause=True,
        expiration_ts=int(time.time()) + 3_600,
    ).order
    assert created.status is kalshi.OrderStatus.RESTING
    assert (created.yes_price, created.no_price_dollars, created.remaining_count) == (20, "0.8000", 10)
    assert created.cancel_order_on_pause is True
    assert created.expiration_time is not None
    assert ann.get_order(created.order_id).order.order_id == created.order_id
    assert [o.order_id for o in ann.get_orders(ticker=CUT, status="resting").orders] == [created.order_id]

    amended = ann.amend_order(
        created.order_id,
        ticker=CUT,
        side="yes",
        action="buy",
        client_order_id="sdk-1",
        updated_client_order_id="sdk-2",
        yes_price_dollars="0.2100",
        count=12,
    )
    assert (amended.old_order.yes_price, amended.order.yes_price) == (20, 21)
    assert (amended.order.remaining_count, amended.order.client_order_id) == (12, "sdk-2")
    assert ann.decrease_order(created.order_id, reduce_by=2).order.remaining_count == 10
    assert ann.decrease_order(created.order_id, reduce_to=7).order.remaining_count == 7
    assert ann.get_order_queue_position(created.order_id).queue_position == 0
    positions = ann.get_order_queue_positions(market_tickers=CUT).queue_positions
    assert [(p.order_id, p.queue_position) for p in positions] == [(created.order_id, 0)]
    assert ann.get_portfolio_resting_order_total_value().total_resting_order_value == 7 * 21

    canceled = ann.cancel_order(created.order_id)
    assert (canceled.order.status, canceled.reduced_by) == (kalshi.OrderStatus.CANCELED, 7)


def test_batches_answer_item_by_item(ann: "kalshi.KalshiClient") -> None:
    order = {"ticker": CUT, "side": "no", "action": "buy", "count": 1, "type": "limit", "no_price": 3}
    made = ann.batch_create_orders(
        orders=[order | {"client_order_id": f"batch-{n}"} for n in range(3)]
        + [order | {"ticker": "NONE", "client_order_id": "lost"}]
    ).orders
    assert [item.client_order_id for item in made] == ["batch-0", "batch-1", "batch-2", "lost"]
    assert (made[3].order, made[3].error.code) == (None, "market_not_found")
    ids = [item.order.order_id for item in made[:3]]
    gone = ann.batch_cancel_orders(ids=[*ids, "nothing"]).orders
    assert [item.reduced_by for item in gone] == [1, 1, 1, 0]
    assert gone[0].order.status is kalshi.OrderStatus.CANCELED
    assert gone[3].error.code == "order_not_found"


def test_orders_meet_and_the_books_tell(ann: "kalshi.KalshiClient", bob: "kalshi.KalshiClient") -> None:
    ann.create_order(ticker=CUT, side="yes", action="buy", count=10, type="limit", yes_price=42)
    taken = bob.create_order(
        ticker=CUT, side="no", action="buy", count=4, type="limit", no_price_dollars="0.5800"
    ).order
    assert (taken.status, taken.fill_count, taken.taker_fill_cost) == (
        kalshi.OrderStatus.EXECUTED,
        4,
        232,
    )
    _until(lambda: ann.get_trades(ticker=CUT).trades)
    (trade,) = ann.get_trades(ticker=CUT).trades
    assert (trade.count, trade.yes_price, trade.no_price_dollars, trade.taker_side) == (
        4,
        42,
        "0.5800",
        "no",
    )
    book = ann.get_market_orderbook(CUT, depth=5).orderbook
    assert book.yes_dollars == [["0.4200", "6.00"]]
    assert book.no_dollars == []


def test_candles_have_what_was_traded(ann: "kalshi.KalshiClient") -> None:
    def volumes() -> list[int]:
        now = int(time.time())
        told = ann.get_market_candlesticks(
            "FEDS", CUT, start_ts=now - 86_400, end_ts=now + 86_400, period_interval=60
        )
        return [candle.volume for candle in told.candlesticks if candle.volume]

    # They may be made by another process than the trades.
    _until(volumes)
    assert volumes() == [4]


def test_the_portfolio_adds_up(ann: "kalshi.KalshiClient", bob: "kalshi.KalshiClient") -> None:
    for trader, held, spent in ((ann, 4, 4 * 42), (bob, -4, 4 * 58)):
        _until(lambda trader=trader: trader.get_fills(ticker=CUT).fills)
        (fill,) = trader.get_fills(ticker=CUT).fills
        assert (fill.count, fill.yes_price, fill.yes_price_fixed) == (4, 42, "0.4200")
        (position,) = trader.get_positions(ticker=CUT, count_filter="position").market_positions
        assert (position.position, position.market_exposure) == (held, spent)
        (event,) = trader.get_positions(event_ticker=EVENT).event_positions
        assert (event.event_ticker, event.event_exposure) == (EVENT, spent)
    assert ann.get_balance().balance == 100_000 - 10 * 42
    assert bob.get_balance().balance == 100_000 - 4 * 58


def test_order_groups_are_kept(ann: "kalshi.KalshiClient") -> None:
    group = ann.create_order_group(contracts_limit=5).order_group_id
    order = ann.create_order(
        ticker=HOLD, side="yes", action="buy", count=1, type="limit", yes_price=5, order_group_id=group
    ).order
    told = ann.get_order_group(group)
    assert (told.is_auto_cancel_enabled, told.orders) == (True, [order.order_id])
    assert [(g.id, g.is_auto_cancel_enabled) for g in ann.get_order_groups().order_groups] == [(group, True)]
    ann.reset_order_group(group)
    ann.reset_order_group(group, body={})
    ann.delete_order_group(group)
    assert ann.get_order_groups().order_groups == []
    _until(lambda: ann.get_order(order.order_id).order.status is kalshi.OrderStatus.CANCELED)


def test_keys_are_generated_registered_listed_and_deleted(server: Server, ann: "kalshi.KalshiClient") -> None:
    made = ann.generate_api_key(name="second", scopes=["read"])
    configuration = kalshi.Configuration(host=f"{server.url}/trade-api/v2")
    configuration.api_key_id, configuration.private_key_pem = made.api_key_id, made.private_key
    reader = kalshi.KalshiClient(configuration)
    assert reader.get_balance().balance > 0
    with pytest.raises(kalshi.ApiException) as refused:
        reader.create_order(ticker=CUT, side="yes", action="buy", count=1, yes_price=1)
    assert refused.value.status == 403
    assert {key.name for key in ann.get_api_keys().api_keys} == {"test", "second"}
    ann.delete_api_key(made.api_key_id)
    _until(lambda: _refused(reader))


def _refused(reader: "kalshi.KalshiClient") -> bool:
    try:
        reader.get_balance()
    except kalshi.exceptions.UnauthorizedException:
        return True
    return False


def test_refusals_reach_the_client_with_their_status(ann: "kalshi.KalshiClient") -> None:
    with pytest.raises(kalshi.exceptions.NotFoundException) as missing:
        ann.get_market("NONE")
    assert '"market_not_found"' in missing.value.body
    with pytest.raises(kalshi.ApiException) as poor:
        ann.create_order(ticker=CUT, side="yes", action="buy", count=1_000_000, yes_price=99)
    assert poor.value.status == 422


def test_winners_are_paid_and_settlements_told(
    server: Server, ann: "kalshi.KalshiClient", bob: "kalshi.KalshiClient"
) -> None:
    server.operate(f"/groups/{EVENT}/resolve", {"winner_ticker": CUT})
    _until(lambda: ann.get_settlements().settlements and bob.get_settlements().settlements)
    (won,) = ann.get_settlements(ticker=CUT).settlements
    assert (won.market_result, won.yes_count, won.yes_total_cost, won.revenue) == ("yes", 4, 168, 400)
    (lost,) = bob.get_settlements(event_ticker=EVENT).settlements
    assert (lost.no_count, lost.revenue, lost.event_ticker) == (4, 0, EVENT)
    _until(lambda: ann.get_balance().balance == 100_000 + 4 * 58)
    assert bob.get_balance().balance == 100_000 - 4 * 58
    settled = ann.get_market(CUT).market
    assert (settled.status, settled.result, settled.settlement_value) == ("settled", "yes", 100)


@pytest.mark.usefixtures("on_each_store")
def test_a_restarted_server_knows_it_all(tmp_path: Path) -> None:
    with presage_serve(tmp_path) as first:
        first.list_market("AGAIN")
        key_id, private_pem = first.open_account("carol", dollars=10)
        configuration = kalshi.Configuration(host=f"{first.url}/trade-api/v2")
        configuration.api_key_id, configuration.private_key_pem = key_id, private_pem
        placed = kalshi.KalshiClient(configuration).create_order(
            ticker="AGAIN", client_order_id="kept", side="yes", action="buy", count=2, yes_price=30
        )
    with presage_serve(tmp_path) as second:
        configuration = kalshi.Configuration(host=f"{second.url}/trade-api/v2")
        configuration.api_key_id, configuration.private_key_pem = key_id, private_pem
        carol = kalshi.KalshiClient(configuration)
        kept = carol.get_order(placed.order.order_id).order
        # The answer to the order was given a moment after the order was placed.
        times = {"created_time": None, "last_update_time": None}
        assert kept.model_copy(update=times) == placed.order.model_copy(update=times)
        again = carol.create_order(
            ticker="AGAIN", client_order_id="kept", side="yes", action="buy", count=2, yes_price=30
        )
        assert again.order.order_id == placed.order.order_id
        assert carol.get_balance().balance == 1_000 - 60


def _until(holds: "object") -> None:
    """Wait until something that follows by itself has happened."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
