"""An exchange in an EventStoreDB whose log begins with something else, and in which others write too."""

import asyncio
from pathlib import Path

import pytest

from tests.acceptance.event_stores import running_node
from tests.acceptance.presage_process import presage_here, running_server
from tests.integration.eventstore_node.client_library import Client, NewEvent, StreamState


def written_by_others(uri: str) -> None:
    async def write() -> None:
        client = Client(uri)
        await client.connect()
        for stream, kind, data in (
            ("$settings", "update-default-acl", b'{"$userStreamAcl": {"$r": "$all"}}'),
            ("invoices-1", "InvoiceSent", b"\xff no JSON"),
            ("invoices-2", "MarketCreated", b"{}"),
        ):
            event = NewEvent(type=kind, data=data)
            await client.append_to_stream(stream, current_version=StreamState.ANY, events=[event])
        await client.close()

    asyncio.run(write())


def test_only_what_is_of_the_exchange_is_looked_at(tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data")
    with running_node(tmp_path / "node") as node, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRESAGE_EVENT_STORE", node.uri)
        written_by_others(node.uri)
        assert presage_here("market", "create", "RAIN", "--title", "Rain?", *data).status == 0
        written_by_others(node.uri)
        with running_server(tmp_path / "data"):
            assert presage_here("market", "pause", "RAIN", *data).status == 0
            written_by_others(node.uri)
            assert presage_here("market", "resume", "RAIN", *data).status == 0
        for command in (("verify",), ("rebuild", "--all"), ("inspect", "market-RAIN")):
            ended = presage_here(*command, *data)
            assert ended.status == 0, ended.stderr
            assert "InvoiceSent" not in ended.stdout
        assert "RAIN" in presage_here("market", "list", *data).stdout
