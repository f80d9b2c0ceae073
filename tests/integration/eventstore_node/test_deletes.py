"""Soft deletes, tombstones, and what is left of a stream after them."""

import json

import pytest

from tests.integration.eventstore_node.cases import noted, read_all, revisions_of
from tests.integration.eventstore_node.client_library import (
    Client,
    NotFound,
    StreamIsDeleted,
    StreamState,
    WrongCurrentVersion,
)

ANY, EXISTS, NO_STREAM = StreamState.ANY, StreamState.EXISTS, StreamState.NO_STREAM
DELETED = 2**63 - 1


async def put(client: Client, stream: str, count: int = 3) -> None:
    await client.append_to_stream(stream, current_version=NO_STREAM, events=noted(count))


async def test_a_soft_delete_writes_a_truncation_at_the_end_of_all_revisions(
    client: Client, stream: str
) -> None:
    await put(client, stream)
    await client.delete_stream(stream, current_version=2)
    [event] = await client.get_stream(f"$${stream}")
    assert (event.type, json.loads(event.data)) == ("$metadata", {"$tb": DELETED})
    with pytest.raises(NotFound):
        await client.get_stream(stream)


async def test_revisions_go_on_after_a_soft_delete(client: Client, stream: str) -> None:
    await put(client, stream)
    await client.delete_stream(stream, current_version=ANY)
    await client.append_to_stream(stream, current_version=ANY, events=noted(2))
    metadata, _ = await client.get_stream_metadata(stream)
    assert await revisions_of(client, stream) == [3, 4]
    assert metadata == {"$tb": 3}


async def test_a_soft_delete_needs_a_stream_and_the_right_version(client: Client, stream: str) -> None:
    with pytest.raises(NotFound):
        await client.delete_stream(stream, current_version=ANY)
    await put(client, stream)
    with pytest.raises(WrongCurrentVersion):
        await client.delete_stream(stream, current_version=1)
    assert await revisions_of(client, stream) == [0, 1, 2]


async def test_a_soft_deleted_stream_that_must_exist_cannot_be_deleted(client: Client, stream: str) -> None:
    await put(client, stream)
    await client.delete_stream(stream, current_version=EXISTS)
    with pytest.raises(StreamIsDeleted):
        await client.delete_stream(stream, current_version=EXISTS)


async def test_metadata_set_on_a_soft_deleted_stream_brings_it_back_empty(
    client: Client, stream: str
) -> None:
    await put(client, stream)
    await client.delete_stream(stream, current_version=2)
    await client.set_stream_metadata(stream, metadata={"colour": "red"})
    metadata, _ = await client.get_stream_metadata(stream)
    assert metadata == {"colour": "red", "$tb": 3}
    assert await revisions_of(client, stream) == []


async def test_a_tombstone_ends_a_stream_for_good(client: Client, stream: str) -> None:
    await put(client, stream)
    await client.tombstone_stream(stream, current_version=2)
    with pytest.raises(StreamIsDeleted):
        await client.get_stream(stream)
    for expected in (ANY, NO_STREAM, EXISTS, 2, 3):
        with pytest.raises(StreamIsDeleted):
            await client.append_to_stream(stream, current_version=expected, events=noted())
    with pytest.raises(StreamIsDeleted):
        await client.delete_stream(stream, current_version=ANY)
    with pytest.raises(StreamIsDeleted):
        await client.tombstone_stream(stream, current_version=ANY)
    with pytest.raises(StreamIsDeleted):
        await client.get_stream_metadata(stream)
    # They can be set, although nobody can read them.
    await client.set_stream_metadata(stream, metadata={})
    with pytest.raises(StreamIsDeleted):
        await client.get_stream_metadata(stream)


async def test_a_tombstone_is_an_event_of_the_log_at_the_last_of_all_revisions(
    client: Client, stream: str
) -> None:
    await put(client, stream, 1)
    await client.tombstone_stream(stream, current_version=0)
    found = await read_all(
        client, filter_include=[stream], filter_by_stream_name=True, backwards=True, limit=1
    )
    assert [(event.type, event.stream_position) for event in found] == [("$streamDeleted", DELETED)]


async def test_a_stream_that_never_was_can_be_tombstoned(client: Client, stream: str) -> None:
    await client.tombstone_stream(stream, current_version=NO_STREAM)
    with pytest.raises(StreamIsDeleted):
        await client.append_to_stream(stream, current_version=NO_STREAM, events=noted())


async def test_nothing_is_written_after_a_tombstone_that_is_on_its_way(client: Client, stream: str) -> None:
    import asyncio

    await put(client, stream, 1)
    tombstone = asyncio.create_task(client.tombstone_stream(stream, current_version=ANY))
    appends = [
        asyncio.create_task(client.append_to_stream(stream, current_version=ANY, events=noted()))
        for _ in range(20)
    ]
    await asyncio.gather(tombstone, *appends, return_exceptions=True)
    found = await read_all(client, filter_include=[stream], filter_by_stream_name=True)
    assert [event.type for event in found].index("$streamDeleted") == len(found) - 1
