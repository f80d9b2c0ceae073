"""A server that speaks EventStoreDB's protocol, and a public client connected to it.

The cases run against the embedded node, and against a genuine EventStoreDB wherever there is one: what
they state are facts of the protocol, not of the node. So they hold too where system projections write links
into the log.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.eventstore_node import appender
from adapters.eventstore_node.security import Tls
from adapters.eventstore_node.server import running_node
from tests.integration.eventstore_node.certificates import certificate_in
from tests.integration.eventstore_node.client_library import Client
from tests.integration.eventstore_node.genuine import genuine_servers, genuine_uri
from tests.integration.eventstore_node.links import node_with_links

WITH_LINKS = "node with links"
SERVERS = ["node", pytest.param(WITH_LINKS, marks=pytest.mark.more), *genuine_servers()]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a machine that stands still for two seconds not look like a disk that does."""
    monkeypatch.setattr(appender, "COMMIT_TIMEOUT_S", 30.0)


@pytest.fixture(params=SERVERS)
async def uri(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == WITH_LINKS:
        async with node_with_links(tmp_path / "node") as node:
            yield node.uri
        return
    if request.param != "node":
        yield genuine_uri(request.param)
        return
    # On disk, where a subscriber can hear of an event before its writer does.
    async with running_node(tmp_path / "node") as node:
        yield node.uri


@pytest.fixture
async def client(uri: str) -> AsyncIterator[Client]:
    client = Client(uri)
    await client.connect()
    yield client
    await client.close()


@pytest.fixture
def stream() -> str:
    """A stream that nobody else uses, in a category of its own."""
    return f"c{uuid4().hex}-1"


@pytest.fixture
async def durable_uri(tmp_path: Path) -> AsyncIterator[str]:
    async with running_node(tmp_path) as node:
        yield node.uri


@pytest.fixture
def certificate(tmp_path: Path) -> Tls:
    return certificate_in(tmp_path)
