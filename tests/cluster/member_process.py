"""A member of a cluster: a process in front of the log that leads, follows, or knows of nobody who leads.

Run as: python member_process.py NUMBER BOARD LOG_ADDRESS ADDRESS ADDRESS ADDRESS. Its answers are those that
were measured on a genuine cluster of three. Everything but gossip is passed on as the bytes that came.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from adapters.eventstore_node import messages
from tests.cluster.board import Board, Role

TICK_S = 0.02
LEAVING_S = 0.5
"""How long a member that is asked to end goes on to answer: that nobody leads, as the board has it."""

TRUNCATED = 3
"""How a process ends that led and was overtaken."""

MAX_MESSAGE_BYTES = 32 * 1024 * 1024
OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 1000),
    ("grpc.http2.max_ping_strikes", 0),
]
GOSSIP = "/event_store.client.gossip.Gossip/Read"
BATCH_APPEND = "/event_store.client.streams.Streams/BatchAppend"
NOT_PASSED_ON = ("user-agent", "te", "content-type")
STATES = {
    Role.LEADS: "Leader",
    Role.BUSY: "Leader",
    Role.FOLLOWS: "Follower",
    Role.LEADERLESS: "Unknown",
    Role.TRUNCATES: "ShuttingDown",
    Role.GONE: "Unknown",
}
_NOT_READY = "Server Is Not Ready"
_BUSY = "Server Is Busy"


class Member:
    """Answers by its role, which it looks up for each call and each batch."""

    def __init__(self, number: int, board: Board, log: grpc.aio.Channel, addresses: list[str]) -> None:
        self._number = number
        self._board = board
        self._log = log
        self._addresses = addresses

    @property
    def role(self) -> Role:
        role = self._board.role(self._number)
        if role is Role.TRUNCATES:
            os._exit(TRUNCATED)
        return role

    async def serve(self, method: str, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        headers = dict(context.invocation_metadata())
        role = self.role
        if method == GOSSIP:
            yield self._gossip()
            return
        if role is Role.FOLLOWS and headers.get("requires-leader", "").lower() == "true":
            await anext(requests, None)  # a client whose request is not taken makes an error of its own
            await self._name_leader(context)
        if method == BATCH_APPEND:
            async for response in self._batches(requests, context):
                yield response
        elif role in (Role.LEADERLESS, Role.GONE):
            await context.abort(grpc.StatusCode.UNAVAILABLE, _NOT_READY)
        else:
            async for response in self._passed_on(method, requests, context):
                yield response

    async def _batches(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        """Pass batches on as long as somebody leads; answer the others that nothing was recorded."""
        answers: asyncio.Queue[bytes | None] = asyncio.Queue()

        async def taken() -> AsyncIterator[bytes]:
            async for request in requests:
                if self.role in (Role.LEADS, Role.FOLLOWS):
                    yield request
                else:
                    answers.put_nowait(
                        _not_recorded(request, _BUSY if self.role is Role.BUSY else _NOT_READY)
                    )

        async def pass_on() -> None:
            try:
                async for response in self._passed_on(BATCH_APPEND, taken(), context):
                    answers.put_nowait(response)
            finally:
                answers.put_nowait(None)

        passing = asyncio.create_task(pass_on())
        try:
            while (answer := await answers.get()) is not None:
                yield answer
            await passing
        finally:
            passing.cancel()

    async def _passed_on(
        self, method: str, requests: AsyncIterator[bytes], context: Any
    ) -> AsyncIterator[bytes]:
        metadata = [
            (name, value)
            for name, value in context.invocation_metadata()
            if name not in NOT_PASSED_ON and not name.startswith(("grpc-", ":"))
        ]
        call = self._log.stream_stream(method)(requests, metadata=metadata, timeout=context.time_remaining())
        try:
            async for response in call:
                yield response
        except grpc.aio.AioRpcError as error:
            trailers = [(name, value) for name, value in error.trailing_metadata() or ()]
            await context.abort(error.code(), error.details() or "", tuple(trailers))
        finally:
            call.cancel()

    async def _name_leader(self, context: Any) -> None:
        leader = self._board.leader()
        host, _, port = self._addresses[self._number if leader is None else leader].rpartition(":")
        trailers = (
            ("exception", "not-leader"),
            ("leader-endpoint-host", host),
            ("leader-endpoint-port", port),
        )
        await context.abort(grpc.StatusCode.NOT_FOUND, "Leader info available", trailers)

    def _gossip(self) -> bytes:
        info = messages.ClusterInfo()
        for number, address in enumerate(self._addresses):
            role = self.role if number == self._number else self._board.role(number)
            member = info.members.add()
            member.instance_id.string = f"00000000-0000-0000-0000-{number:012d}"
            member.state = messages.MemberInfo.VNodeState.Value(STATES[role])
            member.is_alive = role is not Role.GONE
            host, _, port = address.rpartition(":")
            member.http_end_point.address, member.http_end_point.port = host, int(port)
        return bytes(info.SerializeToString())

    async def watch(self) -> None:
        """End this process when it has to truncate, or when the tests are gone."""
        tests = os.getppid()
        while os.getppid() == tests:
            _ = self.role
            await asyncio.sleep(TICK_S)
        os._exit(0)


def _not_recorded(request: bytes, why: str) -> bytes:
    asked = messages.BatchAppendReq.FromString(request)
    response = messages.BatchAppendResp(correlation_id=asked.correlation_id)
    response.stream_identifier.CopyFrom(asked.options.stream_identifier)
    response.error.message = why
    response.error.details.type_url = "type.googleapis.com/google.protobuf.Empty"
    return bytes(response.SerializeToString())


class _Everything(grpc.GenericRpcHandler):  # type: ignore[misc]
    def __init__(self, member: Member) -> None:
        self._member = member

    def service(self, details: Any) -> Any:
        async def serve(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
            async for response in self._member.serve(details.method, requests, context):
                yield response

        return grpc.stream_stream_rpc_method_handler(serve)


async def main(number: int, board: Board, log_address: str, addresses: list[str]) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with grpc.aio.insecure_channel(log_address, options=OPTIONS) as log:
        member = Member(number, board, log, addresses)
        server = grpc.aio.server(options=OPTIONS)
        server.add_generic_rpc_handlers((_Everything(member),))
        server.add_insecure_port(addresses[number])
        await server.start()
        print("open", flush=True)  # noqa: T201 (it is read by who started it)
        watching = asyncio.create_task(member.watch())
        await stop.wait()
        await asyncio.sleep(LEAVING_S)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await server.stop(0)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Board(Path(sys.argv[2])), sys.argv[3], sys.argv[4:]))
