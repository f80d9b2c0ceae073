"""Calls as bytes and messages, for what the client libraries never send."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any
from uuid import uuid4

import grpc

from adapters.eventstore_node import messages

STREAMS = "/event_store.client.streams.Streams"
Metadata = tuple[tuple[str, str], ...]


class Channel:
    """A connection whose calls show what the server said.

    gRPC's asynchronous client puts an error of its own in the place of the server's status when the server
    ends a call that is still being written to. The other client does not, so this one works in a thread.
    """

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    async def ready(self) -> None:
        """Wait until the server is there."""
        await asyncio.to_thread(grpc.channel_ready_future(self._channel).result)

    async def call(
        self, path: str, *requests: Any, metadata: Metadata = (), answers: int | None = None
    ) -> list[bytes]:
        """Send messages, or bytes, and return so many answers, or all there are."""
        raw = [each if isinstance(each, bytes) else each.SerializeToString() for each in requests]
        call = self._channel.stream_stream(path)(iter(raw), metadata=metadata)
        try:
            return await asyncio.to_thread(lambda: list(islice(call, answers)))
        finally:
            call.cancel()


@asynccontextmanager
async def channel_to(uri: str) -> AsyncIterator[Channel]:
    """Give a connection to the address in a connection string."""
    address = uri.rpartition("://")[2].rpartition("@")[2].partition("?")[0]
    with grpc.insecure_channel(address) as channel:
        yield Channel(channel)


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


async def batch(channel: Channel, *requests: Any, metadata: Metadata = (), answers: int = 1) -> Any:
    """Send requests over one call, wait for so many answers, and return the last."""
    found = await channel.call(f"{STREAMS}/BatchAppend", *requests, metadata=metadata, answers=answers)
    assert len(found) == answers
    return messages.BatchAppendResp.FromString(found[-1])


async def read(channel: Channel, request: Any, metadata: Metadata = ()) -> list[Any]:
    """Return everything that a read brings."""
    found = await channel.call(f"{STREAMS}/Read", request, metadata=metadata)
    return [messages.ReadResp.FromString(raw) for raw in found]


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
    channel: Channel, stream: str, metadata: Metadata = (), *, limit: int = 1000
) -> list[int]:
    """Return the revisions that a stream shows."""
    found = await read(channel, read_of(stream, limit), metadata)
    return [each.event.event.stream_revision for each in found if each.WhichOneof("content") == "event"]
