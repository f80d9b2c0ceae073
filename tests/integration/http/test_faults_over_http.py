"""While the store fails or the exchange starts, clients are told to come back, and nothing is half done."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from application.health import Trouble
from application.ports.event_store import Appended, AppendOutcomeUnknown, NewEvent, StoreUnavailable
from tests.integration.http.world import BASE, ORDERS, Person, World, a_world, error, in_one_process


async def test_while_the_exchange_starts_everything_but_health_is_too_early(tmp_path: Path) -> None:
    async with a_world(tmp_path, started=False) as world:
        early = await world.client.get(f"{BASE}/markets")
        assert error(early) == (425, "starting")
        assert early.headers["Retry-After"] == "1"
        assert error(await world.client.post(ORDERS, json={})) == (425, "starting")
        assert (await world.client.get("/healthz")).status_code == 200
        ready = await world.client.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"status": "starting", "conditions": []})
        status = (await world.client.get(f"{BASE}/exchange/status")).json()
        assert status == {"exchange_active": False, "trading_active": False}


async def test_what_stops_a_part_is_told_and_leaves_the_rest_ready(world: World) -> None:
    health = world.presage.exchange.health
    health.report("interrupted orders", Trouble.SAGA_SET_ASIDE, "look at ann's order")
    part = {
        "part": "interrupted orders",
        "code": "saga_set_aside",
        "stops": "part",
        "message": "look at ann's order",
    }
    ready = await world.client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "degraded", "conditions": [part]})
    health.report("projector", Trouble.READ_MODELS_UNAVAILABLE, "no answer")
    ready = await world.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
    assert ready.json()["conditions"] == [
        part,
        {
            "part": "projector",
            "code": "read_models_unavailable",
            "stops": "everything",
            "message": "no answer",
        },
    ]
    health.clear("projector", Trouble.READ_MODELS_UNAVAILABLE)
    assert (await world.client.get("/readyz")).status_code == 200
    health.clear("interrupted orders", Trouble.SAGA_SET_ASIDE)
    assert (await world.client.get("/readyz")).json() == {"status": "ready", "conditions": []}


async def test_no_more_conditions_are_told_than_anybody_reads(world: World) -> None:
    health = world.presage.exchange.health
    for number in range(150):
        health.report(f"market-{number}", Trouble.STREAM_UNREADABLE, "x" * 10_000)
    answer = await world.client.get("/readyz")
    conditions = answer.json()["conditions"]
    assert (len(conditions), conditions[0]["part"]) == (100, "market-0")
    assert len(answer.content) < 100_000
    for number in range(150):
        health.clear(f"market-{number}", Trouble.STREAM_UNREADABLE)


async def test_while_the_store_cannot_write_orders_are_refused_and_reading_goes_on(
    world: World, market: str, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        raise StoreUnavailable("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(world.presage.store, "append", full)
        refused = await world.place(ann, client_order_id="patient")
        assert error(refused) == (503, "store_unavailable")
        assert refused.headers["Retry-After"] == "1"
        assert (await world.send(ann, "GET", f"{BASE}/portfolio/balance")).json()["balance"] == 100_000
    assert (await world.place(ann, client_order_id="patient")).status_code == 201
    assert len((await world.send(ann, "GET", ORDERS)).json()["orders"]) == 1


async def test_an_unknown_outcome_is_settled_by_sending_the_request_again(
    world: World, market: str, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = world.presage.store.append
    lost = 0

    async def losing(stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        nonlocal lost
        appended = await append(stream, events, expected=expected)
        if lost < 1:
            lost += 1
            raise AppendOutcomeUnknown("timeout")
        return appended

    with monkeypatch.context() as broken:
        broken.setattr(world.presage.store, "append", losing)
        first = await world.place(ann, client_order_id="sure")
    assert first.status_code in (201, 503)
    if first.status_code == 503:
        assert error(first)[1] in ("outcome_unknown", "store_unavailable")
    for _ in range(3):
        again = await world.place(ann, client_order_id="sure")
    assert again.status_code == 201
    assert len((await world.send(ann, "GET", ORDERS)).json()["orders"]) == 1


async def test_a_batch_tells_of_a_fault_item_by_item(
    world: World, market: str, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        raise StoreUnavailable("disk full")

    order = {"ticker": market, "side": "yes", "action": "buy", "count": 1, "yes_price": 1}
    monkeypatch.setattr(world.presage.store, "append", full)
    answer = await world.send(ann, "POST", f"{ORDERS}/batched", body={"orders": [order, order]})
    assert answer.status_code == 201
    assert [item["error"]["code"] for item in answer.json()["orders"]] == ["store_unavailable"] * 2


@in_one_process
async def test_a_fault_of_ours_is_logged_and_not_told(
    world: World, market: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(world.presage.reads.books, "book", broken)
    answer = await world.client.get(f"{BASE}/markets/{market}/orderbook")
    assert error(answer) == (500, "internal_error")
    assert "secret" not in answer.text
    assert "secret" in caplog.text
