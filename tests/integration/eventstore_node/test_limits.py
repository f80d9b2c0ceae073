"""The size of an append, and requests that make no sense."""

import pytest

from tests.integration.eventstore_node.cases import noted, revisions_of
from tests.integration.eventstore_node.client_library import (
    Client,
    MaximumAppendSizeExceededError,
    NewEvent,
    StreamState,
)

ANY, NO_STREAM = StreamState.ANY, StreamState.NO_STREAM
LIMIT_BYTES = 1024 * 1024


@pytest.mark.parametrize("excess_bytes", [1, 5 * 1024 * 1024])
async def test_an_append_above_the_limit_is_refused_by_name(
    client: Client, stream: str, excess_bytes: int
) -> None:
    event = NewEvent(type="Noted", data=b"x" * (LIMIT_BYTES - 10 + excess_bytes))
    with pytest.raises(MaximumAppendSizeExceededError, match=str(LIMIT_BYTES)):
        await client.append_to_stream(stream, current_version=NO_STREAM, events=[event])
    assert await revisions_of(client, stream) == []


async def test_an_append_at_the_limit_is_taken(client: Client, stream: str) -> None:
    event = NewEvent(type="Noted", data=b"x" * (LIMIT_BYTES - 10))
    await client.append_to_stream(stream, current_version=NO_STREAM, events=[event])
    [stored] = await client.get_stream(stream)
    assert len(stored.data) == LIMIT_BYTES - 10


async def test_an_append_of_nothing_changes_nothing(client: Client, stream: str) -> None:
    await client.append_to_stream(stream, current_version=NO_STREAM, events=noted())
    await client.append_to_stream(stream, current_version=0, events=[])
    assert await revisions_of(client, stream) == [0]


async def test_a_thousand_streams_are_written_and_read_at_once(client: Client, stream: str) -> None:
    import asyncio

    names = [f"{stream}-{n}" for n in range(1000)]
    await asyncio.gather(
        *(client.append_to_stream(name, current_version=NO_STREAM, events=noted(2)) for name in names)
    )
    found = await asyncio.gather(*(revisions_of(client, name) for name in names))
    assert found == [[0, 1]] * 1000
