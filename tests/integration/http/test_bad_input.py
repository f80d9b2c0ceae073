"""Whatever is wrong with a request, it has its code, in the shape all errors have."""

import time
from typing import Any

import pytest

from domain.identity.aggregate import Scope
from tests.integration.http.world import ADMIN, BASE, ORDERS, Person, World, error


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"ticker": "NO-SUCH"}, (404, "market_not_found")),
        ({"yes_price": ..., "yes_price_dollars": "0.4250"}, (422, "price_off_tick")),
        ({"yes_price": 0}, (422, "invalid_price")),
        ({"yes_price": 100}, (422, "invalid_price")),
        ({"yes_price": 2**62}, (422, "invalid_price")),
        ({"count": 0}, (422, "invalid_quantity")),
        ({"count": 10**10}, (422, "invalid_quantity")),
        ({"count": 2**63 - 1}, (422, "invalid_quantity")),
        ({"count": 2**63}, (400, "invalid_field")),
        ({"count": -1}, (400, "invalid_field")),
        ({"count": 1.5}, (400, "invalid_field")),
        ({"count": True}, (400, "invalid_field")),
        ({"yes_price": 42.0}, (400, "invalid_field")),
        ({"yes_price": ..., "yes_price_dollars": "0.42001"}, (400, "invalid_field")),
        ({"yes_price": ..., "yes_price_dollars": "NaN"}, (400, "invalid_field")),
        ({"side": "maybe"}, (400, "invalid_field")),
        ({"action": "short"}, (400, "invalid_field")),
        ({"count": 1_000_000}, (422, "insufficient_funds")),
        ({"action": "sell", "sell_position_floor": 0}, (422, "reduce_only")),
        ({"leverage": 3}, (400, "unknown_field")),
        ({"user_id": "bob"}, (400, "unknown_field")),
        ({"side": ...}, (400, "missing_field")),
        ({"yes_price": ...}, (422, "invalid_order")),
        ({"no_price": 57}, (400, "invalid_field")),
        ({"type": "market"}, (422, "invalid_order")),
        ({"type": "stop"}, (422, "invalid_order")),
        ({"expiration_ts": 1_000_000_000}, (422, "invalid_order")),
        ({"client_order_id": "x" * 65}, (400, "invalid_field")),
        ({"client_order_id": "späť"}, (400, "invalid_field")),
        ({"order_group_id": "nobodys"}, (404, "order_group_not_found")),
        ({"reduce_only": True, "action": "sell"}, (422, "reduce_only")),
        ({"time_in_force": "fill_or_kill"}, (422, "fill_or_kill")),
        ({"market_version": 99}, (409, "market_version_changed")),
        ({"max_latency_ms": 0}, (422, "too_late")),
    ],
)
async def test_an_order_that_cannot_be_is_refused_with_its_code(
    world: World, market: str, ann: Person, fields: dict[str, Any], refusal: tuple[int, str]
) -> None:
    if fields.get("max_latency_ms") == 0:
        # Signed a moment ago: whatever the clocks say, nothing of the time is left.
        body = {"ticker": market, "side": "yes", "action": "buy", "count": 1, "yes_price": 1} | fields
        at_ms = time.time_ns() // 1_000_000 - 50
        assert error(await world.send(ann, "POST", ORDERS, body=body, at_ms=at_ms)) == refusal
        return
    assert error(await world.place(ann, **fields)) == refusal
    assert (await world.send(ann, "GET", ORDERS)).json()["orders"] == []


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", (400, "missing_field")),
        (b"{", (400, "malformed_body")),
        (b'{"ticker": "FED-CUT", "side": "ye', (400, "malformed_body")),
        (b"[]", (400, "invalid_field")),
        (b"null", (400, "invalid_field")),
        (b'{"count": NaN}', (400, "malformed_body")),
        (b'{"count": Infinity}', (400, "malformed_body")),
        (b'{"count": 1e3}', (400, "malformed_body")),
        (b'{"count": 1, "count": 2}', (400, "malformed_body")),
        (b'{"count": ' + b"9" * 5_000 + b"}", (400, "malformed_body")),
        (b"[" * 10_000, (400, "malformed_body")),
        (b'{"\\ud800": 1}', (400, "malformed_body")),
        (b"\xff\xfe{}", (400, "malformed_body")),
        (b" " * 1_048_577, (413, "body_too_large")),
    ],
)
async def test_a_body_that_is_no_order_is_refused(
    world: World, market: str, ann: Person, content: bytes, refusal: tuple[int, str]
) -> None:
    assert error(await world.send(ann, "POST", ORDERS, content=content)) == refusal


async def test_an_order_for_a_market_that_does_not_trade_is_refused(
    world: World, operator: Person, ann: Person
) -> None:
    await world.market(operator, activate=False)
    assert error(await world.place(ann)) == (422, "market_not_open")

    async def move(to: str) -> None:
        moved = await world.send(operator, "POST", f"{ADMIN}/markets/FED-CUT/{to}")
        assert moved.status_code == 200, moved.text

    await move("activate")
    await move("pause")
    paused = await world.place(ann)
    assert error(paused) == (422, "market_paused")
    assert "Retry-After" not in paused.headers  # clients that repeat what is answered so would go on blindly
    await move("resume")
    await move("close")
    assert error(await world.place(ann)) == (422, "market_closed")


