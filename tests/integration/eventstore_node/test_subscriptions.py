"""Catch-up subscriptions: confirmation, past and present, checkpoints, transitions."""

import asyncio
from typing import Any

import pytest

from adapters.eventstore_node import messages
from tests.integration.eventstore_node.cases import noted, read_all, revisions, take
from tests.integration.eventstore_node.client_library import (
    Client,
    ClientError,
    RecordedEvent,
    StreamIsDeleted,
    StreamState,
)
from tests.integration.eventstore_node.raw_calls import STREAMS, channel_to, read_of

ANY = StreamState.ANY


async def put(client: Client, stream: str, count: int = 1) -> int:
    return await client.append_to_stream(stream, current_version=ANY, events=noted(count))


def ours(stream: str) -> dict[str, Any]:
    return {"filter_include": [f"{stream}.*"], "filter_by_stream_name": True}


def kinds(items: list[RecordedEvent]) -> list[str]:
    return [type(item).__name__ for item in items]


async def test_a_subscription_is_confirmed_with_an_id(client: Client, stream: str) -> None:
    subscription = await client.subscribe_to_stream(stream)
    assert subscription.subscription_id
    await subscription.stop()


async def test_a_stream_is_followed_from_its_past_into_its_present(client: Client, stream: str) -> None:
    await put(client, stream, 3)
    async with await client.subscribe_to_stream(stream, include_caught_up=True) as items:
        past = await take(items, 4)
        await put(client, stream, 2)
        assert kinds(past) == ["RecordedEvent"] * 3 + ["CaughtUp"]
        assert revisions(past[:3]) == [0, 1, 2]
        assert revisions(await take(items, 2)) == [3, 4]


async def test_a_stream_that_does_not_exist_yet_can_be_followed(client: Client, stream: str) -> None:
    async with await client.subscribe_to_stream(stream, include_caught_up=True) as items:
        assert kinds(await take(items, 1)) == ["CaughtUp"]
        await put(client, stream, 2)
        assert revisions(await take(items, 2)) == [0, 1]


async def test_a_catch_up_subscription_excludes_its_start(client: Client, stream: str) -> None:
    await put(client, stream, 4)
    events = await client.get_stream(stream)
    async with await client.subscribe_to_stream(stream, stream_position=1) as items:
        assert revisions(await take(items, 2)) == [2, 3]
    async with await client.subscribe_to_all(
        commit_position=events[1].commit_position, **ours(stream)
    ) as items:
        assert revisions(await take(items, 2)) == [2, 3]


async def test_a_subscription_from_the_end_is_caught_up_at_once(client: Client, stream: str) -> None:
    await put(client, stream, 3)
    for subscribing in (
        client.subscribe_to_stream(stream, from_end=True, include_caught_up=True),
        client.subscribe_to_all(from_end=True, include_caught_up=True, **ours(stream)),
    ):
        async with await subscribing as items:
            assert kinds(await take(items, 1)) == ["CaughtUp"]
            await put(client, stream)
            [event] = await take(items, 1)
            assert event.stream_name == stream


async def test_a_filtered_subscription_ends_its_catching_up_with_a_checkpoint(
    client: Client, stream: str
) -> None:
    start = await put(client, f"{stream}x")
    await put(client, stream, 2)
    last = await put(client, f"{stream}x", 5)
    subscribing = client.subscribe_to_all(
        commit_position=start,
        include_checkpoints=True,
        include_caught_up=True,
        window_size=10_000,
        filter_include=[stream],
        filter_by_stream_name=True,
    )
    async with await subscribing as items:
        seen = await take(items, 4)
    assert kinds(seen) == ["RecordedEvent", "RecordedEvent", "Checkpoint", "CaughtUp"]
    # Links that a server makes by itself may have come after the last of these.
    whole = await read_all(client, commit_position=last, filter_exclude=())
    others = [event for event in whole if event.type != "$>"]
    assert [event.commit_position for event in others] == [last]
    assert seen[2].commit_position in [event.commit_position for event in whole]


async def test_a_checkpoint_of_the_past_stands_where_the_last_page_began(client: Client, stream: str) -> None:
    start = await put(client, stream)
    await client.append_to_stream(f"{stream}x", current_version=ANY, events=noted(60))
    subscribing = client.subscribe_to_all(
        commit_position=start,
        include_checkpoints=True,
        include_caught_up=True,
        window_size=5,
        checkpoint_interval_multiplier=4,
        filter_include=[stream],
        filter_by_stream_name=True,
    )
    positions = []
    async with await subscribing as items:
        while not (item := (await take(items, 1))[0]).is_caught_up:
            assert item.is_checkpoint
            positions.append(item.commit_position or 0)
    # Links that a server makes by itself are considered like everything else.
    whole = await read_all(client, commit_position=start, filter_exclude=())
    considered = [event.commit_position for event in whole]
    # Every 20 events, the start among them: at the beginning of the page of five that makes it so many.
    assert positions[:3] == [considered[15], considered[35], considered[55]]
    assert positions == sorted(positions)


