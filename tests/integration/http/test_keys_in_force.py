"""Rights are checked where keys are written: no read model and no process has to know of them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.bootstrap import make_codec
from adapters.clock import TimeOrderedIds
from adapters.event_stores.memory import MemoryEventStore
from application.events import Cause
from application.health import Health, Trouble
from application.keys_in_force import LOOK_EVERY_S, KeysInForce
from application.ports.event_store import NewEvent, StoreUnavailable
from application.streams import identity_stream
from domain.identifiers import AccountId
from domain.identity.aggregate import KeyCreated, KeyRevoked, Scope
from domain.limits import DEFAULT_LIMITS
from tests.integration.http.world import BASE, Person, World, a_world, error
from tests.unit.http.keys import key_pair


@pytest.fixture
async def blind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """An exchange whose read models stand still."""

    async def nothing(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("projections.running.runner.ProjectionRunner.run", nothing)
    async with a_world(tmp_path) as world:
        yield world


async def test_a_key_is_made_used_and_revoked_while_the_projector_is_down(blind: World) -> None:
    private_pem, public_pem = key_pair()
    key_id, _ = await blind.presage.exchange.keys.create(
        AccountId("ann"), name="k", public_key_pem=public_pem, scopes=tuple(Scope)
    )
    ann = Person(account_id=AccountId("ann"), key_id=key_id, private_pem=private_pem)
    order = {"ticker": "NONE", "side": "yes", "action": "buy", "count": 1, "yes_price": 1}
    placed = await blind.send(ann, "POST", f"{BASE}/portfolio/orders", body=order)
    assert error(placed) == (404, "market_not_found")
    assert (await blind.send(ann, "DELETE", f"{BASE}/api_keys/{key_id}")).status_code == 204
    refused = await blind.send(ann, "POST", f"{BASE}/portfolio/orders", body=order)
    assert error(refused) == (401, "unknown_key")


async def test_an_account_has_so_many_keys_and_no_more(world: World, ann: Person) -> None:
    make = {"name": "k", "public_key": key_pair()[1]}
    for _ in range(DEFAULT_LIMITS.keys - 1):
        await world.presage.exchange.keys.create(
            ann.account_id, name="k", public_key_pem=key_pair()[1], scopes=(Scope.READ,)
        )
    assert error(await world.send(ann, "POST", f"{BASE}/api_keys", body=make)) == (422, "too_many_keys")


async def test_keys_of_another_process_are_seen_and_known_ones_hold_while_the_store_is_away() -> None:
    store, codec, ids = MemoryEventStore(), make_codec(), TimeOrderedIds()
    keys = KeysInForce(reader=store, codec=codec, partitions=2, health=Health())
    stream, account = identity_stream(1), AccountId("ann")
    created = KeyCreated(
        key_id="k", account_id=account, name="k", public_key_pem="pem", scopes=(Scope.READ,), strict=False
    )
    cause = Cause(command_id=ids.new(), correlation_id=ids.new(), at_us=1)
    assert await keys.find("k") is None
    await store.append(stream, [codec.encode(created, ids.new(), cause)], expected=-1)
    await keys.look()
    assert await keys.find("k") == created

    read_stream = store.read_stream

    def away(*_: object, **__: object) -> object:
        raise StoreUnavailable("gone")

    store.read_stream = away  # type: ignore[method-assign,assignment]
    await keys.look()
    assert await keys.find("k") == created
    store.read_stream = read_stream  # type: ignore[method-assign]

    revoked = KeyRevoked(key_id="k", account_id=account)
    await store.append(stream, [codec.encode(revoked, ids.new(), cause)], expected=0)
    keys._looked_at_s -= LOOK_EVERY_S  # as much time has gone by
    assert await keys.find("k") is None
    await keys.close()
    await store.close()


async def test_keys_of_a_stream_that_cannot_be_read_are_told_of_and_cost_those_of_no_other() -> None:
    store, codec, ids, health = MemoryEventStore(), make_codec(), TimeOrderedIds(), Health()
    keys = KeysInForce(reader=store, codec=codec, partitions=2, health=health)
    cause = Cause(command_id=ids.new(), correlation_id=ids.new(), at_us=1)
    created = KeyCreated(
        key_id="k",
        account_id=AccountId("ann"),
        name="k",
        public_key_pem="pem",
        scopes=(Scope.READ,),
        strict=False,
    )
    newer = NewEvent(id=ids.new(), type="KeyFrozen", data=b"{}", metadata=b'{"version": 1}')
    await store.append(identity_stream(0), [newer], expected=-1)
    await store.append(identity_stream(1), [codec.encode(created, ids.new(), cause)], expected=-1)
    assert await keys.find("k") == created
    [told] = health.conditions
    assert (told.part, told.code) == (f"keys of {identity_stream(0)}", Trouble.STREAM_UNREADABLE)
    assert "KeyFrozen" in told.message
    await keys.close()
    await store.close()


@pytest.mark.parametrize("by_default", [False, True])
async def test_new_keys_are_strict_as_the_operator_has_set_it_or_as_it_is_said(
    tmp_path: Path, *, by_default: bool
) -> None:
    async with a_world(tmp_path, strict_keys=by_default) as world:
        ann = await world.person("ann")
        for said, strict in (({}, by_default), ({"strict": True}, True), ({"strict": False}, False)):
            made = await world.send(
                ann, "POST", f"{BASE}/api_keys", body={"name": "k", "public_key": key_pair()[1], **said}
            )
            key = await world.presage.reads.keys.key(made.json()["api_key_id"])
            assert key is not None
            assert key.strict is strict
