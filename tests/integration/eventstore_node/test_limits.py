"""The size of an append, and requests that make no sense."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import grpc
import pytest

from adapters.eventstore_node import messages
from tests.integration.eventstore_node.cases import noted, revisions_of
from tests.integration.eventstore_node.client_library import (
    Client,
    MaximumAppendSizeExceededError,
    NewEvent,
    StreamState,
)
from tests.integration.eventstore_node.raw_calls import STREAMS, batch, batch_of, channel_to, revisions

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
    names = [f"{stream}-{n}" for n in range(1000)]
    await asyncio.gather(
        *(client.append_to_stream(name, current_version=NO_STREAM, events=noted(2)) for name in names)
    )
    found = await asyncio.gather(*(revisions_of(client, name) for name in names))
    assert found == [[0, 1]] * 1000


async def test_an_append_in_pieces_is_whole(uri: str, stream: str) -> None:
    name = str(uuid4())
    pieces = [
        batch_of(
            stream,
            ids=[str(uuid4()) for _ in range(5_000)],
            data=b"",
            correlation=name,
            is_final=number == 7,
        )
        for number in range(8)
    ]
    async with channel_to(uri) as channel:
        answer = await batch(channel, *pieces)
        assert answer.success.current_revision == 39_999
        assert len(await revisions(channel, stream, limit=50_000)) == 40_000


async def test_an_append_in_pieces_that_is_too_large_is_refused_whole(uri: str, stream: str) -> None:
    name = str(uuid4())
    pieces = [
        batch_of(stream, data=b"x" * 300_000, correlation=name, is_final=number == 9) for number in range(10)
    ]
    async with channel_to(uri) as channel:
        answer = await batch(channel, *pieces)
        assert answer.error.details.type_url.endswith("MaximumAppendSizeExceeded")
        assert await revisions(channel, stream) == []


def append_of(stream: str, count: int, data: bytes) -> list[Any]:
    """Return the messages of a call to append that is not one of batches: what to do, then each event."""
    head = messages.AppendReq()
    head.options.stream_identifier.stream_name = stream.encode()
    head.options.no_stream.SetInParent()
    requests = [head]
    for _ in range(count):
        proposed = messages.AppendReq()
        proposed.proposed_message.id.string = str(uuid4())
        proposed.proposed_message.metadata["type"] = "Noted"
        proposed.proposed_message.metadata["content-type"] = "application/json"
        proposed.proposed_message.data = data
        requests.append(proposed)
    return requests


async def test_an_append_of_one_message_an_event_is_whole(uri: str, stream: str) -> None:
    async with channel_to(uri) as channel:
        [raw] = await channel.call(f"{STREAMS}/Append", *append_of(stream, 3_000, b"{}"))
        assert messages.AppendResp.FromString(raw).success.current_revision == 2_999
        assert len(await revisions(channel, stream, limit=5_000)) == 3_000


async def test_an_append_of_one_message_an_event_that_is_too_large_is_refused_whole(
    uri: str, stream: str
) -> None:
    async with channel_to(uri) as channel:
        with pytest.raises(grpc.RpcError, match=f"Maximum Append Size of {LIMIT_BYTES} Exceeded"):
            await channel.call(f"{STREAMS}/Append", *append_of(stream, 10, b"x" * 300_000))
        assert await revisions(channel, stream) == []


async def test_pieces_of_two_appends_may_take_turns(uri: str, stream: str) -> None:
    names = [str(uuid4()), str(uuid4())]
    turns = [(n, last) for last in (False, True) for n in (0, 1)]
    pieces = [batch_of(f"{stream}{n}", correlation=names[n], is_final=last) for n, last in turns]
    async with channel_to(uri) as channel:
        await batch(channel, *pieces, answers=2)
        assert await revisions(channel, f"{stream}0") == await revisions(channel, f"{stream}1") == [0, 1]


@pytest.mark.parametrize("kind", ["deadline", "deadline_21_10_0"])
async def test_an_append_whose_time_is_over_is_not_written(uri: str, stream: str, kind: str) -> None:
    request = batch_of(stream)
    deadline = getattr(request.options, kind)
    deadline.seconds = 0 if kind == "deadline" else int(time.time()) - 10
    deadline.SetInParent()
    async with channel_to(uri) as channel:
        answer = await batch(channel, request)
        assert (answer.error.message, answer.error.code) == ("Timeout", 4)
        assert messages.Timeout.DESCRIPTOR.full_name in answer.error.details.type_url
        assert await revisions(channel, stream) == []
