"""Connections that say nothing, or no more, are hung up on; calls and connections have a number."""

import asyncio
import resource
import socket
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from signal import Signals
from uuid import uuid4

import psutil
import pytest

from adapters.event_stores.eventstoredb import EventStoreDBStore
from adapters.eventstore_node import listener
from adapters.eventstore_node.server import running_node
from application.ports.event_store import NO_STREAM, START, NewEvent, StoreUnavailable
from tests.integration.eventstore_node.cases import noted, take
from tests.integration.eventstore_node.client_library import Client, ClientError, StreamState
from tests.integration.eventstore_node.node_process import NodeProcess

DESCRIPTORS, SILENT = 256, 500
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""How a connection begins on which nothing is asked: a preface, and settings that change nothing."""


def own_event() -> list[NewEvent]:
    return [NewEvent(id=uuid4(), type="Noted", data=b"{}")]


def address_of(uri: str) -> tuple[str, int]:
    host, _, port = uri.rpartition("://")[2].partition("?")[0].partition(":")
    return host, int(port)


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 (what a socket does sets no event)
        await asyncio.sleep(0.02)


async def until_it_is_served(asking: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await asking()
        except (StoreUnavailable, ClientError):
            await asyncio.sleep(0.02)
        else:
            return


def connections_to(port: int) -> int:
    """Return how many connections from this process to one of its own ports stand."""
    found = psutil.Process().net_connections("tcp")
    return sum(c.status == psutil.CONN_ESTABLISHED and c.raddr.port == port for c in found)


def with_options(monkeypatch: pytest.MonkeyPatch, options: dict[str, int]) -> None:
    """Have nodes started from now on hang up sooner."""
    monkeypatch.setattr(listener, "_OPTIONS", tuple((dict(listener._OPTIONS) | options).items()))


def is_closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        while connection.recv(65_536):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        pass
    return True


async def test_many_silent_connections_do_not_shut_a_node_of_few_descriptors(
    tmp_path: Path,
) -> None:
    node = NodeProcess(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
        try:
            await node.start()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(SILENT):
            stack.enter_context(socket.create_connection(address_of(node.uri)))
        assert psutil.Process(node.pid).num_fds() < DESCRIPTORS - 50
        store, event = await EventStoreDBStore.connect(node.uri), own_event()
        await until_it_is_served(lambda: store.append("a", event, expected=NO_STREAM))
        await store.close()
    await node.end(Signals.SIGTERM)


@pytest.mark.parametrize(
    ("said", "options"),
    [
        (b"", {"grpc.server_handshake_timeout_ms": 100}),
        (HTTP2, {"grpc.max_connection_idle_ms": 100}),
        (HTTP2, {"grpc.keepalive_time_ms": 100, "grpc.http2.ping_timeout_ms": 100}),
    ],
    ids=["says nothing", "asks nothing", "answers nothing"],
)
async def test_a_silent_connection_is_closed(
    monkeypatch: pytest.MonkeyPatch, said: bytes, options: dict[str, int]
) -> None:
    with_options(monkeypatch, options)
    async with running_node(None) as node:
        with socket.create_connection(address_of(node.uri)) as connection:
            connection.sendall(said)
            await until(lambda: is_closed(connection))


def test_the_limits_are_those_that_are_stated() -> None:
    assert {
        "grpc.server_handshake_timeout_ms": 5_000,
        "grpc.max_connection_idle_ms": 60_000,
        "grpc.keepalive_time_ms": 30_000,
        "grpc.keepalive_timeout_ms": 20_000,
        "grpc.http2.ping_timeout_ms": 20_000,
        "grpc.max_concurrent_streams": 1_000,
    }.items() <= dict(listener._OPTIONS).items()


async def test_the_exchange_goes_on_where_its_silent_connection_was_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_options(monkeypatch, {"grpc.max_connection_idle_ms": 50})
    async with running_node(None) as node:
        store = await EventStoreDBStore.connect(node.uri)
        for number in range(3):
            await store.append(f"a-{number}", own_event(), expected=NO_STREAM)
            await until(lambda: not connections_to(node.port))
        assert await store.head() > START
        await store.close()


async def test_calls_beyond_their_number_are_refused_and_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener, "_CALLS_MAX", 3)
    async with running_node(None) as node:
        client = Client(node.uri)
        await client.connect()
        await client.append_to_stream("a", current_version=StreamState.NO_STREAM, events=noted())
        following = [await client.subscribe_to_stream("a") for _ in range(3)]
        with pytest.raises(ClientError, match="Concurrent RPC"):
            await client.get_stream("a")
        await following.pop().stop()
        assert await take(following[0], 1)
        await until_it_is_served(lambda: client.get_stream("a"))
        await client.close()
