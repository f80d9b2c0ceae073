"""The adapter beside a cluster whose leader is stopped, frozen or killed, or has lost its followers."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import pytest

from adapters.event_stores.eventstoredb import EventStoreDBStore
from adapters.event_stores.eventstoredb_client import ClientError, NodeIsNotLeader
from application.ports.event_store import (
    NO_STREAM,
    Appended,
    AppendOutcomeUnknown,
    Filter,
    NewEvent,
    StoreUnavailable,
    WrongExpectedRevision,
)
from tests.cluster.cluster import Cluster, running_cluster
from tests.fair_clock import fair_clock

PATIENCE_S = 30


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def _whole(cluster: Cluster) -> Iterator[None]:
    """Begin with all members up, and somebody who leads."""
    yield
    for member in cluster.down():
        cluster.start(member)
    for member in cluster.frozen():
        cluster.thaw(member)
    cluster.wait_until_whole()


@pytest.fixture
async def store(cluster: Cluster) -> AsyncIterator[EventStoreDBStore]:
    store = await EventStoreDBStore.connect(cluster.uri)
    yield store
    await store.close()


@pytest.fixture
def stream() -> str:
    return f"c{uuid4().hex}-1"


def noted() -> NewEvent:
    return NewEvent(id=uuid4(), type="Noted", data=b"{}")


async def insist(
    store: EventStoreDBStore, stream: str, event: NewEvent, expected: int
) -> tuple[Appended, list[type[Exception]]]:
    """Append again and again, as it was, until there is a definite answer; return what came before it."""
    failures: list[type[Exception]] = []
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await store.append(stream, [event], expected=expected), failures
            except (StoreUnavailable, AppendOutcomeUnknown) as error:
                failures.append(type(error))
                await asyncio.sleep(0.05)


async def until_it_answers(store: EventStoreDBStore, follower: Any) -> None:
    """Wait for a member that may have been started again just now."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await store._client.through(follower).head(timeout_s=1)
            except NodeIsNotLeader:
                return
            except ClientError:
                await asyncio.sleep(0.05)


async def ids_of(store: EventStoreDBStore, stream: str) -> list[object]:
    return [event.id async for page in store.read_stream(stream) for event in page]


