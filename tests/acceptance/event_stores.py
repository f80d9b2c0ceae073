"""Where the exchange under test keeps its log: a matter of one setting."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.in_a_cluster import CLUSTER
from tests.cluster.program import PROGRAM
from tests.integration.eventstore_node.node_process import NodeProcess, ProgramProcess

EVENT_STORES = ("eventstoredb",) if CLUSTER else ("sqlite", "eventstoredb")
EVERY_STORE = EVENT_STORES if CLUSTER else (*EVENT_STORES, "json_lines")


@contextmanager
def event_store(name: str, folder: Path) -> Iterator[None]:
    """Have every ``presage`` that the block runs keep its log in a fresh store of that name."""
    if name == "sqlite":
        yield
        return
    if name == "json_lines":
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PRESAGE_EVENT_STORE", str(folder / "log"))
            yield
        return
    with running_node(folder) as node, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRESAGE_EVENT_STORE", node.uri)
        yield


@contextmanager
def running_node(folder: Path) -> Iterator[Any]:
    """Run EventStoreDB in a process of its own: its own program if one is named, or the stand-in."""
    node = ProgramProcess(folder) if PROGRAM else NodeProcess(folder)
    asyncio.run(node.start())
    try:
        yield node
    finally:
        asyncio.run(node.end(signal.SIGKILL))
