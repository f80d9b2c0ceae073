"""Every call that the official SDK has is answered in its models, or the documents say why not."""

import inspect
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.http_server import Server, presage_serve
from tests.unit.http.keys import key_pair

kalshi = pytest.importorskip("kalshi_python_sync")

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
EVENT, SERIES, CUT, HOLD = "FED", "FEDS", "FED-CUT", "FED-HOLD"

Call = Callable[["kalshi.KalshiClient"], Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with presage_serve(tmp_path_factory.mktemp("data")) as running:
        group: dict[str, object] = {"group_id": EVENT, "title": "The Fed?", "series": SERIES}
        running.operate("/groups", group | {"category": "Economics"})
        for ticker in (CUT, HOLD):
            running.list_market(ticker, group_id=EVENT)
        yield running


@pytest.fixture(scope="module")
def client(server: Server) -> "kalshi.KalshiClient":
    MAKER.append(client_of(server, "bob"))
    return client_of(server, "ann")


MAKER: list["kalshi.KalshiClient"] = []
"""Whoever answers requests for quotes."""


def client_of(server: Server, account: str) -> "kalshi.KalshiClient":
    key_id, private_pem = server.open_account(account, dollars=1_000)
    configuration = kalshi.Configuration(host=f"{server.url}/trade-api/v2")
    configuration.api_key_id, configuration.private_key_pem = key_id, private_pem
    return kalshi.KalshiClient(configuration)


def order(client: "kalshi.KalshiClient") -> str:
    created = client.create_order(ticker=CUT, side="yes", action="buy", count=3, type="limit", yes_price=20)
    return str(created.order.order_id)


def group(client: "kalshi.KalshiClient") -> str:
    return str(client.create_order_group(contracts_limit=5).order_group_id)


def rfq(client: "kalshi.KalshiClient") -> str:
    return str(client.create_rfq(market_ticker=HOLD, contracts=5, rest_remainder=False).id)


def quote(client: "kalshi.KalshiClient") -> str:
    given = MAKER[0].create_quote(rfq_id=rfq(client), yes_bid="0.5000", no_bid="0.4000", rest_remainder=False)
    return str(given.id)


def accepted(client: "kalshi.KalshiClient") -> str:
    quote_id = quote(client)
    client.accept_quote(quote_id, accepted_side="true")
    return quote_id


PERIOD = {"start_ts": int(time.time()) - 3_600, "end_ts": int(time.time()), "period_interval": 1}
AMENDMENT = {"side": "yes", "action": "buy", "client_order_id": "", "updated_client_order_id": "new"}

CALLS: dict[str, Call] = {
    "create_api_key": lambda c: c.create_api_key(name="own", public_key=key_pair(1)[1]),
    "delete_api_key": lambda c: c.delete_api_key(c.generate_api_key(name="gone").api_key_id),
    "generate_api_key": lambda c: c.generate_api_key(name="made"),
    "get_api_keys": lambda c: c.get_api_keys(),
    "get_rfqs": lambda c: c.get_rfqs(limit=5),
    "get_quotes": lambda c: c.get_quotes(quote_creator_user_id="ann"),
    "get_event": lambda c: c.get_event(EVENT, with_nested_markets=True),
    "get_event_forecast_percentiles_history": lambda c: c.get_event_forecast_percentiles_history(
        ticker=EVENT, series_ticker=SERIES, percentiles=[2_500, 5_000], **PERIOD
    ),
    "get_event_metadata": lambda c: c.get_event_metadata(EVENT),
    "get_events": lambda c: c.get_events(),
    "get_market_candlesticks_by_event": lambda c: c.get_market_candlesticks_by_event(EVENT, SERIES, **PERIOD),
    "get_multivariate_events": lambda c: c.get_multivariate_events(limit=5),
    "get_exchange_announcements": lambda c: c.get_exchange_announcements(),
    "get_exchange_schedule": lambda c: c.get_exchange_schedule(),
    "get_exchange_status": lambda c: c.get_exchange_status(),
    "get_series_fee_changes": lambda c: c.get_series_fee_changes(series_ticker=SERIES),
    "get_user_data_timestamp": lambda c: c.get_user_data_timestamp(),
    "get_fcm_orders": lambda c: c.get_fcm_orders("nobody"),
    "get_fcm_positions": lambda c: c.get_fcm_positions("nobody"),
    "get_incentive_programs": lambda c: c.get_incentive_programs(),
    "get_live_datas": lambda c: c.get_live_datas(["one"]),
    "batch_get_market_candlesticks": lambda c: c.batch_get_market_candlesticks(f"{CUT},{HOLD}", **PERIOD),
    "get_market": lambda c: c.get_market(CUT),
    "get_market_candlesticks": lambda c: c.get_market_candlesticks(SERIES, CUT, **PERIOD),
    "get_market_orderbook": lambda c: c.get_market_orderbook(CUT),
    "get_markets": lambda c: c.get_markets(),
    "get_series": lambda c: c.get_series(SERIES),
    "get_series_list": lambda c: c.get_series_list(),
    "get_trades": lambda c: c.get_trades(),
    "get_milestones": lambda c: c.get_milestones(limit=5),
    "get_multivariate_event_collections": lambda c: c.get_multivariate_event_collections(),
    "create_order_group": lambda c: c.create_order_group(contracts_limit=5),
    "delete_order_group": lambda c: c.delete_order_group(group(c)),
    "get_order_group": lambda c: c.get_order_group(group(c)),
    "get_order_groups": lambda c: c.get_order_groups(),
    "reset_order_group": lambda c: c.reset_order_group(group(c), body={}),
    "amend_order": lambda c: c.amend_order(order(c), ticker=CUT, count=4, yes_price=21, **AMENDMENT),
    "batch_cancel_orders": lambda c: c.batch_cancel_orders(ids=[order(c)]),
    "batch_create_orders": lambda c: c.batch_create_orders(
        orders=[{"ticker": CUT, "side": "yes", "action": "buy", "count": 1, "yes_price": 3}]
    ),
    "cancel_order": lambda c: c.cancel_order(order(c)),
    "create_order": lambda c: c.create_order(
        ticker=CUT, side="no", action="buy", count=3, type="limit", no_price=75
    ),
    "decrease_order": lambda c: c.decrease_order(order(c), reduce_by=1),
    "get_order": lambda c: c.get_order(order(c)),
    "get_order_queue_position": lambda c: c.get_order_queue_position(order(c)),
    "get_order_queue_positions": lambda c: c.get_order_queue_positions(market_tickers=CUT),
    "get_orders": lambda c: c.get_orders(),
    "get_balance": lambda c: c.get_balance(),
    "get_fills": lambda c: c.get_fills(),
    "get_portfolio_resting_order_total_value": lambda c: c.get_portfolio_resting_order_total_value(),
    "get_positions": lambda c: c.get_positions(),
    "get_settlements": lambda c: c.get_settlements(),
    "get_filters_for_sports": lambda c: c.get_filters_for_sports(),
    "get_tags_for_series_categories": lambda c: c.get_tags_for_series_categories(),
    "get_structured_targets": lambda c: c.get_structured_targets(),
    "accept_quote": lambda c: c.accept_quote(quote(c), accepted_side="true"),
    "confirm_quote": lambda c: MAKER[0].confirm_quote(accepted(c)),
    "create_quote": lambda c: MAKER[0].create_quote(
        rfq_id=rfq(c), yes_bid="0.5000", no_bid="0.4000", rest_remainder=False
    ),
    "create_rfq": lambda c: c.create_rfq(market_ticker=CUT, contracts=5, rest_remainder=False),
    "delete_quote": lambda c: MAKER[0].delete_quote(quote(c)),
    "delete_rfq": lambda c: c.delete_rfq(rfq(c)),
    "get_communications_id": lambda c: c.get_communications_id(),
    "get_quote": lambda c: c.get_quote(accepted(c)),
    "get_rfq": lambda c: c.get_rfq(rfq(c)),
    # What is not here, asked for as well as it can be.
    "get_live_data": lambda c: c.get_live_data("match", "one"),
    "get_milestone": lambda c: c.get_milestone("one"),
    "get_structured_target": lambda c: c.get_structured_target("one"),
    "create_market_in_multivariate_event_collection": lambda c: (
        c.create_market_in_multivariate_event_collection("X", selected_markets=[])
    ),
    "get_multivariate_event_collection": lambda c: c.get_multivariate_event_collection("X"),
    "get_multivariate_event_collection_lookup_history": lambda c: (
        c.get_multivariate_event_collection_lookup_history("X", lookback_seconds=10)
    ),
    "lookup_tickers_for_market_in_multivariate_event_collection": lambda c: (
        c.lookup_tickers_for_market_in_multivariate_event_collection("X", selected_markets=[])
    ),
}


def calls_of_the_sdk() -> set[str]:
    """Return every call that a class of the SDK's interface has."""
    modules = (inspect.getmodule(found) for found in vars(kalshi).values() if inspect.isclass(found))
    classes = {
        found
        for module in modules
        if module is not None and module.__name__.startswith("kalshi_python_sync.api.")
        for _, found in inspect.getmembers(module, inspect.isclass)
        if found.__module__ == module.__name__
    }
    names = {name for found in classes for name in vars(found) if not name.startswith("_")}
    return {name for name in names if not re.search("_(with_http_info|without_preload_content)$", name)}


def not_here() -> set[str]:
    """Return the calls that the document says are answered with 404."""
    section = DOCUMENT.read_text(encoding="utf-8").split("these are answered with 404")[1]
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section.split("\n## ")[0], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"\w+", row)}


def test_the_list_of_calls_is_the_sdks() -> None:
    assert calls_of_the_sdk() == set(CALLS)
    assert len(CALLS) == 70
    assert not_here() < set(CALLS)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_call_is_answered_as_the_sdk_and_the_document_say(client: "kalshi.KalshiClient", name: str) -> None:
    if name not in not_here():
        CALLS[name](client)  # its model refuses what it does not know
        return
    with pytest.raises(kalshi.exceptions.ApiException) as no:
        CALLS[name](client)
    assert no.value.status in (404, 405)