async def test_a_checkpoint_of_the_past_stands_at_the_last_match_of_its_page(
    client: Client, stream: str
) -> None:
    start = await put(client, f"{stream}x")
    await put(client, f"{stream}x", 3)
    match = await put(client, stream)
    await put(client, f"{stream}x", 10)
    subscribing = client.subscribe_to_all(
        commit_position=start,
        include_checkpoints=True,
        window_size=6,
        checkpoint_interval_multiplier=1,
        filter_include=[stream],
        filter_by_stream_name=True,
    )
    async with await subscribing as items:
        while (event := (await take(items, 1))[0]).is_checkpoint:
            pass
        [checkpoint] = await take(items, 1)
    assert event.stream_name == stream
    assert checkpoint.is_checkpoint
    assert checkpoint.commit_position == match


async def test_without_a_search_window_checkpoints_come_every_32_times_their_interval(
    client: Client, uri: str, stream: str
) -> None:
    start = await put(client, f"x{stream}")
    await client.append_to_stream(f"x{stream}", current_version=ANY, events=noted(140))
    await put(client, stream)
    request = read_of(stream)
    request.options.all.position.commit_position = request.options.all.position.prepare_position = start
    request.options.subscription.SetInParent()
    wanted = request.options.filter
    wanted.stream_identifier.prefix.append(stream)
    wanted.count.SetInParent()
    wanted.checkpointIntervalMultiplier = 2
    whole = [
        event.commit_position for event in await read_all(client, commit_position=start, filter_exclude=())
    ]
    async with channel_to(uri) as channel:
        # Confirmed, then at 64 and 128 of what was considered; a checkpoint stands where its page began.
        raw = await channel.call(f"{STREAMS}/Read", request, answers=3)
    answers = [messages.ReadResp.FromString(each) for each in raw]
    assert [each.WhichOneof("content") for each in answers] == ["confirmation", "checkpoint", "checkpoint"]
    assert [each.checkpoint.commit_position for each in answers[1:]] == [whole[32], whole[96]]


@pytest.mark.parametrize("shift", [1, 2**40], ids=["after an event", "beyond the end"])
async def test_a_position_that_is_no_events_is_refused(client: Client, stream: str, shift: int) -> None:
    position = await put(client, stream) + shift
    with pytest.raises(ClientError, match="InvalidPosition"):
        await read_all(client, commit_position=position)
    with pytest.raises(ClientError, match="InvalidPosition"):
        await read_all(client, commit_position=position, backwards=True)
    with pytest.raises(ClientError, match="InvalidPosition"):
        async with await client.subscribe_to_all(commit_position=position) as items:
            await take(items, 1)


async def test_checkpoints_come_while_live_too(client: Client, stream: str) -> None:
    subscribing = client.subscribe_to_all(
        from_end=True,
        include_checkpoints=True,
        window_size=2,
        checkpoint_interval_multiplier=1,
        filter_include=[stream],
        filter_by_stream_name=True,
    )
    async with await subscribing as items:
        last = await put(client, f"{stream}x", 4)
        async with asyncio.timeout(10):
            async for item in items:
                if item.is_checkpoint and item.commit_position == last:
                    break


async def test_an_unfiltered_subscription_has_no_checkpoints(client: Client, stream: str) -> None:
    start = await put(client, stream, 300)
    subscribing = client.subscribe_to_all(
        commit_position=start, include_checkpoints=True, include_caught_up=True, filter_exclude=()
    )
    async with await subscribing as items:
        while not (item := (await take(items, 1))[0]).is_caught_up:
            assert not item.is_checkpoint
        await put(client, stream, 200)
        seen = 0
        while seen < 200:
            [item] = await take(items, 1)
            assert not item.is_checkpoint
            seen += not item.is_caught_up and item.stream_name == stream


async def test_every_subscriber_sees_every_event_once_and_in_order(client: Client, stream: str) -> None:
    async def follow() -> list[RecordedEvent]:
        async with await client.subscribe_to_all(**ours(stream)) as items:
            return await take(items, 200)

    following = [asyncio.create_task(follow()) for _ in range(5)]
    for writer in range(4):
        for _ in range(10):
            await put(client, f"{stream}-{writer}", 5)
    seen = [[event.commit_position for event in await task] for task in following]
    assert all(positions == sorted(set(positions)) for positions in seen)
    assert all(positions == seen[0] for positions in seen)


async def test_a_tombstoned_stream_cannot_be_followed(client: Client, stream: str) -> None:
    await put(client, stream)
    await client.tombstone_stream(stream, current_version=0)
    with pytest.raises(StreamIsDeleted):
        async with await client.subscribe_to_stream(stream) as items:
            await take(items, 1)


async def test_a_tombstone_ends_the_subscriptions_of_its_stream(client: Client, stream: str) -> None:
    await put(client, stream)
    ended = False
    with pytest.raises(StreamIsDeleted):  # noqa: PT012  # kurrentdbclient tells at the exit
        async with await client.subscribe_to_stream(stream) as items:
            await take(items, 1)
            await client.tombstone_stream(stream, current_version=0)
            ended = True
            [item] = await take(items, 1)
            assert item.type == "$streamDeleted"
            assert item.stream_position == 2**63 - 1
            await take(items, 1)
    assert ended
