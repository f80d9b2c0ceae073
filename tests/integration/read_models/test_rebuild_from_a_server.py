"""Rows that were made from one log are rebuilt from another one on a server, where positions are its own."""

from collections.abc import AsyncIterator
from pathlib import Path
from signal import SIGKILL

import pytest

from adapters.event_stores.eventstoredb import EventStoreDBStore
from adapters.read_models.rebuilding import rebuild
from application.transfer import transfer_log
from projections.running.log import Log
from projections.running.rebuilder import RebuildProgress
from tests.integration.eventstore_node.node_process import NodeProcess
from tests.integration.read_models.projecting import CODEC
from tests.integration.read_models.random_flow import Flow, random_flow


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EventStoreDBStore]:
    node = NodeProcess(tmp_path / "node")
    await node.start()
    store = await EventStoreDBStore.connect(node.uri)
    yield store
    await store.close()
    await node.end(SIGKILL)


async def rebuilt(rows: Path, flow: Flow, log: Log) -> RebuildProgress:
    return await rebuild(
        rows, log=log, codec=CODEC, clock=flow.clock, resume=False, on_progress=lambda _: None
    )


async def test_what_the_rows_counted_in_another_log_is_counted_anew(
    tmp_path: Path, server: EventStoreDBStore
) -> None:
    rows = tmp_path / "read.db"
    async with random_flow(7) as flow:
        await flow.trade(30)
        await flow.close()
        before = await rebuilt(rows, flow, flow.log)
        await transfer_log(flow.log, server, progress=lambda _: None)
        # The rows stand at a position where an event of this log cannot begin.
        after = await rebuilt(rows, flow, server)
    assert (after.events, after.total) == (before.events, before.events)
    assert after.swapped
