"""A node whose log holds links to every event, as a server with system projections writes them.

They come a moment after the events, between those of others, and are seen by whoever reads the whole log.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from uuid import uuid4

from adapters.event_stores.sqlite import SqliteEventStore
from adapters.eventstore_node.engine import Engine
from adapters.eventstore_node.records import LINK_TYPE
from adapters.eventstore_node.server import LOG_FILE, Node, running_node_on
from application.ports.event_store import NewEvent, RecordedEvent


@asynccontextmanager
async def node_with_links(data: Path) -> AsyncIterator[Node]:
    """Give a running node, on disk."""
    engine = SqliteEventStore.open(data / LOG_FILE)
    async with running_node_on(engine) as node:
        linking = asyncio.create_task(_link(engine))
        yield node
        linking.cancel()
        [ended] = await asyncio.gather(linking, return_exceptions=True)
        assert isinstance(ended, asyncio.CancelledError), ended
    await engine.close()


async def _link(engine: Engine) -> None:
    written: Counter[str] = Counter()
    async with aclosing(engine.subscribe()) as pages:
        async for page in pages:
            for event in page.events:
                for stream in (f"$ce-{event.stream.partition('-')[0]}", f"$et-{event.type}"):
                    await engine.append(stream, [_link_to(event)], expected=written[stream] - 1)
                    written[stream] += 1


def _link_to(event: RecordedEvent) -> NewEvent:
    return NewEvent(id=uuid4(), type=LINK_TYPE, data=f"{event.revision}@{event.stream}".encode())