async def test_a_clean_stop_of_the_leader_is_waited_through(
    cluster: Cluster, store: EventStoreDBStore, stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    await store.append(stream, [noted()], expected=NO_STREAM)
    stopping = asyncio.create_task(asyncio.to_thread(cluster.stop, cluster.leader()))
    slowest, expected = 0.0, 0
    with fair_clock() as clock:
        while not stopping.done() or clock.now_s() < 2:
            sent = clock.now_s()
            _, failures = await insist(store, stream, noted(), expected)
            assert not set(failures) - {AppendOutcomeUnknown}, (
                "what was not carried out is sent again by the adapter"
            )
            expected += 1
            slowest = max(slowest, clock.now_s() - sent)
            await asyncio.sleep(0.01)
    assert slowest < 2
    assert len(await ids_of(store, stream)) == expected + 1
    lost = [each for each in caplog.records if "does not answer as it should" in each.message]
    assert len(lost) == 1, "an outage is one line in the log"


@pytest.mark.parametrize(
    ("away", "within_s"), [(Cluster.kill, 3.0), (Cluster.freeze, 10.0)], ids=["killed", "frozen"]
)
async def test_another_leader_is_found_when_one_is_gone_without_a_word(
    cluster: Cluster,
    store: EventStoreDBStore,
    stream: str,
    away: Callable[[Cluster, int], None],
    within_s: float,
) -> None:
    await store.append(stream, [noted()], expected=NO_STREAM)
    async with aclosing(store.subscribe(matching=Filter(stream_prefixes=(stream,)))) as pages:
        assert [event.revision for event in (await anext(pages)).events] == [0]
        away(cluster, cluster.leader())
        with fair_clock() as clock:
            await insist(store, stream, noted(), 0)
            assert clock.now_s() < within_s
        seen: list[int] = []
        async with asyncio.timeout(PATIENCE_S):
            while not seen:
                seen += [event.revision for event in (await anext(pages)).events]
    assert seen == [1]


async def test_an_append_that_a_leader_without_followers_keeps_is_found_by_its_repetition(
    cluster: Cluster, store: EventStoreDBStore, stream: str
) -> None:
    await store.append(stream, [noted()], expected=NO_STREAM)
    await asyncio.to_thread(cluster.lose_quorum)
    event = noted()
    with pytest.raises(AppendOutcomeUnknown):
        await store.append(stream, [event], expected=0)
    with pytest.raises((WrongExpectedRevision, StoreUnavailable)):
        await store.append(stream, [noted()], expected=0)
    for member in cluster.frozen():
        cluster.thaw(member)
    appended, _ = await insist(store, stream, event, 0)
    assert appended.revision == 1
    assert (await ids_of(store, stream))[1:] == [event.id]


async def test_an_append_that_is_gone_with_its_leader_is_made_by_its_repetition(
    cluster: Cluster, store: EventStoreDBStore, stream: str
) -> None:
    await store.append(stream, [noted()], expected=NO_STREAM)
    followers = await asyncio.to_thread(cluster.lose_quorum)
    event = noted()
    with pytest.raises(AppendOutcomeUnknown):
        await store.append(stream, [event], expected=0)
    cluster.next_leader = followers[0]
    for member in followers:
        cluster.thaw(member)
    await insist(store, stream, event, 0)
    assert (await ids_of(store, stream))[1:] == [event.id]


@pytest.mark.parametrize("leads", [True, False], ids=["that leads", "that follows"])
async def test_the_leader_is_followed_from_the_address_of_one_member(
    cluster: Cluster, stream: str, *, leads: bool
) -> None:
    named = cluster.leader() if leads else cluster.followers()[0]
    store = await EventStoreDBStore.connect(cluster.uri_of(named))
    await store.append(stream, [noted()], expected=NO_STREAM)
    assert len(await ids_of(store, stream)) == 1
    # It has got to know the others, and finds the next leader without the address that it was given.
    cluster.kill(cluster.leader())
    await insist(store, stream, noted(), 0)
    await store.close()


async def test_a_writer_goes_to_the_leader_whatever_the_address_prefers(
    cluster: Cluster, stream: str
) -> None:
    store = await EventStoreDBStore.connect(f"{cluster.uri}&NodePreference=follower")
    await store.append(stream, [noted()], expected=NO_STREAM)
    await store.close()


async def test_a_reader_is_sent_to_a_follower_by_its_address(
    cluster: Cluster, store: EventStoreDBStore, stream: str
) -> None:
    await store.append(stream, [noted()], expected=NO_STREAM)
    reader = await EventStoreDBStore.connect(f"{cluster.uri}&NodePreference=follower", reading=True)
    assert len(await ids_of(reader, stream)) == 1
    followers = [cluster.addresses[member] for member in cluster.followers()]
    assert reader._client.connection.grpc_target in followers
    await reader.close()


async def test_a_sign_from_before_the_leader_was_found_again_is_no_sign_any_more(
    store: EventStoreDBStore, caplog: pytest.LogCaptureFixture
) -> None:
    """Calls that were under way when a leader went end late, each with an error of its own."""
    proof = await store._leader.reached()
    for _ in range(2):
        store._leader.lost(TimeoutError("no answer"), proof)
    assert await store._leader.reached() == proof + 1
    store._leader.lost(TimeoutError("no answer"), proof)
    assert await store._leader.reached() == proof + 1
    assert store.losses == 1
    assert len([each for each in caplog.records if "does not answer" in each.message]) == 1


async def test_an_append_that_reaches_a_follower_is_sent_to_the_leader_at_once(
    cluster: Cluster, store: EventStoreDBStore, stream: str
) -> None:
    """It is known not to be recorded: nobody is told that its outcome is open."""
    await store.append(stream, [noted()], expected=NO_STREAM)
    follower = store._client.opened(cluster.addresses[cluster.followers()[0]])
    await until_it_answers(store, follower)
    store._client.move(follower)
    assert (await store.append(stream, [noted()], expected=0)).revision == 1


async def test_a_busy_leader_is_asked_again(cluster: Cluster, store: EventStoreDBStore, stream: str) -> None:
    await store.append(stream, [noted()], expected=NO_STREAM)
    leader = cluster.leader()
    cluster.busy(leader)
    appending = asyncio.create_task(store.append(stream, [noted()], expected=0))
    await asyncio.sleep(0.3)
    assert not appending.done()
    cluster.busy(leader, busy=False)
    assert (await appending).revision == 1
    cluster.busy(leader)
    with pytest.raises(StoreUnavailable, match="Server Is Busy"):
        await store.append(stream, [noted()], expected=1)
    cluster.busy(leader, busy=False)
