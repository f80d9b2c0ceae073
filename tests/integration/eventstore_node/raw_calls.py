"""Calls as bytes and messages, for what the client libraries never send."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import grpc.aio

from adapters.eventstore_node import messages

STREAMS = "/event_store.client.streams.Streams"
Metadata = tuple[tuple[str, str], ...]


@asynccontextmanager
async def channel_to(uri: str) -> AsyncIterator[grpc.aio.Channel]:
    """Give a connection to the address in a connection string."""
    address = uri.rpartition("://")[2].rpartition("@")[2].partition("?")[0]
    async with grpc.aio.insecure_channel(address) as channel:
        yield channel


def batch_of(
    stream: str,
    *,
    revision: int | None = None,
    ids: Sequence[str] | None = None,
    data: bytes = b"{}",
    correlation: str | None = None,
    is_final: bool = True,
) -> Any:
    """Return a request to append, whole or a piece of one."""
    request = messages.BatchAppendReq(is_final=is_final)
    request.correlation_id.string = correlation or str(uuid4())
    request.options.stream_identifier.stream_name = stream.encode()
    if revision is None:
        request.options.any.SetInParent()
    else:
        request.options.stream_position = revision
    for event_id in [str(uuid4())] if ids is None else ids:
        proposed = request.proposed_messages.add()
        proposed.id.string = event_id
        proposed.metadata["type"] = "Noted"
        proposed.metadata["content-type"] = "application/json"
        proposed.data = data
    return request


async def batch(channel: grpc.aio.Channel, *requests: Any, metadata: Metadata = (), answers: int = 1) -> Any:
    """Send requests over one call, wait for so many answers, and return the last."""
    call = channel.stream_stream(f"{STREAMS}/BatchAppend")(
        iter([request.SerializeToString() for request in requests]), metadata=metadata
    )
    async for raw in call:
        answers -= 1
        if not answers:
            return messages.BatchAppendResp.FromString(raw)
    raise AssertionError("no answer")


async def read(channel: grpc.aio.Channel, request: Any, metadata: Metadata = ()) -> list[Any]:
    """Return everything that a read brings."""
    call = channel.unary_stream(f"{STREAMS}/Read")(request.SerializeToString(), metadata=metadata)
    return [messages.ReadResp.FromString(raw) async for raw in call]


def read_of(stream: str, limit: int = 1000) -> Any:
    """Return a request to read a stream from its beginning."""
    request = messages.ReadReq()
    request.options.stream.stream_identifier.stream_name = stream.encode()
    request.options.stream.start.SetInParent()
    request.options.count = limit
    request.options.no_filter.SetInParent()
    request.options.uuid_option.string.SetInParent()
    return request


async def revisions(
    channel: grpc.aio.Channel, stream: str, metadata: Metadata = (), *, limit: int = 1000
) -> list[int]:
    """Return the revisions that a stream shows."""
    found = await read(channel, read_of(stream, limit), metadata)
    return [each.event.event.stream_revision for each in found if each.WhichOneof("content") == "event"]
