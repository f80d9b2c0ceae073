"""TLS and credentials, and many things that are not HTTP/2."""

import asyncio
import ssl
from pathlib import Path

import grpc
import pytest

from adapters.event_stores.eventstoredb import EventStoreDBStore
from adapters.eventstore_node import messages
from adapters.eventstore_node.security import Tls
from adapters.eventstore_node.server import Node, running_node
from tests.integration.eventstore_node.cases import noted, revisions_of
from tests.integration.eventstore_node.client_library import Client, ClientError, StreamState
from tests.integration.eventstore_node.raw_calls import channel_to

USERS = {"admin": "correct-horse"}
GROUP_CALLS = ("Create", "Update", "Delete", "Read", "GetInfo", "List", "ReplayParked", "RestartSubsystem")


def with_user(node: Node, user: str) -> str:
    return node.uri.replace("esdb://", f"esdb://{user}@")


async def test_a_client_with_the_certificate_and_the_password_is_served(certificate: Tls) -> None:
    async with running_node(None, tls=certificate, users=USERS) as node:
        root = certificate.certificate.read_bytes()
        uri = with_user(node, "admin:correct-horse")
        client = Client(uri, root_certificates=root)
        await client.connect()
        await client.append_to_stream("a", current_version=StreamState.NO_STREAM, events=noted(1000))
        assert len(await revisions_of(client, "a")) == 1000
        await client.close()
        store = await EventStoreDBStore.connect(uri, root_certificates=root)
        assert len([e async for page in store.read_stream("a") for e in page]) == 1000
        await store.close()


async def test_a_certificate_that_is_none_is_refused_with_the_reason(tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    with pytest.raises(OSError, match="the certificate or its key cannot be used"):
        async with running_node(None, tls=Tls(nonsense, nonsense)):
            pass


@pytest.mark.parametrize("user", ["admin:wrong", "nobody:correct-horse"])
async def test_a_wrong_password_is_refused(certificate: Tls, user: str) -> None:
    async with running_node(None, tls=certificate, users=USERS) as node:
        client = Client(with_user(node, user), root_certificates=certificate.certificate.read_bytes())
        await client.connect()
        with pytest.raises(ClientError, match="UNAUTHENTICATED"):
            await client.get_stream("a")
        await client.close()


async def test_without_credentials_nothing_is_served() -> None:
    async with running_node(None, users=USERS) as node:
        client = Client(node.uri)
        await client.connect()
        for calling in (
            client.append_to_stream("a", current_version=StreamState.ANY, events=noted()),
            client.get_commit_position(),
            client.delete_stream("a", current_version=StreamState.ANY),
            client.list_subscriptions(),
        ):
            with pytest.raises(ClientError):
                await calling
        await client.close()


async def test_what_clients_ask_before_they_say_who_they_are_is_open_to_all_and_nothing_else() -> None:
    gossip = "/event_store.client.gossip.Gossip/Read"
    features = "/event_store.client.server_features.ServerFeatures/GetSupportedMethods"
    services = {
        "streams.Streams": ("Read", "Append", "BatchAppend", "Delete", "Tombstone"),
        "persistent_subscriptions.PersistentSubscriptions": GROUP_CALLS,
    }
    closed = {f"/event_store.client.{name}/{each}" for name, methods in services.items() for each in methods}
    async with running_node(None, users=USERS) as node, channel_to(node.uri) as channel:
        for path in (gossip, features):
            assert len(await channel.call(path, b"", answers=1)) == 1
        [raw] = await channel.call(features, b"", answers=1)
        known = messages.SupportedMethods.FromString(raw).methods
        served = {f"/{each.service_name}/{each.method_name}" for each in known}
        assert served == {path.lower() for path in (*closed, gossip, features)}
        for path in closed:
            with pytest.raises(grpc.RpcError) as refused:
                await channel.call(path, b"")
            assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED, path


async def test_a_client_that_does_not_know_the_certificate_stays_away(certificate: Tls) -> None:
    async with running_node(None, tls=certificate) as node:
        context = ssl.create_default_context()
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection(node.host, node.port, ssl=context)
        await asyncio.sleep(0.05)  # the node hears of it and hangs up


@pytest.mark.parametrize(
    "noise",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00" * 64,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 64,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x05\x01\x05\x00\x00\x00\x01\xff\xff\xff\xff\x0f",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x01\x01\x04\x00\x00\x00\x02\x82",
    ],
)
async def test_what_is_not_http_2_is_hung_up_on_and_harms_nobody(noise: bytes) -> None:
    async with running_node(None) as node:
        reader, writer = await asyncio.open_connection(node.host, node.port)
        writer.write(noise)
        async with asyncio.timeout(5):
            while await reader.read(4096):
                pass
        writer.close()
        client = Client(node.uri)
        await client.connect()
        await client.append_to_stream("a", current_version=StreamState.ANY, events=noted())
        await client.close()
