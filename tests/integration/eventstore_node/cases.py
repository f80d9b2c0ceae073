"""Small helpers of the protocol cases."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

from tests.integration.eventstore_node.client_library import Client, NewEvent, NotFound, RecordedEvent

PATIENCE_S = 20


def noted(count: int = 1, event_type: str = "Noted") -> list[NewEvent]:
    return [NewEvent(id=uuid4(), type=event_type, data=b'{"n":%d}' % n) for n in range(count)]


def revisions(events: Sequence[RecordedEvent]) -> list[int]:
    return [event.stream_position for event in events]


async def revisions_of(client: Client, stream: str, **options: Any) -> list[int]:
    try:
        return revisions(await client.get_stream(stream, **options))
    except NotFound:
        return []


async def take(items: AsyncIterator[RecordedEvent], count: int) -> list[RecordedEvent]:
    async with asyncio.timeout(PATIENCE_S):
        return [await anext(items) for _ in range(count)]


async def read_all(client: Client, **options: Any) -> list[RecordedEvent]:
    async with await client.read_all(**options) as events:
        return [event async for event in events]
