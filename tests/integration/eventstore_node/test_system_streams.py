"""Categories and types as streams of links."""

import asyncio

import pytest

from tests.integration.eventstore_node.cases import PATIENCE_S, noted, revisions, revisions_of, take
from tests.integration.eventstore_node.client_library import Client, RecordedEvent, StreamState

ANY = StreamState.ANY


async def put(client: Client, stream: str, count: int = 1, event_type: str = "Noted") -> None:
    await client.append_to_stream(stream, current_version=ANY, events=noted(count, event_type))


async def links(client: Client, stream: str, count: int) -> list[RecordedEvent]:
    """Read a derived stream once it holds so many links; a genuine server needs a moment."""
    async with asyncio.timeout(PATIENCE_S):
        while len(await revisions_of(client, stream)) < count:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.05)
    return list(await client.get_stream(stream))


async def test_a_category_links_to_the_events_of_its_streams(client: Client, stream: str) -> None:
    category = stream.partition("-")[0]
    await put(client, f"{category}-1", 2)
    await put(client, f"{category}x-1", 1)
    await put(client, f"{category}-2-3", 1)
    found = await links(client, f"$ce-{category}", 3)
    assert [event.type for event in found] == ["$>"] * 3
    assert revisions(found) == [0, 1, 2]
    assert [event.data.decode() for event in found] == [
        f"0@{category}-1",
        f"1@{category}-1",
        f"0@{category}-2-3",
    ]


async def test_a_type_links_to_its_events(client: Client, stream: str) -> None:
    event_type = f"T{stream}"
    await put(client, stream, 2, event_type)
    await put(client, stream, 1, f"{event_type}2")
    found = await links(client, f"$et-{event_type}", 2)
    assert [event.data.decode() for event in found] == [f"0@{stream}", f"1@{stream}"]


async def test_links_are_followed_both_ways(client: Client, stream: str) -> None:
    category = stream.partition("-")[0]
    for n in range(4):
        await put(client, f"{category}-{n}")
    await links(client, f"$ce-{category}", 4)
    name = f"$ce-{category}"
    forwards = await client.get_stream(name, stream_position=1, limit=2, resolve_links=True)
    backwards = await client.get_stream(name, backwards=True, limit=2, resolve_links=True)
    assert [event.stream_name for event in forwards] == [f"{category}-1", f"{category}-2"]
    assert [event.stream_name for event in backwards] == [f"{category}-3", f"{category}-2"]
    assert [event.link.stream_position for event in backwards if event.link] == [3, 2]
    assert await revisions_of(client, name, stream_position=9) == []


async def test_a_category_can_be_followed(client: Client, stream: str) -> None:
    category = stream.partition("-")[0]
    await put(client, f"{category}-1", 2)
    await links(client, f"$ce-{category}", 2)
    subscribing = client.subscribe_to_stream(f"$ce-{category}", stream_position=0, resolve_links=True)
    async with await subscribing as items:
        [past] = await take(items, 1)
        await put(client, f"{category}-2")
        [present] = await take(items, 1)
    assert (past.stream_name, past.stream_position) == (f"{category}-1", 1)
    assert present.stream_name == f"{category}-2"
    assert present.link is not None
    assert present.link.stream_position == 2


async def test_a_group_can_consume_a_category(client: Client, stream: str) -> None:
    category = stream.partition("-")[0]
    name = f"$ce-{category}"
    await put(client, f"{category}-1", 2)
    await links(client, name, 2)
    await client.create_subscription_to_stream("group", name, resolve_links=True)
    subscription = await client.read_subscription_to_stream("group", name)
    events = await take(subscription, 2)
    for event in events:
        await subscription.ack(event)
    await subscription.stop()
    assert [event.stream_name for event in events] == [f"{category}-1"] * 2


async def test_a_follower_of_a_category_is_given_the_events_that_create_streams(
    client: Client, stream: str
) -> None:
    category = stream.partition("-")[0]
    subscribing = client.subscribe_to_stream(f"$ce-{category}", resolve_links=True)
    async with await subscribing as items:
        for n in range(20):
            await put(client, f"{category}-{n}")
        names = [event.stream_name for event in await take(items, 20)]
    assert names == [f"{category}-{n}" for n in range(20)]


@pytest.mark.parametrize("resolve_links", [True, False])
async def test_what_a_group_on_a_category_has_parked_comes_again_when_it_is_replayed(
    client: Client, stream: str, *, resolve_links: bool
) -> None:
    name = f"$ce-{stream.partition('-')[0]}"
    await client.create_subscription_to_stream("group", name, resolve_links=resolve_links)
    subscription = await client.read_subscription_to_stream("group", name, max_ack_delay=0.01)
    await put(client, stream)
    [given] = await take(subscription, 1)
    assert given.stream_name == (stream if resolve_links else name)
    await subscription.nack(given, "park")
    async with asyncio.timeout(PATIENCE_S):
        while not (await client.get_subscription_info("group", name)).parked_message_count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await client.replay_parked_events("group", name)
    [again] = await take(subscription, 1)
    assert (again.stream_name, again.id) == (given.stream_name, given.id)
    await subscription.stop()
