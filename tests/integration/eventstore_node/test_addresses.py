"""What is wrong with an address, a password, a certificate or a version is said, and no secret is shown."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.event_stores import eventstoredb_leader
from adapters.event_stores.eventstoredb import EventStoreDBStore
from adapters.eventstore_node import node_services
from adapters.eventstore_node.calls import CallRefused, Status
from adapters.eventstore_node.security import Tls
from adapters.eventstore_node.server import Node, running_node
from application.ports.event_store import NO_STREAM, NewEvent, StoreMisconfigured, StoreUnavailable
from tests.integration.eventstore_node.cases import noted
from tests.integration.eventstore_node.certificates import certificate_in
from tests.integration.eventstore_node.client_library import Client, StreamState

USERS = {"presage": "correct-horse"}


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a machine that stands still for a second not look like a server that does."""
    monkeypatch.setattr(eventstoredb_leader, "PROBE_TIMEOUT_S", 20.0)


@pytest.fixture
def certificate(tmp_path: Path) -> Tls:
    return certificate_in(tmp_path)


@pytest.fixture
async def secure(certificate: Tls) -> AsyncIterator[Node]:
    async with running_node(None, tls=certificate, users=USERS) as node:
        yield node


def address(node: Node, user: str = "presage:correct-horse", options: str = "") -> str:
    return f"esdb://{user}@{node.host}:{node.port}{options}"


async def contact(uri: str, root: Tls | None) -> None:
    certificates = root.certificate.read_bytes() if root else None
    store = await EventStoreDBStore.connect(uri, root_certificates=certificates)
    try:
        await store.head()
    finally:
        await store.close()


async def told(uri: str, root: Tls | None = None) -> str:
    """Return what is said of an address that cannot be used."""
    with pytest.raises(StoreMisconfigured) as caught:
        await contact(uri, root)
    message = str(caught.value)
    assert "horse" not in message
    assert "grpc" not in message.lower()
    assert "\n" not in message
    return message


@pytest.mark.parametrize("scheme", ["esdb", "kurrentdb", "kdb", "kurrentdb+discover", "KDB+Discover"])
async def test_an_address_may_begin_with_every_name_of_the_protocol(scheme: str) -> None:
    async with running_node(None) as node:
        store = await EventStoreDBStore.connect(node.uri.replace("esdb", scheme))
        assert await store.head() == 0
        await store.close()


@pytest.mark.parametrize("user", ["presage:wrong-horse", "nobody:correct-horse"])
async def test_a_wrong_name_or_password_is_an_error_of_the_setting(
    secure: Node, certificate: Tls, user: str
) -> None:
    assert "does not know this user name with this password" in await told(address(secure, user), certificate)


async def test_a_name_is_asked_for_where_there_is_tls() -> None:
    assert "esdb://NAME:PASSWORD@node:2113, or Tls=false" in await told("esdb://node:2113")


@pytest.mark.parametrize("rest", ["node?NoSuchOption=1", "node?Tls=maybe", "?MaxDiscoverAttempts=x"])
async def test_an_address_that_makes_no_sense_is_told_without_its_password(rest: str) -> None:
    assert "cannot be used" in await told(f"esdb://presage:correct-horse@{rest}")


async def test_no_tls_to_a_server_that_speaks_it_gets_a_hint(secure: Node) -> None:
    assert "speaks TLS; leave Tls=false out" in await told(address(secure, options="?Tls=false"))


async def test_tls_to_a_server_that_does_not_speak_it_gets_a_hint() -> None:
    async with running_node(None) as node:
        assert "does not speak TLS; add Tls=false" in await told(address(node))


async def test_an_unknown_authority_gets_a_hint(secure: Node, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    for root in (None, certificate_in(tmp_path / "other")):
        assert "not from an authority that is known here" in await told(address(secure), root)


async def test_a_server_that_is_not_there_is_no_matter_of_settings() -> None:
    store = await EventStoreDBStore.connect("esdb://presage:correct-horse@127.0.0.1:1")
    with pytest.raises(StoreUnavailable) as caught:
        await store.head()
    assert "horse" not in str(caught.value)
    await store.close()


@pytest.mark.parametrize(
    ("version", "fault"),
    [
        ("24.2.0", "impossible checkpoint"),
        ("24.10.3", "impossible checkpoint"),
        ("24.10.4", "pass over single events"),
        ("25.0.0", "pass over single events"),
        ("25.0.0-rc.1", "pass over single events"),
    ],
)
async def test_a_version_that_loses_events_is_refused(
    monkeypatch: pytest.MonkeyPatch, version: str, fault: str
) -> None:
    monkeypatch.setattr(node_services, "SERVER_VERSION", version)
    async with running_node(None) as node:
        message = await told(node.uri)
    assert version in message
    assert fault in message
    assert "24.10.5, 25.0.1 and newer" in message


@pytest.mark.parametrize("version", ["23.10.6", "24.10.5", "25.0.1", "26.1.0", "a version of its own"])
async def test_every_other_version_is_taken(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(node_services, "SERVER_VERSION", version)
    async with running_node(None) as node:
        store = await EventStoreDBStore.connect(node.uri)
        await store.append("a", [NewEvent(id=noted()[0].id, type="Noted", data=b"{}")], expected=NO_STREAM)
        await store.close()


async def test_a_server_that_does_not_answer_what_version_it_is_is_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def silent(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(node_services.NodeServices, "supported_methods", silent)
    monkeypatch.setattr(eventstoredb_leader, "PROBE_TIMEOUT_S", 0.1)
    monkeypatch.setattr(eventstoredb_leader, "PATIENCE_S", 0.1)
    async with running_node(None) as node:
        with pytest.raises(StoreUnavailable):
            await contact(node.uri, None)


async def test_a_server_that_knows_no_such_question_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object) -> None:
        raise CallRefused(Status.UNIMPLEMENTED, "no such method")

    monkeypatch.setattr(node_services.NodeServices, "supported_methods", unknown)
    async with running_node(None) as node:
        await contact(node.uri, None)


async def test_what_a_server_keeps_for_itself_is_not_delivered() -> None:
    async with running_node(None) as node:
        client = Client(node.uri)
        await client.connect()
        await client.append_to_stream("$settings", current_version=StreamState.NO_STREAM, events=noted())
        await client.close()
        store = await EventStoreDBStore.connect(node.uri)
        assert [page async for page in store.read_all()] == []
        await store.close()
