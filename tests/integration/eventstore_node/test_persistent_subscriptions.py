"""Consumer groups: delivery, acknowledgement, retries, parking, settings, and what they say of themselves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.eventstore_node import messages
from tests.integration.eventstore_node.cases import PATIENCE_S, noted, revisions, take
from tests.integration.eventstore_node.client_library import (
    AlreadyExists,
    Client,
    ClientError,
    MaximumSubscriptionsReached,
    NewEvent,
    NotFound,
    StreamState,
)
from tests.integration.eventstore_node.raw_calls import channel_to

ANY = StreamState.ANY
GROUP = "group"
GET_INFO = "/event_store.client.persistent_subscriptions.PersistentSubscriptions/GetInfo"


async def put(client: Client, stream: str, count: int = 1) -> int:
    return await client.append_to_stream(stream, current_version=ANY, events=noted(count))


@asynccontextmanager
async def consumer(client: Client, stream: str, **options: Any) -> AsyncIterator[Any]:
    subscription = await client.read_subscription_to_stream(GROUP, stream, max_ack_delay=0.01, **options)
    try:
        yield subscription
    finally:
        await subscription.stop()


async def until(condition: Any) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():  # noqa: ASYNC110  # the server does not tell
            await asyncio.sleep(0.02)


async def parked(client: Client, stream: str) -> int:
    return (await client.get_subscription_info(GROUP, stream)).parked_message_count


async def test_a_group_is_given_the_past_and_the_present(client: Client, stream: str) -> None:
    await put(client, stream, 3)
    await client.create_subscription_to_stream(GROUP, stream)
    async with consumer(client, stream) as items:
        for event in await take(items, 3):
            await items.ack(event)
        await put(client, stream, 2)
        assert revisions(await take(items, 2)) == [3, 4]


async def test_a_group_includes_its_start(client: Client, stream: str) -> None:
    await put(client, stream, 4)
    await client.create_subscription_to_stream(GROUP, stream, stream_position=2)
    async with consumer(client, stream) as items:
        assert revisions(await take(items, 2)) == [2, 3]


async def test_a_group_from_the_end_sees_only_what_comes(client: Client, stream: str) -> None:
    await put(client, stream, 4)
    await client.create_subscription_to_stream(GROUP, stream, from_end=True)
    await put(client, stream, 1)
    async with consumer(client, stream) as items:
        assert revisions(await take(items, 1)) == [4]


async def test_a_group_on_the_whole_log_takes_a_filter(client: Client, stream: str) -> None:
    name = f"g-{stream}"
    await client.create_subscription_to_all(
        name, from_end=True, filter_include=[f"{stream}-wanted"], filter_by_stream_name=True
    )
    await put(client, f"{stream}-other", 2)
    await put(client, f"{stream}-wanted", 2)
    subscription = await client.read_subscription_to_all(name)
    events = await take(subscription, 2)
    await subscription.stop()
    assert {event.stream_name for event in events} == {f"{stream}-wanted"}
    await client.delete_subscription(name)


async def test_an_event_that_is_not_acknowledged_in_time_comes_again(client: Client, stream: str) -> None:
    await client.create_subscription_to_stream(GROUP, stream, message_timeout=0.3)
    await put(client, stream)
    async with consumer(client, stream) as items:
        first, again = await take(items, 2)
        await items.ack(again)
    assert (first.id, first.retry_count) == (again.id, 0)
    assert again.retry_count == 1


async def test_an_event_to_be_retried_comes_again_before_others(client: Client, stream: str) -> None:
    await client.create_subscription_to_stream(GROUP, stream)
    await put(client, stream, 3)
    async with consumer(client, stream, event_buffer_size=1) as items:
        [first] = await take(items, 1)
        await items.nack(first, "retry")
        [again] = await take(items, 1)
        assert (again.id, again.retry_count) == (first.id, 1)
        await items.ack(again)
        assert revisions(await take(items, 1)) == [1]


async def test_an_event_to_be_skipped_does_not_come_again(client: Client, stream: str) -> None:
    await client.create_subscription_to_stream(GROUP, stream)
    await put(client, stream, 2)
    async with consumer(client, stream, event_buffer_size=1) as items:
        [first] = await take(items, 1)
        await items.nack(first, "skip")
        assert revisions(await take(items, 1)) == [1]
    assert await parked(client, stream) == 0


async def test_a_parked_event_is_kept_aside_and_comes_again_when_replayed(
    client: Client, stream: str
) -> None:
    await client.create_subscription_to_stream(GROUP, stream)
    await put(client, stream, 2)
    async with consumer(client, stream) as items:
        one, two = await take(items, 2)
        await items.nack(one, "park")
        await items.ack(two)

        async def is_parked() -> bool:
            return await parked(client, stream) == 1

        await until(is_parked)
        await client.replay_parked_events(GROUP, stream)
        [replayed] = await take(items, 1)
        await items.ack(replayed)
        assert replayed.id == one.id
    assert await parked(client, stream) == 0


async def test_an_event_that_fails_too_often_is_parked(client: Client, stream: str) -> None:
    await client.create_subscription_to_stream(GROUP, stream, max_retry_count=2)
    await put(client, stream)
    async with consumer(client, stream) as items:
        for retries in range(3):
            [event] = await take(items, 1)
            assert event.retry_count == retries
            await items.nack(event, "retry")

        async def is_parked() -> bool:
            return await parked(client, stream) == 1

        await until(is_parked)


async def test_what_a_consumer_had_goes_to_another_when_it_leaves(client: Client, stream: str) -> None:
    await client.create_subscription_to_stream(GROUP, stream)
    await put(client, stream, 3)
    async with consumer(client, stream) as items:
        await take(items, 3)
    async with consumer(client, stream) as items:
        events = await take(items, 3)
    assert revisions(events) == [0, 1, 2]
    assert [event.retry_count for event in events] == [1, 1, 1]


async def test_round_robin_gives_consumers_their_turns(client: Client, stream: str) -> None:
    await client.create_subscription_to_stream(GROUP, stream, consumer_strategy="RoundRobin")
    async with consumer(client, stream) as one, consumer(client, stream) as two:
        await put(client, stream, 10)
        shares = await asyncio.gather(take(one, 5), take(two, 5))
    assert sorted(revisions([*shares[0], *shares[1]])) == list(range(10))


async def test_dispatch_to_single_fills_one_consumer_first(client: Client, stream: str) -> None:
    await client.create_subscription_to_stream(GROUP, stream, consumer_strategy="DispatchToSingle")
    async with (
        consumer(client, stream, event_buffer_size=4) as one,
        consumer(client, stream, event_buffer_size=4) as two,
    ):
        await put(client, stream, 6)
        first, second = await asyncio.gather(take(one, 4), take(two, 2))
    assert (revisions(first), revisions(second)) == ([0, 1, 2, 3], [4, 5])


async def test_pinned_keeps_a_source_stream_with_one_consumer(client: Client, stream: str) -> None:
    category, targets = f"{stream}-links", [f"{stream}-{n}" for n in range(6)]
    for target in targets:
        await put(client, target, 4)
    links = [NewEvent(type="$>", data=f"{n}@{target}".encode()) for n in range(4) for target in targets]
    await client.append_to_stream(category, current_version=ANY, events=links)
    await client.create_subscription_to_stream(
        GROUP, category, resolve_links=True, consumer_strategy="Pinned", from_end=True
    )
    seen: list[set[str]] = [set(), set()]

    async def drain(items: Any, into: set[str]) -> None:
        async for event in items:
            into.add(event.stream_name)
            await items.ack(event)

    async with consumer(client, category) as one, consumer(client, category) as two:
        draining = [asyncio.create_task(drain(i, s)) for i, s in zip((one, two), seen, strict=True)]
        await client.append_to_stream(
            category, current_version=ANY, events=[NewEvent(type="$>", data=link.data) for link in links]
        )

        async def all_seen() -> bool:
            return seen[0] | seen[1] == set(targets)

        await until(all_seen)
        await asyncio.sleep(0.1)
        for task in draining:
            task.cancel()
    assert not seen[0] & seen[1]


async def test_a_group_may_have_only_so_many_consumers(client: Client, stream: str) -> None:
    await client.create_subscription_to_stream(GROUP, stream, max_subscriber_count=1)
    async with consumer(client, stream):
        with pytest.raises(MaximumSubscriptionsReached):
            async with consumer(client, stream):
                pass


async def test_progress_is_kept_where_consumers_left_off(client: Client, stream: str) -> None:
    await client.create_subscription_to_stream(
        GROUP, stream, min_checkpoint_count=1, max_checkpoint_count=1, checkpoint_after=0.1
    )
    await put(client, stream, 5)
    async with consumer(client, stream, event_buffer_size=1) as items:
        for _ in range(3):
            [event] = await take(items, 1)
            await items.ack(event)

        async def kept() -> bool:
            info = await client.get_subscription_info(GROUP, stream)
            return info.last_checkpointed_event_position == "2"

        await until(kept)


async def test_a_checkpoint_waits_for_the_oldest_event_that_is_not_settled(
    client: Client, stream: str
) -> None:
    await client.create_subscription_to_stream(
        GROUP, stream, min_checkpoint_count=1, max_checkpoint_count=1, checkpoint_after=0.1
    )
    await put(client, stream, 4)
    async with consumer(client, stream) as items:
        events = await take(items, 4)
        for event in (events[0], events[2], events[3]):
            await items.ack(event)
        await asyncio.sleep(0.5)
        info = await client.get_subscription_info(GROUP, stream)
        assert info.last_checkpointed_event_position in ("", "0")


async def test_a_group_describes_itself(client: Client, stream: str) -> None:
    settings: dict[str, Any] = {
        "resolve_links": True,
        "consumer_strategy": "Pinned",
        "message_timeout": 7.5,
        "max_retry_count": 3,
        "min_checkpoint_count": 5,
        "max_checkpoint_count": 50,
        "checkpoint_after": 1.5,
        "max_subscriber_count": 9,
        "live_buffer_size": 20,
        "read_batch_size": 10,
        "history_buffer_size": 30,
    }
    await client.create_subscription_to_stream(GROUP, stream, stream_position=4, **settings)
    info = await client.get_subscription_info(GROUP, stream)
    assert {name: getattr(info, name) for name in settings} == settings
    assert (info.event_source, info.group_name, info.start_from) == (stream, GROUP, "4")


async def test_groups_are_listed_whole_and_by_stream(client: Client, stream: str) -> None:
    for n in range(2):
        await client.create_subscription_to_stream(f"{GROUP}{n}", stream)
    await client.create_subscription_to_stream(GROUP, f"{stream}-2")
    everything = {(info.event_source, info.group_name) for info in await client.list_subscriptions()}
    assert everything >= {(stream, "group0"), (stream, "group1"), (f"{stream}-2", GROUP)}
    of_stream = await client.list_subscriptions_to_stream(stream)
    assert [info.group_name for info in of_stream] == ["group0", "group1"]
    assert await client.list_subscriptions_to_stream(f"{stream}-3") == []


async def test_a_group_that_exists_cannot_be_created_again(client: Client, stream: str) -> None:
    await client.create_subscription_to_stream(GROUP, stream)
    with pytest.raises(AlreadyExists):
        await client.create_subscription_to_stream(GROUP, stream)


async def test_an_update_changes_settings_and_keeps_progress(client: Client, stream: str) -> None:
    await client.create_subscription_to_stream(
        GROUP, stream, min_checkpoint_count=1, max_checkpoint_count=1, checkpoint_after=0.1
    )
    await put(client, stream, 3)
    async with consumer(client, stream) as items:
        for event in (await take(items, 3))[:2]:
            await items.ack(event)

        async def noted() -> bool:
            info = await client.get_subscription_info(GROUP, stream)
            return info.last_checkpointed_event_position == "1"

        await until(noted)
    await client.update_subscription_to_stream(GROUP, stream, max_retry_count=33)
    assert (await client.get_subscription_info(GROUP, stream)).max_retry_count == 33
    async with consumer(client, stream) as items:
        assert revisions(await take(items, 1)) == [2]


async def test_a_deleted_group_is_gone(client: Client, stream: str) -> None:
    await client.create_subscription_to_stream(GROUP, stream)
    await client.delete_subscription(GROUP, stream)
    for calling in (
        client.delete_subscription(GROUP, stream),
        client.get_subscription_info(GROUP, stream),
        client.read_subscription_to_stream(GROUP, stream),
    ):
        with pytest.raises(NotFound):
            await calling


async def test_deleting_a_group_drops_its_consumers(client: Client, stream: str) -> None:
    await client.create_subscription_to_stream(GROUP, stream)
    async with consumer(client, stream) as items:
        waiting = asyncio.create_task(take(items, 1))
        await asyncio.sleep(0.05)
        await client.delete_subscription(GROUP, stream)
        with pytest.raises(Exception, match=r"dropped|CANCELLED|coroutine raised"):
            await asyncio.wait_for(waiting, PATIENCE_S)


@pytest.mark.parametrize(
    "settings",
    [{"consumer_strategy": "Nonsense"}, {"read_batch_size": 100, "history_buffer_size": 50}],
    ids=["an unknown strategy", "a buffer smaller than what is read"],
)
async def test_a_group_with_impossible_settings_is_refused(
    client: Client, stream: str, settings: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="failed"):
        await client.create_subscription_to_stream(GROUP, stream, **settings)
    with pytest.raises(NotFound):
        await client.get_subscription_info(GROUP, stream)


async def test_a_group_can_be_moved_from_the_end_to_a_revision(client: Client, stream: str) -> None:
    await put(client, stream, 3)
    await client.create_subscription_to_stream(GROUP, stream, from_end=True)
    await client.update_subscription_to_stream(GROUP, stream, stream_position=1)
    async with consumer(client, stream) as items:
        assert revisions(await take(items, 2)) == [1, 2]


async def test_a_group_tells_who_consumes_and_how_much(client: Client, uri: str, stream: str) -> None:
    await put(client, stream, 3)
    await client.create_subscription_to_stream(GROUP, stream)
    async with consumer(client, stream) as items:
        for event in await take(items, 3):
            await items.ack(event)

        async def handled() -> bool:
            return (await client.get_subscription_info(GROUP, stream)).total_items == 3

        await until(handled)
        request = messages.PersistentGetInfoReq()
        request.options.stream_identifier.stream_name = stream.encode()
        request.options.group_name = GROUP
        async with channel_to(uri) as channel:
            [raw] = await channel.call(GET_INFO, request)
        [connection] = messages.PersistentGetInfoResp.FromString(raw).subscription_info.connections
        assert (connection.username, connection.total_items) == ("anonymous", 3)
        assert connection.connection_name == client.connection_spec.options.ConnectionName
