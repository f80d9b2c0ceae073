"""What a node still knows after it was stopped, or killed."""

import asyncio
import signal
from collections import Counter
from pathlib import Path

import pytest

from adapters.eventstore_node.server import running_node
from tests.integration.eventstore_node.cases import PATIENCE_S, noted, revisions, revisions_of, take
from tests.integration.eventstore_node.client_library import (
    Client,
    ClientError,
    NotFound,
    StreamIsDeleted,
    StreamState,
)
from tests.integration.eventstore_node.node_process import NodeProcess

ANY, NO_STREAM = StreamState.ANY, StreamState.NO_STREAM
GROUP = "group"


class Connected:
    """A node on a folder, with a client."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def __aenter__(self) -> Client:
        self._running = running_node(self._folder)
        node = await self._running.__aenter__()
        self._client = Client(node.uri)
        await self._client.connect()
        return self._client

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()
        await self._running.__aexit__(None, None, None)


async def test_deletes_and_metadata_outlive_the_node(tmp_path: Path) -> None:
    async with Connected(tmp_path) as client:
        for stream in ("soft", "hard", "short", "whole"):
            await client.append_to_stream(stream, current_version=NO_STREAM, events=noted(3))
        await client.delete_stream("soft", current_version=2)
        await client.tombstone_stream("hard", current_version=2)
        await client.set_stream_metadata("short", metadata={"$maxCount": 1})
    async with Connected(tmp_path) as client:
        assert await revisions_of(client, "whole") == [0, 1, 2]
        assert await revisions_of(client, "short") == [2]
        with pytest.raises(NotFound):
            await client.get_stream("soft")
        with pytest.raises(StreamIsDeleted):
            await client.get_stream("hard")
        await client.append_to_stream("soft", current_version=NO_STREAM, events=noted())
        assert await revisions_of(client, "soft") == [3]


@pytest.mark.parametrize("expected", [ANY, NO_STREAM])
async def test_a_retry_across_a_restart_is_known(tmp_path: Path, expected: StreamState) -> None:
    events = noted(3)
    async with Connected(tmp_path) as client:
        original = await client.append_to_stream("a", current_version=NO_STREAM, events=events)
    async with Connected(tmp_path) as client:
        assert await client.append_to_stream("a", current_version=expected, events=events) == original
        assert await revisions_of(client, "a") == [0, 1, 2]


async def test_groups_keep_their_settings_progress_and_parked_events(tmp_path: Path) -> None:
    async with Connected(tmp_path) as client:
        await client.append_to_stream("a", current_version=NO_STREAM, events=noted(4))
        await client.create_subscription_to_stream(GROUP, "a", max_retry_count=7, checkpoint_after=0.1)
        await client.create_subscription_to_all("everything", filter_include=["Noted"], from_end=True)
        items = await client.read_subscription_to_stream(GROUP, "a", max_ack_delay=0.01)
        one, two = (await take(items, 4))[:2]
        await items.ack(one)
        await items.nack(two, "park")
        async with asyncio.timeout(PATIENCE_S):
            # What came before it on the same call has arrived too.
            while not (await client.get_subscription_info(GROUP, "a")).parked_message_count:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await items.stop()
    async with Connected(tmp_path) as client:
        info = await client.get_subscription_info(GROUP, "a")
        assert (info.max_retry_count, info.parked_message_count) == (7, 1)
        assert info.last_checkpointed_event_position == "1"
        items = await client.read_subscription_to_stream(GROUP, "a")
        assert revisions(await take(items, 2)) == [2, 3]
        await client.replay_parked_events(GROUP, "a")
        assert revisions(await take(items, 1)) == [1]
        await items.stop()
        await client.append_to_stream("b", current_version=NO_STREAM, events=noted(1))
        everything = await client.read_subscription_to_all("everything")
        assert [event.stream_name for event in await take(everything, 1)] == ["b"]
        await everything.stop()


async def test_a_node_stops_cleanly_when_asked(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path)
    await node.start()
    assert await node.end(signal.SIGTERM) == 0


async def test_no_acknowledged_append_is_lost_when_the_node_is_killed(tmp_path: Path) -> None:
    # Another port each time: the client library waits a while before it tries a dead address again.
    node = NodeProcess(tmp_path, same_port=False)
    acknowledged: Counter[str] = Counter()
    for round_number in range(3):
        await node.start()
        client = Client(node.uri)
        await client.connect()
        writing = [
            asyncio.create_task(write_until_it_fails(client, f"s{round_number}-{n}", acknowledged))
            for n in range(16)
        ]
        already = acknowledged.total()
        while acknowledged.total() < already + 300:  # noqa: ASYNC110  # killed in the middle of the work
            await asyncio.sleep(0.01)
        await node.end(signal.SIGKILL)
        await asyncio.gather(*writing)
        await client.close()
    await node.start()
    client = Client(node.uri)
    await client.connect()
    for stream, count in acknowledged.items():
        stored = await revisions_of(client, stream)
        assert stored == list(range(len(stored)))
        assert len(stored) >= count
    await client.close()
    await node.end(signal.SIGTERM)


async def write_until_it_fails(client: Client, stream: str, acknowledged: Counter[str]) -> None:
    while True:
        try:
            await client.append_to_stream(stream, current_version=ANY, events=noted(2), timeout=1)
        except ClientError:
            return
        acknowledged[stream] += 2


async def test_a_consumer_can_stop_its_group_which_goes_on_with_the_next_one(tmp_path: Path) -> None:
    async with Connected(tmp_path) as client:
        await client.append_to_stream("a", current_version=NO_STREAM, events=noted(3))
        await client.create_subscription_to_stream(GROUP, "a")
        items = await client.read_subscription_to_stream(GROUP, "a", max_ack_delay=0.01)
        one, two, _ = await take(items, 3)
        await items.ack(one)
        await items.nack(two, "stop")
        with pytest.raises((ClientError, StopAsyncIteration, RuntimeError)):
            await take(items, 1)
        await items.stop()
        items = await client.read_subscription_to_stream(GROUP, "a")
        assert revisions(await take(items, 2)) == [1, 2]
        await items.stop()
