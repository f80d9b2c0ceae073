"""The blocking client, which waits in threads where the asynchronous one awaits."""

import asyncio
from uuid import uuid4

import pytest

from tests.integration.eventstore_node.client_library import (
    NewEvent,
    NotFound,
    StreamIsDeleted,
    StreamState,
    SyncClient,
    WrongCurrentVersion,
)

ANY, NO_STREAM = StreamState.ANY, StreamState.NO_STREAM


def noted(count: int) -> list[NewEvent]:
    return [NewEvent(id=uuid4(), type="Noted", data=b"{}") for _ in range(count)]


def append_and_read(client: SyncClient, stream: str) -> None:
    events = noted(3)
    position = client.append_to_stream(stream, current_version=NO_STREAM, events=events)
    assert client.append_to_stream(stream, current_version=NO_STREAM, events=events) == position
    with pytest.raises(WrongCurrentVersion):
        client.append_to_stream(stream, current_version=NO_STREAM, events=noted(1))
    assert [event.id for event in client.get_stream(stream)] == [event.id for event in events]
    backwards = client.get_stream(stream, backwards=True, limit=2)
    assert [event.stream_position for event in backwards] == [2, 1]
    with client.read_all(filter_include=[stream], filter_by_stream_name=True) as found:
        assert len(list(found)) == 3


def subscribe(client: SyncClient, stream: str) -> None:
    client.append_to_stream(stream, current_version=NO_STREAM, events=noted(2))
    with client.subscribe_to_all(filter_include=[stream], filter_by_stream_name=True) as items:
        assert [next(items).stream_position for _ in range(2)] == [0, 1]
        client.append_to_stream(stream, current_version=1, events=noted(1))
        assert next(items).stream_position == 2


def consume(client: SyncClient, stream: str) -> None:
    client.append_to_stream(stream, current_version=NO_STREAM, events=noted(3))
    client.create_subscription_to_stream("group", stream)
    with client.read_subscription_to_stream("group", stream) as items:
        first, second = next(items), next(items)
        items.ack(first)
        items.nack(second, "retry")
        third = next(items)
        again = next(items)
        items.ack(third)
        items.ack(again)
    assert (third.stream_position, again.stream_position, again.retry_count) == (2, 1, 1)
    client.delete_subscription("group", stream)


def delete(client: SyncClient, stream: str) -> None:
    client.append_to_stream(stream, current_version=NO_STREAM, events=noted(2))
    client.delete_stream(stream, current_version=1)
    with pytest.raises(NotFound):
        client.get_stream(stream)
    client.tombstone_stream(stream, current_version=ANY)
    with pytest.raises(StreamIsDeleted):
        client.get_stream(stream)


@pytest.mark.parametrize("work", [append_and_read, subscribe, consume, delete])
async def test_the_blocking_client_works(uri: str, stream: str, work: object) -> None:
    def run() -> None:
        assert callable(work)
        client = SyncClient(uri)
        try:
            work(client, stream)
        finally:
            client.close()

    await asyncio.to_thread(run)
