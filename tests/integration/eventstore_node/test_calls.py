"""What holds for every call, whatever it asks for."""

import errno
import logging
import socket
from collections.abc import Sequence

import grpc
import pytest
from grpc._cython.cygrpc import ExecuteBatchError

from adapters.event_stores.memory import MemoryEventStore
from adapters.eventstore_node import messages
from adapters.eventstore_node.calls import Call
from adapters.eventstore_node.listener import MAX_MESSAGE_BYTES, Listener
from adapters.eventstore_node.server import running_node, running_node_on
from application.ports.event_store import Appended, NewEvent, StoreUnavailable
from tests.integration.eventstore_node.raw_calls import batch, batch_of, channel_to, read, read_of, revisions

GET_INFO = "/event_store.client.persistent_subscriptions.PersistentSubscriptions/GetInfo"


class Failing(MemoryEventStore):
    """A log that cannot be written but by the node itself."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        if not stream.startswith("$"):
            raise self._error
        return await super().append(stream, events, expected=expected)


async def refusal_of(calling: object) -> grpc.Call:
    with pytest.raises(grpc.RpcError) as refused:
        await calling  # type: ignore[misc]
    return refused.value


async def test_a_call_that_the_node_does_not_know_is_unimplemented() -> None:
    async with running_node(None) as node, channel_to(node.uri) as channel:
        refused = await refusal_of(channel.call("/event_store.client.users.Users/Create", b""))
    assert refused.code() == grpc.StatusCode.UNIMPLEMENTED


class Gone:
    """The context of a call whose client went away while it was being answered."""

    def invocation_metadata(self) -> Sequence[tuple[str, str]]:
        return ()

    async def write(self, _message: bytes) -> None:
        raise ExecuteBatchError("SendMessageOperation")

    async def abort(self, *_: object) -> None:
        raise AssertionError("nobody is there to be told")


async def test_a_client_that_went_away_is_no_fault_of_the_node(caplog: pytest.LogCaptureFixture) -> None:
    async def answer(call: Call) -> None:
        await call.send(b"an event")

    await Listener(lambda _path, _headers: answer)._serve("/Read", Gone())
    assert caplog.records == []


async def test_a_refusal_keeps_its_text_and_trailers_in_any_language() -> None:
    request = read_of("x")
    request.options.filter.stream_identifier.regex = "(é"
    request.options.all.start.SetInParent()
    async with running_node(None) as node, channel_to(node.uri) as channel:
        refused = await refusal_of(read(channel, request))
        assert refused.code() == grpc.StatusCode.INVALID_ARGUMENT
        gone = b"\x0a\x0a\x0a\x04\x1a\x02\xc3\xa9\x1a\x02\xc3\xa9"
        refused = await refusal_of(channel.call(GET_INFO, gone))
    assert refused.code() == grpc.StatusCode.NOT_FOUND
    assert refused.details() == "Subscription group é on stream é does not exist."


async def test_a_fault_of_a_handler_ends_its_call_only_and_tells_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = Failing(ZeroDivisionError("secret"))
    async with running_node_on(engine) as node, channel_to(node.uri) as channel:
        with caplog.at_level(logging.CRITICAL):
            refused = await refusal_of(batch(channel, batch_of("a")))
        assert (refused.code(), refused.details()) == (
            grpc.StatusCode.UNKNOWN,
            "Exception was thrown by handler.",
        )
        assert await revisions(channel, "a") == []
    await engine.close()


async def test_a_log_that_cannot_be_written_is_told_to_every_append() -> None:
    engine = Failing(StoreUnavailable("the disk is full"))
    async with running_node_on(engine) as node, channel_to(node.uri) as channel:
        refused = await refusal_of(batch(channel, *[batch_of("a") for _ in range(3)]))
        assert (refused.code(), refused.details()) == (grpc.StatusCode.UNAVAILABLE, "the disk is full")
    await engine.close()


async def test_a_message_that_is_too_large_ends_its_call_only() -> None:
    async with running_node(None) as node, channel_to(node.uri) as channel:
        too_large = batch_of("a", data=b"x" * MAX_MESSAGE_BYTES)
        assert (await refusal_of(batch(channel, too_large))).code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await batch(channel, batch_of("a"))).success.current_revision == 0


async def test_a_port_that_is_taken_is_refused_with_the_reason() -> None:
    async with running_node(None) as node:
        with pytest.raises(OSError, match="in use") as refused:
            async with running_node(None, node.host, node.port):
                pass
    assert refused.value.errno == errno.EADDRINUSE


async def test_who_listens_on_all_addresses_is_found_by_the_name_of_the_machine() -> None:
    async with running_node(None, "0.0.0.0") as node, channel_to(f"esdb://127.0.0.1:{node.port}") as channel:
        [raw] = await channel.call("/event_store.client.gossip.Gossip/Read", b"")
    [member] = messages.ClusterInfo.FromString(raw).members
    assert (member.http_end_point.address, member.http_end_point.port) == (socket.gethostname(), node.port)
