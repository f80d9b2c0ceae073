"""A trader's own server is told of orders: through its faults, and through ``kill -9`` of the exchange."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.presage_process import presage_here as presage
from tests.acceptance.presage_process import running_server, start_server
from tests.unit.notices.listener import Listener, listening


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def order(data: Path, *, price: str = "0.40") -> str:
    done = presage(
        *("order", "place", "M", "--side", "yes", "--count", 1, "--price", price),
        *("--account", "ann", "--data", data, "--json"),
    )
    assert done.status == 0, done.stderr
    return str(done.json["order"]["order_id"])


def furnish(data: Path, listener: Listener) -> None:
    for command in (
        ("market", "create", "M", "--title", "Will it?", "--activate"),
        ("keys", "create", "ann"),
        ("deposit", "ann", "100", "--reference", "start"),
        ("webhook", "set", "ann", "desk", f"{listener.url}/hook"),
    ):
        done = presage(*command, "--data", data)
        assert done.status == 0, done.stderr


def told(listener: Listener) -> list[str]:
    return [json.loads(request.body)["data"]["order_id"] for request in listener.requests]


def test_an_endpoint_that_fails_twice_is_told_though_the_exchange_is_killed_in_between(
    tmp_path: Path, listener: Listener
) -> None:
    data = tmp_path / "data"
    listener.answer = lambda request: (503 if request <= 2 else 204, {}, b"")
    server = start_server(data)
    try:
        furnish(data, listener)
        placed = order(data)
        listener.wait_for(1)
    finally:
        server.kill()
    with running_server(data) as server:
        listener.wait_for(3)
        another = order(data, price="0.41")
        listener.wait_for(4)
        listed = presage("webhook", "list", "ann", "--data", data, "--json").json
        assert presage("webhook", "dead", "ann", "--data", data, "--json").json["notices"] == []
        retried = presage("webhook", "retry", "ann", "desk", "nothing", "--data", data)
        assert (retried.status, "notice_not_found" in retried.stderr) == (1, True)
    assert told(listener) == [placed, placed, placed, another]
    first, *again, _ = (request.headers["webhook-id"] for request in listener.requests)
    assert set(again) == {first}
    assert all(request.is_signed_by(listed["public_key"]) for request in listener.requests)
    document = json.loads(listener.requests[0].body)
    assert document["type"] == "order.confirmed"
    assert document["data"] | {"order_id": "", "position": 0} == {
        "order_id": "",
        "client_order_id": document["data"]["client_order_id"],
        "ticker": "M",
        "side": "yes",
        "action": "buy",
        "type": "limit",
        "price_dollars": "0.4000",
        "count_fp": "1.00",
        "position": 0,
    }


def test_what_was_placed_by_a_process_that_ended_at_once_is_told_by_the_next(
    tmp_path: Path, listener: Listener
) -> None:
    data = tmp_path / "data"
    furnish(data, listener)
    listener.answer = lambda _: (503, {}, b"")
    placed = order(data)  # nobody serves: the command opens the exchange for itself and ends
    listener.answer = lambda _: (204, {}, b"")
    listener.requests.clear()
    with running_server(data):
        listener.wait_for(1)
    assert set(told(listener)) == {placed}
    removed = presage("webhook", "remove", "ann", "desk", "--data", data)
    assert removed.status == 0, removed.stderr
    assert presage("webhook", "list", "ann", "--data", data, "--json").json["webhooks"] == []
