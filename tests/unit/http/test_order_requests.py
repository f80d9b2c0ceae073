"""What an order in JSON asks of the exchange, and what is refused before it is asked."""

import json
from typing import Any

import pytest

from adapters.http.answers.problems import Problem
from adapters.http.callers.authentication import Caller
from adapters.http.requests.json import read_json
from adapters.http.requests.orders import OrderBody, order_request
from adapters.http.requests.validation import checked_body
from application.requests import OrderRequest
from domain.identifiers import AccountId
from domain.identity.aggregate import Scope
from domain.market.vocabulary import Action, OrderType, SelfTradePrevention, Side, TimeInForce

CALLER = Caller(
    account_id=AccountId("ann"),
    key_id="k",
    scopes=frozenset({Scope.TRADE}),
    signed_at_us=1_000_000,
    deadline_us=6_000_000,
)
ORDER: dict[str, Any] = {"ticker": "FED-CUT", "side": "yes", "action": "buy", "count": 10, "yes_price": 65}


def request(**changes: Any) -> OrderRequest:
    wanted = {name: value for name, value in (ORDER | changes).items() if value is not ...}
    return from_text(json.dumps(wanted))


def from_text(text: str) -> OrderRequest:
    document = read_json(text.encode(), depth_max=8)
    return order_request(checked_body(OrderBody, document), CALLER)


def refusal(**changes: Any) -> tuple[str, str]:
    with pytest.raises(Problem) as refused:
        request(**changes)
    assert refused.value.status == 400
    return refused.value.code, refused.value.details


def test_an_order_in_cents_is_understood() -> None:
    asked = request()
    assert (asked.account_id, asked.ticker) == ("ann", "FED-CUT")
    assert (asked.side, asked.action, asked.order_type) == (Side.YES, Action.BUY, OrderType.LIMIT)
    assert (asked.quantity, asked.price_ticks) == (1_000, 6_500)
    assert asked.time_in_force is TimeInForce.GOOD_TILL_CANCELED
    assert asked.self_trade_prevention is SelfTradePrevention.TAKER_AT_CROSS
    assert asked.deadline_us == CALLER.deadline_us


@pytest.mark.parametrize(
    ("side", "said", "ticks"),
    [
        ("yes", {"yes_price_dollars": "0.6501"}, 6_501),
        ("yes", {"no_price": 35}, 6_500),
        ("yes", {"no_price_dollars": "0.3499"}, 6_501),
        ("no", {"no_price": 35}, 3_500),
        ("no", {"yes_price": 65}, 3_500),
        ("yes", {"yes_price": 65, "yes_price_dollars": "0.65", "no_price": 35}, 6_500),
    ],
)
def test_a_price_may_be_said_in_cents_or_dollars_of_either_side(
    side: str, said: dict[str, Any], ticks: int
) -> None:
    assert request(**({"side": side, "yes_price": ...} | said)).price_ticks == ticks


def test_a_decimal_number_is_as_good_as_a_string() -> None:
    text = '{"ticker": "A", "side": "yes", "action": "buy", "count_fp": 12.5, "yes_price_dollars": 0.6501}'
    assert (from_text(text).quantity, from_text(text).price_ticks) == (1_250, 6_501)


def test_prices_and_counts_that_disagree_are_refused() -> None:
    assert refusal(no_price=40)[0] == "invalid_field"
    assert refusal(yes_price_dollars="0.6501")[0] == "invalid_field"
    assert refusal(count_fp="10.01") == ("invalid_field", "count: said twice and differently")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"count": 1.0}, "count"),
        ({"count": 1.5}, "count"),
        ({"count": True}, "count"),
        ({"count": "10"}, "count"),
        ({"count": -1}, "count"),
        ({"count": 2**63}, "count"),
        ({"count": ..., "count_fp": "1.005"}, "count_fp"),
        ({"yes_price": 65.5}, "yes_price"),
        ({"yes_price": ..., "yes_price_dollars": "0.65001"}, "yes_price_dollars"),
        ({"yes_price": ..., "yes_price_dollars": 0.12345}, "yes_price_dollars"),
        ({"yes_price": ..., "yes_price_dollars": True}, "yes_price_dollars"),
        ({"side": "maybe"}, "side"),
        ({"side": "YES"}, "side"),
        ({"action": "short"}, "action"),
        ({"type": "iceberg"}, "type"),
        ({"time_in_force": "forever"}, "time_in_force"),
        ({"post_only": 1}, "post_only"),
        ({"client_order_id": "a" * 65}, "client_order_id"),
        ({"client_order_id": "a b"}, "client_order_id"),
        ({"client_order_id": "a\n"}, "client_order_id"),
        ({"client_order_id": 7}, "client_order_id"),
        ({"ticker": "../etc"}, "ticker"),
        ({"ticker": "A" * 101}, "ticker"),
        ({"expiration_ts": 10**12}, "expiration_ts"),
        ({"sell_position_floor": 1}, "sell_position_floor"),
        ({"buy_max_cost": 1.5}, "buy_max_cost"),
    ],
)
def test_a_field_that_is_not_exactly_what_it_should_be_is_named(changes: dict[str, Any], field: str) -> None:
    code, details = refusal(**changes)
    assert code == "invalid_field"
    assert details.startswith(f"{field}:")


def test_unknown_fields_are_refused_by_name() -> None:
    assert refusal(leverage=10) == ("unknown_field", "leverage: there is nothing of this name")
    assert refusal(account_id="bob")[0] == "unknown_field"


@pytest.mark.parametrize("missing", ["ticker", "side", "action", "count"])
def test_missing_fields_are_refused_by_name(missing: str) -> None:
    code, details = refusal(**{missing: ...})
    assert code == "missing_field"
    assert details.startswith(f"{missing}:")


@pytest.mark.parametrize("document", ["[]", '"order"', "1", "null", "true"])
def test_what_is_not_an_object_is_refused(document: str) -> None:
    with pytest.raises(Problem) as refused:
        from_text(document)
    assert refused.value.status == 400


def test_the_longest_client_id_with_every_character_is_accepted() -> None:
    name = ("AZaz09-_:+=/" * 6)[:64]
    assert request(client_order_id=name).client_order_id == name


def test_an_expiration_makes_the_order_good_till_date() -> None:
    asked = request(expiration_ts=1_700_000_000)
    assert asked.time_in_force is TimeInForce.GOOD_TILL_DATE
    assert asked.expires_at_us == 1_700_000_000_000_000


def test_the_deadline_is_the_sooner_of_window_and_greatest_latency() -> None:
    assert request(max_latency_ms=20).deadline_us == 1_020_000
    assert request(max_latency_ms=60_000).deadline_us == 6_000_000


def test_what_only_this_exchange_offers_is_understood() -> None:
    asked = request(type="stop", stop_price=70, market_version=12, buy_max_cost=500, sell_position_floor=0)
    assert (asked.order_type, asked.stop_price_ticks) == (OrderType.STOP, 7_000)
    assert (asked.market_revision, asked.buy_max_cost) == (12, 5_000_000)
    assert asked.reduce_only


def test_null_means_left_out() -> None:
    assert request(post_only=None, time_in_force=None, no_price=None, order_group_id=None) == request()
