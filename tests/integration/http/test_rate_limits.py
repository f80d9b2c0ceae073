"""Limits over HTTP: what clients are told, what batches cost, and that the account's limits are the truth."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from tests.integration.http.world import BASE, ORDERS, Person, World, a_world, error

STATED = """
exempt_addresses = ["10.0.0.1"]
address = {per_s = 1, burst = 3}
[tiers.basic]
read = {per_s = 1, burst = 6}
write = {per_s = 1, burst = 4, strikes = 2, box_s = 30}
cancel = {per_s = 1, burst = 5}
[tiers.prime]
write = {per_s = 100, burst = 1000}
[accounts]
bob = "prime"
"""

From = Callable[[str], httpx.AsyncClient]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    stated = tmp_path / "limits.toml"
    stated.write_text(STATED)
    async with a_world(tmp_path / "data", rate_limits=str(stated)) as opened:
        yield opened


def an_order(**more: object) -> dict[str, object]:
    return {"ticker": "FED-CUT", "side": "yes", "action": "buy", "count": 1, "yes_price": 1} | more


async def test_an_answer_says_how_much_is_left_and_a_refusal_how_long_to_wait(
    world: World, market: str, ann: Person
) -> None:
    answers = [await world.place(ann, count=1) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [201] * 4 + [429] * 2
    assert [answer.headers["ratelimit"] for answer in answers[:4]] == [
        f'"write";r={left};t=0' for left in (3, 2, 1, 0)
    ]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"write";q=4;w=4'}
    assert error(answers[4]) == (429, "rate_limited")
    assert answers[4].headers["retry-after"] == "1"
    assert answers[5].headers["retry-after"] == "30", "the second strike leads to the box"
    boxed = await world.place(ann)
    assert "refused too often" in boxed.json()["error"]["message"]
    assert boxed.json()["error"]["details"] == "write: 1 a second, 4 at once"
    assert (await world.send(ann, "GET", f"{BASE}/portfolio/balance")).status_code == 200, "reads are apart"


async def test_a_batch_costs_as_much_as_it_holds(world: World, market: str, ann: Person) -> None:
    batch = {"orders": [an_order() for _ in range(3)]}
    placed = await world.send(ann, "POST", f"{ORDERS}/batched", body=batch)
    assert (placed.status_code, placed.headers["ratelimit"]) == (201, '"write";r=1;t=0')
    refused = await world.send(ann, "POST", f"{ORDERS}/batched", body=batch)
    assert error(refused) == (429, "rate_limited")
    balance = (await world.send(ann, "GET", f"{BASE}/portfolio/orders")).json()["orders"]
    assert len(balance) == 3, "nothing of a refused batch is placed"
    ids = [order["order_id"] for order in balance]
    canceled = await world.send(ann, "DELETE", f"{ORDERS}/batched", body={"ids": ids})
    assert (canceled.status_code, canceled.headers["ratelimit"]) == (200, '"cancel";r=2;t=0')


async def test_a_body_that_cannot_be_read_costs_as_well(world: World, ann: Person) -> None:
    answers = [
        await world.send(ann, "POST", f"{ORDERS}/batched", content=b"{", headers={"content-type": "x"})
        for _ in range(5)
    ]
    assert [answer.status_code for answer in answers] == [400] * 4 + [429]


async def test_who_has_no_more_orders_to_send_can_still_cancel(
    world: World, market: str, ann: Person
) -> None:
    order = (await world.place(ann, count=1)).json()["order"]["order_id"]
    while (await world.place(ann, count=1)).status_code != 429:
        pass
    assert (await world.send(ann, "DELETE", f"{ORDERS}/{order}")).status_code == 200


async def test_the_limits_of_an_account_are_those_it_meets(world: World, market: str, ann: Person) -> None:
    await world.place(ann, count=1)
    limits = (await world.send(ann, "GET", f"{BASE}/account/limits")).json()
    assert limits["usage_tier"] == "basic"
    assert limits["write"] == {"bucket_capacity": 4, "refill_rate": 1}
    assert (limits["read_limit"], limits["write_limit"]) == (1, 1)
    assert limits["rates"]["write"] == {"per_s": 1, "burst": 4, "remaining": 3, "wait_ms": 0}
    assert limits["rates"]["read"]["remaining"] == 5
    taken = 0
    while (await world.place(ann, count=1)).status_code == 201:
        taken += 1
    assert taken >= 3  # and one more for each second that they take
    while not (boxed := await _write_limit(world, ann))["wait_ms"]:
        await world.place(ann)
    assert 25_000 < boxed["wait_ms"] <= 30_000


async def _write_limit(world: World, person: Person) -> dict[str, int]:
    told = (await world.send(person, "GET", f"{BASE}/account/limits")).json()["rates"]["write"]
    return {name: int(value) for name, value in told.items()}


async def test_another_tier_allows_more(world: World, market: str, bob: Person) -> None:
    assert [(await world.place(bob, count=1)).status_code for _ in range(20)] == [201] * 20
    assert (await world.send(bob, "GET", f"{BASE}/account/limits")).json()["usage_tier"] == "prime"


def client_from(world: World, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=world.presage.app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://presage")


async def test_an_address_is_limited_before_anybody_is_asked_who_it_is(world: World) -> None:
    async with client_from(world, "192.0.2.7") as stranger, client_from(world, "192.0.2.8") as other:
        answers = [await stranger.get(f"{BASE}/markets") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200] * 3 + [429]
        assert error(answers[3]) == (429, "rate_limited")
        assert answers[3].headers["ratelimit-policy"] == '"address";q=3;w=3'
        assert (await stranger.delete(f"{ORDERS}/some")).status_code == 401, "what cancels has its own room"
        assert (await other.get(f"{BASE}/markets")).status_code == 200
    async with client_from(world, "10.0.0.1") as proxy:
        assert [(await proxy.get(f"{BASE}/markets")).status_code for _ in range(9)] == [200] * 9


async def test_the_process_answers_for_its_health_however_much_is_sent(world: World) -> None:
    assert [(await world.client.get("/healthz")).status_code for _ in range(20)] == [200] * 20


async def test_without_limits_nothing_is_limited_and_the_account_is_told_so(tmp_path: Path) -> None:
    async with a_world(tmp_path, rate_limits="off") as world:
        ann = await world.person("ann")
        answer = await world.send(ann, "GET", f"{BASE}/account/limits")
        assert "ratelimit" not in answer.headers
        told = answer.json()
        assert (told["usage_tier"], told["rates"], told["read_limit"]) == ("unlimited", {}, 0)


async def test_what_was_decided_is_in_the_metrics(world: World, ann: Person, operator: Person) -> None:
    await world.send(ann, "GET", f"{BASE}/portfolio/balance")
    text = (await world.send(operator, "GET", "/metrics")).text
    assert 'presage_limiter_decisions_total{kind="read",outcome="allowed",tier="basic"} 1.0' in text
