"""Consumer groups that fail drop their consumers, who hear of it; they hold no more than they may."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from adapters.eventstore_node.persistent import groups
from adapters.eventstore_node.persistent.group import Group
from adapters.eventstore_node.server import running_node
from tests.integration.eventstore_node.cases import PATIENCE_S, noted, revisions, take
from tests.integration.eventstore_node.client_library import Client, ClientError, StreamState

GROUP = "group"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with running_node(tmp_path / "node") as node:
        client = Client(node.uri)
        await client.connect()
        yield client
        await client.close()


@pytest.mark.parametrize("part", ["_follow_stream", "_checkpoint_due"])
async def test_consumers_of_a_group_that_fails_hear_of_it_and_the_next_one_is_served(
    client: Client, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.append_to_stream("s", current_version=StreamState.ANY, events=noted(2))

    def failing(*_: object) -> bool:
        raise RuntimeError("planted")

    with monkeypatch.context() as planted:
        planted.setattr(Group, part, failing)
        await client.create_subscription_to_stream(GROUP, "s")
        consumer = await client.read_subscription_to_stream(GROUP, "s")
        with pytest.raises(ClientError):
            await take(consumer, 3)
        await consumer.stop()
    consumer = await client.read_subscription_to_stream(GROUP, "s")
    assert revisions(await take(consumer, 2)) == [0, 1]
    await consumer.stop()


async def test_no_more_parked_events_are_replayed_at_once_than_a_group_holds(client: Client) -> None:
    number, holds = 40, 12
    await client.append_to_stream("s", current_version=StreamState.ANY, events=noted(number))
    settings = {"history_buffer_size": holds, "live_buffer_size": holds, "read_batch_size": 5}
    await client.create_subscription_to_stream(GROUP, "s", **settings)
    consumer = await client.read_subscription_to_stream(GROUP, "s")
    for event in await take(consumer, number):
        await consumer.nack(event, "park")
    await consumer.stop()

    async def parked() -> int:
        return (await client.get_subscription_info(GROUP, "s")).parked_message_count

    await until(parked, number)
    await client.replay_parked_events(GROUP, "s")
    # Nobody takes them: all that are not in memory are where they were.
    await until(lambda: retrying(client), holds)
    assert await parked() == number
    consumer = await client.read_subscription_to_stream(GROUP, "s")
    again = await take(consumer, number)
    for event in again:
        await consumer.ack(event)
    assert revisions(again) == list(range(number))
    await until(parked, 0)
    await consumer.stop()


async def retrying(client: Client) -> int:
    return (await client.get_subscription_info(GROUP, "s")).retry_buffer_count


async def until(ask: Callable[[], Awaitable[int]], wanted: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await ask() != wanted:  # noqa: ASYNC110 (the server does not tell)
            await asyncio.sleep(0.02)


async def test_there_are_so_many_groups_and_no_more(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "GROUPS_MAX", 2)
    for name in ("one", "two"):
        await client.create_subscription_to_stream(name, "s")
    with pytest.raises(ClientError, match="there are 2 subscription groups"):
        await client.create_subscription_to_stream("three", "s")
    await client.delete_subscription("one", "s")
    await client.create_subscription_to_stream("three", "s")
