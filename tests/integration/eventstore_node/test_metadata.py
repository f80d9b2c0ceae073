"""Stream metadata: what it hides from readers."""

import asyncio
import time

import pytest

from tests.integration.eventstore_node.cases import noted, read_all, revisions_of
from tests.integration.eventstore_node.client_library import Client, StreamState

ANY, NO_STREAM = StreamState.ANY, StreamState.NO_STREAM


async def put(client: Client, stream: str, count: int) -> None:
    await client.append_to_stream(stream, current_version=ANY, events=noted(count))


async def test_max_count_keeps_the_newest(client: Client, stream: str) -> None:
    await put(client, stream, 5)
    await client.set_stream_metadata(stream, metadata={"$maxCount": 2})
    assert await revisions_of(client, stream) == [3, 4]
    await put(client, stream, 1)
    assert await revisions_of(client, stream) == [4, 5]
    assert await revisions_of(client, stream, backwards=True) == [5, 4]
    assert await revisions_of(client, stream, stream_position=0, limit=1) == [4]


async def test_truncate_before_hides_what_lies_before(client: Client, stream: str) -> None:
    await put(client, stream, 5)
    await client.set_stream_metadata(stream, metadata={"$tb": 3})
    assert await revisions_of(client, stream) == [3, 4]
    assert await revisions_of(client, stream, backwards=True, stream_position=3) == [3]


async def test_max_age_hides_what_is_older(client: Client, stream: str) -> None:
    for age_s in (1, 4, 16):
        name = f"{stream}-{age_s}"
        await put(client, name, 2)
        await asyncio.sleep(age_s + 0.2)
        await client.set_stream_metadata(name, metadata={"$maxAge": age_s})
        begin = time.monotonic()
        await put(client, name, 2)
        found = (
            await revisions_of(client, name),
            await revisions_of(client, name, limit=1),
            await revisions_of(client, name, backwards=True),
        )
        # A machine that takes longer than that to answer has shown nothing yet.
        if time.monotonic() - begin < age_s:
            assert found == ([2, 3], [2], [3, 2])
            return
    pytest.fail("the machine is too slow to see anything")


async def test_what_is_hidden_from_the_stream_is_still_in_the_log(client: Client, stream: str) -> None:
    await put(client, stream, 3)
    await client.set_stream_metadata(stream, metadata={"$maxCount": 1})
    found = await read_all(client, filter_include=[stream], filter_by_stream_name=True)
    assert len(found) == 3


async def test_a_metadata_stream_keeps_one_event(client: Client, stream: str) -> None:
    await put(client, stream, 1)
    for count in (1, 2, 3):
        await client.set_stream_metadata(stream, metadata={"$maxCount": count})
    assert await client.get_stream_metadata(stream) == ({"$maxCount": 3}, 2)
    assert await revisions_of(client, f"$${stream}") == [2]


async def test_a_stream_without_metadata_has_none(client: Client, stream: str) -> None:
    assert await client.get_stream_metadata(stream) == ({}, NO_STREAM)


async def test_metadata_may_be_set_before_the_stream_exists(client: Client, stream: str) -> None:
    await client.set_stream_metadata(stream, metadata={"$maxCount": 1}, current_version=NO_STREAM)
    await put(client, stream, 3)
    assert await revisions_of(client, stream) == [2]
