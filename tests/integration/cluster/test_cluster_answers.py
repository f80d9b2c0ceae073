"""The cluster that tests have answers as a genuine one was measured to."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import grpc
import pytest

from adapters.eventstore_node import messages
from tests.cluster.cluster import Cluster, running_cluster
from tests.cluster.program import PROGRAM
from tests.integration.eventstore_node.cases import noted, revisions_of
from tests.integration.eventstore_node.client_library import Client, StreamState
from tests.integration.eventstore_node.raw_calls import Channel, batch, batch_of, channel_to, revisions

TO_LEADER = (("requires-leader", "true"),)
PATIENCE_S = 20
NOT_READY, BUSY = "Server Is Not Ready", "Server Is Busy"

only_the_stand_in = pytest.mark.skipif(bool(PROGRAM), reason="a genuine cluster cannot be told to")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def _whole(cluster: Cluster) -> Iterator[None]:
    """Begin with all members up, and somebody who leads."""
    usual_s = cluster.alone_s
    yield
    cluster.alone_s = usual_s
    for member in cluster.down():
        cluster.start(member)
    for member in cluster.frozen():
        cluster.thaw(member)
    cluster.wait_until_whole()


@pytest.fixture
def stream() -> str:
    return f"c{uuid4().hex}-1"


async def test_clients_find_the_leader_of_a_cluster_and_the_next_one(cluster: Cluster, stream: str) -> None:
    client = Client(cluster.uri)
    await client.connect()
    await client.append_to_stream(stream, current_version=StreamState.NO_STREAM, events=noted(2))
    first = cluster.leader()
    await asyncio.to_thread(cluster.kill, first)
    second = await asyncio.to_thread(cluster.wait_for_leader)
    await client.close()
    assert second != first
    client = Client(cluster.uri)
    await client.connect()
    await client.append_to_stream(stream, current_version=1, events=noted(2))
    assert await revisions_of(client, stream) == [0, 1, 2, 3]
    await client.close()


async def test_who_follows_names_the_leader_to_those_who_need_it(cluster: Cluster, stream: str) -> None:
    leader = cluster.leader()
    async with channel_to(cluster.uri_of(cluster.followers()[0])) as channel:
        for asking in (
            revisions(channel, stream, TO_LEADER),
            batch(channel, batch_of(stream), metadata=TO_LEADER),
        ):
            with pytest.raises(grpc.RpcError) as refused:
                await asking
            trailers = dict(tuple(refused.value.trailing_metadata() or ()))
            assert (refused.value.code(), refused.value.details()) == (
                grpc.StatusCode.NOT_FOUND,
                "Leader info available",
            )
            assert trailers["exception"] == "not-leader"
            address = f"{trailers['leader-endpoint-host']}:{trailers['leader-endpoint-port']}"
            assert address == cluster.addresses[leader]


async def test_who_follows_answers_and_forwards_for_the_others(cluster: Cluster, stream: str) -> None:
    cluster.leader()
    async with channel_to(cluster.uri_of(cluster.followers()[0])) as channel:
        assert (await batch(channel, batch_of(stream))).success.current_revision == 0
        assert await revisions(channel, stream) == [0]


async def test_who_leads_says_so_in_gossip(cluster: Cluster) -> None:
    leader = cluster.leader()
    async with channel_to(cluster.uri_of(cluster.followers()[0])) as channel:
        [raw] = await channel.call("/event_store.client.gossip.Gossip/Read", b"")
    members = messages.ClusterInfo.FromString(raw).members
    states = [messages.MemberInfo.VNodeState.Name(member.state) for member in members]
    assert [f"{m.http_end_point.address}:{m.http_end_point.port}" for m in members] == cluster.addresses
    assert states.pop(leader) == "Leader"
    assert states == ["Follower"] * 2


async def test_while_nobody_leads_nothing_is_recorded(cluster: Cluster, stream: str) -> None:
    leader = cluster.leader()
    left = cluster.followers()
    await asyncio.to_thread(cluster.kill, left[0])
    await asyncio.to_thread(cluster.kill, leader)
    async with channel_to(cluster.uri_of(left[1])) as channel:
        answer = await _once(lambda answer: answer == NOT_READY, channel, batch_of(stream))
        assert answer.error.code == 0
        assert answer.error.details.type_url == "type.googleapis.com/google.protobuf.Empty"
        with pytest.raises(grpc.RpcError, match="Server Is Not Ready") as refused:
            await revisions(channel, stream)
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE


@only_the_stand_in
async def test_who_is_busy_says_so_and_records_nothing(cluster: Cluster, stream: str) -> None:
    leader = cluster.leader()
    cluster.busy(leader)
    async with channel_to(cluster.uri_of(leader)) as channel:
        answer = await batch(channel, batch_of(stream))
        assert answer.error.message == BUSY
        assert answer.error.details.type_url == "type.googleapis.com/google.protobuf.Empty"
        cluster.busy(leader, busy=False)


async def test_a_leader_without_a_quorum_keeps_what_it_is_sent_and_shows_it_when_it_leads_again(
    cluster: Cluster, stream: str
) -> None:
    cluster.alone_s = PATIENCE_S
    leader, (event_id, other) = cluster.leader(), (str(uuid4()), str(uuid4()))
    async with channel_to(cluster.uri_of(leader)) as channel:
        assert (await batch(channel, batch_of(stream))).success.current_revision == 0
        followers = await asyncio.to_thread(cluster.lose_quorum)
        first, again, foreign = await asyncio.gather(
            batch(channel, batch_of(stream, revision=0, ids=[event_id])),
            _after(0.3, batch(channel, batch_of(stream, revision=0, ids=[event_id]))),
            _after(0.3, batch(channel, batch_of(stream, revision=0, ids=[other]))),
        )
        for answer in (first, again):
            assert (answer.error.code, answer.error.message) == (4, "Timeout")
            assert answer.error.details.type_url.endswith("event_store.client.Timeout")
        refusal = messages.WrongExpectedVersion.FromString(foreign.error.details.value)
        assert refusal.current_stream_revision == 1
        assert await revisions(channel, stream) == [0]
        cluster.thaw(followers[0])
        assert await asyncio.to_thread(cluster.wait_for_leader) == leader
        answer = await _once(
            lambda answer: answer != NOT_READY, channel, batch_of(stream, revision=0, ids=[event_id])
        )
        assert answer.success.current_revision == 1
        assert await revisions(channel, stream) == [0, 1]


@only_the_stand_in
async def test_what_only_an_old_leader_held_is_gone_when_another_leads(cluster: Cluster, stream: str) -> None:
    leader = cluster.leader()
    async with channel_to(cluster.uri_of(leader)) as channel:
        followers = await asyncio.to_thread(cluster.lose_quorum)
        assert (await batch(channel, batch_of(stream))).error.message == "Timeout"
    cluster.next_leader = followers[0]
    await asyncio.to_thread(cluster.wait_until_leaderless)
    cluster.thaw(followers[0])
    assert await asyncio.to_thread(cluster.wait_for_leader) == followers[0]
    cluster.thaw(followers[1])
    async with channel_to(cluster.uri_of(followers[0])) as channel:
        assert await revisions(channel, stream) == []
        answer = await _once(lambda answer: answer != NOT_READY, channel, batch_of(stream))
        assert answer.success.current_revision == 0
    await asyncio.to_thread(cluster.wait_until_whole)
    assert leader in cluster.followers()  # it ended itself and was started again


@pytest.mark.more
async def test_a_frozen_leader_is_replaced_and_ends_itself_when_it_goes_on(
    cluster: Cluster, stream: str
) -> None:
    leader = cluster.leader()
    async with channel_to(cluster.uri_of(leader)) as channel:
        await channel.ready()
        cluster.freeze(leader)
        append = asyncio.create_task(batch(channel, batch_of(stream)))
        assert await asyncio.to_thread(cluster.wait_for_leader) != leader
        assert not append.done()
        cluster.thaw(leader)
        with pytest.raises(grpc.RpcError):
            await append
    await asyncio.to_thread(cluster.wait_until_whole)
    async with channel_to(cluster.uri_of(cluster.leader())) as channel:
        assert await revisions(channel, stream) == []


async def test_a_leader_that_is_stopped_leaves_first(cluster: Cluster, stream: str) -> None:
    """It says so for half a second: where nothing is asked in time, another one is stopped."""
    for _ in range(5):
        leader = cluster.leader()
        async with channel_to(cluster.uri_of(leader)) as channel:
            await channel.ready()
            stopping = asyncio.create_task(asyncio.to_thread(cluster.stop, leader))
            told = None
            with suppress(grpc.RpcError):
                told = await _once(lambda answer: answer == NOT_READY, channel, batch_of(stream))
            await stopping
        assert await asyncio.to_thread(cluster.wait_for_leader) != leader
        if told is not None:
            return
        await asyncio.to_thread(cluster.start, leader)
        await asyncio.to_thread(cluster.wait_until_whole)
    pytest.fail("a leader that is stopped never says that it does not lead any more")


async def _after(pause_s: float, calling: Awaitable[Any]) -> Any:
    await asyncio.sleep(pause_s)
    return await calling


async def _once(wanted: Callable[[str], bool], channel: Channel, request: Any) -> Any:
    """Send an append again and again until its error is one that is wanted."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            answer = await batch(channel, request)
            if wanted(answer.error.message):
                return answer
