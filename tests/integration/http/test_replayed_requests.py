"""A signed request counts once, whoever sends it again."""

from base64 import b64decode
from collections.abc import Iterator
from string import ascii_letters, digits

import pytest

from adapters.caches.shared_signatures import SharedSignatures
from adapters.caches.used_signatures import MemorySignatures
from adapters.http.app import OPERATIONS
from adapters.http.operations import Access
from application.health import Health, Trouble
from domain.identity.aggregate import Scope
from tests.integration.http.test_who_may_do_what import path_of
from tests.integration.http.world import BASE, ORDERS, Person, World, error
from tests.redis_server import running_redis
from tests.unit.http.keys import key_pair, signed_headers


async def test_an_order_sent_five_times_with_one_signature_is_one_order(
    world: World, market: str, ann: Person
) -> None:
    order = {"ticker": market, "side": "yes", "action": "buy", "count": 1, "yes_price": 1}
    signed = signed_headers(ann.key_id, ann.private_pem, "POST", ORDERS)
    answers = [await world.client.post(ORDERS, json=order, headers=signed) for _ in range(5)]
    assert answers[0].status_code == 201
    assert [error(answer) for answer in answers[1:]] == [(401, "signature_used")] * 4
    assert len((await world.send(ann, "GET", ORDERS)).json()["orders"]) == 1


async def test_a_signature_that_is_written_differently_is_the_same(
    world: World, market: str, ann: Person
) -> None:
    """The last letter before the padding has bits that nobody reads; and a key may be there twice."""
    _, public_pem = key_pair(0)
    again, _ = await world.presage.exchange.keys.create(
        ann.account_id, name="again", public_key_pem=public_pem, scopes=(Scope.READ, Scope.TRADE)
    )
    order = {"ticker": market, "side": "yes", "action": "buy", "count": 1, "yes_price": 1}
    signed = signed_headers(ann.key_id, ann.private_pem, "POST", ORDERS)
    assert (await world.client.post(ORDERS, json=order, headers=signed)).status_code == 201
    signature = signed["KALSHI-ACCESS-SIGNATURE"]
    others = [f"{signature[:-3]}{letter}==" for letter in ascii_letters + digits + "+/"]
    same = [other for other in others if b64decode(other) == b64decode(signature)]
    assert len(same) == 16
    for headers in (
        *(signed | {"KALSHI-ACCESS-SIGNATURE": other} for other in same),
        signed | {"KALSHI-ACCESS-KEY": again},
    ):
        answer = await world.client.post(ORDERS, json=order, headers=headers)
        assert error(answer) == (401, "signature_used")


async def test_every_route_that_changes_something_takes_a_signature_once(
    world: World, operator: Person
) -> None:
    for operation in OPERATIONS:
        if operation.access is Access.PUBLIC or operation.method == "GET":
            continue
        path = path_of(operation)
        signed = signed_headers(operator.key_id, operator.private_pem, operation.method, path)
        first, second = [
            await world.client.request(operation.method, path, json={}, headers=signed) for _ in range(2)
        ]
        assert "signature_used" not in first.text, operation
        assert error(second) == (401, "signature_used"), operation


async def test_reading_twice_with_one_signature_is_no_harm(world: World, ann: Person) -> None:
    path = f"{BASE}/portfolio/balance"
    signed = signed_headers(ann.key_id, ann.private_pem, "GET", path)
    for _ in range(2):
        assert (await world.client.get(path, headers=signed)).status_code == 200


async def test_signatures_are_remembered_for_their_window_and_no_longer_than_two() -> None:
    now_s = [0.0]
    used = MemorySignatures(most=3, now_s=lambda: now_s[0])
    assert await used.first(b"a", for_s=6) is True
    for now_s[0] in (0.0, 5.9, 6.0, 11.9):
        assert await used.first(b"a", for_s=6) is False
    now_s[0] = 24.0
    assert await used.first(b"a", for_s=6) is True
    for other in (b"b", b"c"):
        await used.first(other, for_s=6)
    assert await used.first(b"d", for_s=6) is None
    assert len(used._latest) == 3


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with running_redis() as server:
        yield server.url


async def test_processes_that_share_a_redis_share_what_was_used(redis_url: str) -> None:
    one, other = (
        SharedSignatures(redis_url, prefix="presage:test", here=MemorySignatures(), health=Health())
        for _ in range(2)
    )
    assert await one.first(b"a", for_s=6) is True
    assert await other.first(b"a", for_s=6) is False
    assert await other.first(b"b", for_s=6) is True
    await one.close()
    await other.close()


async def test_without_redis_each_process_remembers_for_itself() -> None:
    health = Health()
    alone = SharedSignatures(
        "redis://127.0.0.1:1/0", prefix="presage:test", here=MemorySignatures(), health=health
    )
    assert await alone.first(b"a", for_s=6) is True
    assert await alone.first(b"a", for_s=6) is False
    assert [(each.part, each.code) for each in health.conditions] == [
        ("used signatures", Trouble.CACHE_UNAVAILABLE)
    ]
    await alone.close()