async def test_canceling_twice_and_amending_what_has_filled_are_conflicts(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    first = (await world.place(ann)).json()["order"]["order_id"]
    assert (await world.send(ann, "DELETE", f"{ORDERS}/{first}")).status_code == 200
    assert error(await world.send(ann, "DELETE", f"{ORDERS}/{first}")) == (409, "order_not_open")

    filled = (await world.place(ann)).json()["order"]["order_id"]
    await world.place(bob, side="no", yes_price=..., no_price=58)
    amend = {"yes_price": 43, "count": 20}
    assert error(await world.send(ann, "POST", f"{ORDERS}/{filled}/amend", body=amend)) == (
        409,
        "order_not_open",
    )
    reduce = {"reduce_by": 1}
    assert error(await world.send(ann, "POST", f"{ORDERS}/{filled}/decrease", body=reduce)) == (
        409,
        "order_not_open",
    )


@pytest.mark.parametrize(
    ("what", "body", "refusal"),
    [
        ("amend", {}, (400, "missing_field")),
        ("amend", {"ticker": "OTHER", "yes_price": 43}, (422, "invalid_order")),
        ("amend", {"side": "no", "yes_price": 43}, (422, "invalid_order")),
        ("amend", {"client_order_id": "another", "yes_price": 43}, (422, "invalid_order")),
        ("amend", {"yes_price": 143}, (422, "invalid_price")),
        ("amend", {"count": 10**9}, (422, "insufficient_funds")),
        ("decrease", {}, (400, "invalid_field")),
        ("decrease", {"reduce_by": 1, "reduce_to": 1}, (400, "invalid_field")),
        ("decrease", {"reduce_to": 11}, (422, "invalid_quantity")),
    ],
)
async def test_a_change_that_cannot_be_is_refused(
    world: World, market: str, ann: Person, what: str, body: dict[str, Any], refusal: tuple[int, str]
) -> None:
    order_id = (await world.place(ann)).json()["order"]["order_id"]
    assert error(await world.send(ann, "POST", f"{ORDERS}/{order_id}/{what}", body=body)) == refusal
    order = (await world.send(ann, "GET", f"{ORDERS}/{order_id}")).json()["order"]
    assert (order["status"], order["remaining_count"], order["yes_price"]) == ("resting", 10, 42)


async def test_a_stale_timestamp_and_a_wrong_signature_are_refused(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    now_ms = time.time_ns() // 1_000_000
    path = f"{BASE}/portfolio/balance"
    for at_ms in (now_ms - 6_000, now_ms + 2_500):
        assert error(await world.send(ann, "GET", path, at_ms=at_ms)) == (401, "stale_timestamp")
    forged = Person(account_id=ann.account_id, key_id=ann.key_id, private_pem=bob.private_pem)
    assert error(await world.send(forged, "GET", path)) == (401, "invalid_signature")
    unknown = Person(account_id=ann.account_id, key_id="nobody", private_pem=ann.private_pem)
    assert error(await world.send(unknown, "GET", path)) == (401, "unknown_key")


@pytest.mark.parametrize(
    ("path", "query", "refusal"),
    [
        (f"{BASE}/markets", {"limit": 0}, (400, "invalid_parameter")),
        (f"{BASE}/markets", {"limit": 1_001}, (400, "invalid_parameter")),
        (f"{BASE}/markets", {"limit": "1e2"}, (400, "invalid_parameter")),
        (f"{BASE}/markets", {"limit": "1_0"}, (400, "invalid_parameter")),
        (f"{BASE}/markets", {"cursor": "made-up"}, (400, "invalid_parameter")),
        (f"{BASE}/markets", {"status": "opened"}, (400, "invalid_parameter")),
        (f"{BASE}/markets", {"colour": "red"}, (400, "unknown_parameter")),
        (f"{BASE}/markets/trades", {"min_ts": -1}, (400, "invalid_parameter")),
        (f"{BASE}/markets/trades", {"max_ts": 10**15}, (400, "invalid_parameter")),
        (f"{BASE}/markets/FED-CUT/orderbook", {"depth": "all"}, (400, "invalid_parameter")),
        (f"{BASE}/markets/NONE/orderbook", {}, (404, "market_not_found")),
        (f"{BASE}/markets/NONE", {}, (404, "market_not_found")),
        (f"{BASE}/events/NONE", {}, (404, "group_not_found")),
        (f"{BASE}/series/NONE", {}, (404, "not_found")),
        (f"{BASE}/series/S/markets/FED-CUT/candlesticks", {}, (400, "missing_parameter")),
        (
            f"{BASE}/series/S/markets/FED-CUT/candlesticks",
            {"start_ts": 0, "end_ts": 60, "period_interval": 7},
            (400, "invalid_parameter"),
        ),
        (
            f"{BASE}/series/S/markets/FED-CUT/candlesticks",
            {"start_ts": 61, "end_ts": 60, "period_interval": 1},
            (400, "invalid_parameter"),
        ),
        (f"{BASE}/markets/%00", {}, (404, "not_found")),
        (f"{BASE}/markets/{'x' * 200}", {}, (404, "not_found")),
        (f"{BASE}/nothing", {}, (404, "not_found")),
        ("/nothing", {}, (404, "not_found")),
        (f"{BASE}/markets/", {}, (404, "not_found")),
    ],
)
async def test_a_question_that_has_no_answer_is_refused(
    world: World, market: str, path: str, query: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert error(await world.send(None, "GET", path, query=query)) == refusal


async def test_a_parameter_that_stands_twice_is_refused(world: World, market: str) -> None:
    for query in ("limit=1&limit=2", "limit", "%ff=1", "&".join(f"a{i}=1" for i in range(100))):
        assert error(await world.client.get(f"{BASE}/markets?{query}"))[0] == 400


async def test_a_method_that_a_path_does_not_take_is_refused(world: World) -> None:
    assert error(await world.client.put(ORDERS)) == (405, "method_not_allowed")
    assert error(await world.client.post("/healthz")) == (405, "method_not_allowed")


async def test_a_batch_is_neither_empty_nor_endless(world: World, market: str, ann: Person) -> None:
    batched = f"{ORDERS}/batched"
    order = {"ticker": market, "side": "yes", "action": "buy", "count": 1, "yes_price": 1}
    for body in ({"orders": []}, {"orders": [order] * 201}, {"orders": "all"}, {}):
        assert error(await world.send(ann, "POST", batched, body=body))[0] == 400
    for body in ({"ids": []}, {"ids": ["x"] * 201}, {"ids": [1]}):
        assert error(await world.send(ann, "DELETE", batched, body=body))[0] == 400


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"title": "no ticker"}, (400, "missing_field")),
        ({"ticker": "A/B", "title": "A"}, (400, "invalid_field")),
        ({"ticker": "A", "title": "A\u0000"}, (400, "invalid_field")),
        ({"ticker": "A", "title": "A", "tick_size_dollars": "0.0003"}, (422, "invalid_price")),
        ({"ticker": "A", "title": "A", "tick_size_dollars": "0"}, (422, "invalid_price")),
        ({"ticker": "A", "title": "A", "fees": {"grain_dollars": "0"}}, (400, "invalid_field")),
        ({"ticker": "A", "title": "A", "fees": {"taker": {"quadratic_bps": 10_001}}}, (400, "invalid_field")),
        ({"ticker": "A", "title": "A", "quantity_step_fp": "0"}, (422, "invalid_quantity")),
        ({"ticker": "FED-CUT", "title": "Again"}, (409, "market_exists")),
        ({"ticker": "A", "title": "A", "group_id": "NONE"}, (404, "group_not_found")),
        (
            {"ticker": "A", "title": "A", "condition": {"parent_ticker": "NONE", "required_result": "yes"}},
            (404, "market_not_found"),
        ),
    ],
)
async def test_a_market_that_cannot_be_is_refused(
    world: World, market: str, operator: Person, body: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert error(await world.send(operator, "POST", f"{ADMIN}/markets", body=body)) == refusal


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"amount_dollars": "0", "reference": "r"}, (422, "invalid_amount")),
        ({"amount_dollars": "-1", "reference": "r"}, (400, "invalid_field")),
        ({"amount_dollars": "1.0000001", "reference": "r"}, (400, "invalid_field")),
        ({"amount_dollars": "1"}, (400, "missing_field")),
        ({"amount_dollars": "1", "reference": ""}, (400, "invalid_field")),
    ],
)
async def test_a_deposit_that_cannot_be_is_refused(
    world: World, operator: Person, body: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert error(await world.send(operator, "POST", f"{ADMIN}/accounts/ann/deposits", body=body)) == refusal


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"name": "k", "public_key": "none"}, (400, "invalid_field")),
        ({"name": "k"}, (400, "missing_field")),
        ({"name": "", "public_key": "x"}, (400, "invalid_field")),
        ({"name": "k", "public_key": "x", "scopes": ["write"]}, (400, "invalid_field")),
        ({"name": "k", "public_key": "x", "scopes": []}, (400, "invalid_field")),
        ({"name": "k", "public_key": "x", "scopes": ["root"]}, (400, "invalid_field")),
        ({"name": "k", "public_key": "x", "account_id": "bob"}, (400, "unknown_field")),
    ],
)
async def test_a_key_that_cannot_be_is_refused(
    world: World, ann: Person, body: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert error(await world.send(ann, "POST", f"{BASE}/api_keys", body=body)) == refusal


async def test_a_key_cannot_give_what_it_lacks(world: World, ann: Person) -> None:
    body = {"name": "more", "scopes": ["read", "write", "admin"]}
    assert error(await world.send(ann, "POST", f"{BASE}/api_keys/generate", body=body)) == (403, "forbidden")
    reader = await world.person("ann", (Scope.READ,))
    assert error(await world.send(reader, "POST", ORDERS, body={})) == (403, "forbidden")
    assert error(await world.send(reader, "POST", f"{BASE}/api_keys/generate", body={})) == (403, "forbidden")
