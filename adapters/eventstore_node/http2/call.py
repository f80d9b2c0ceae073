"""One gRPC call on one HTTP/2 stream, as its handler sees it."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from adapters.eventstore_node.http2.errors import CallRefused, Status
from adapters.eventstore_node.http2.frames import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    OK_TRAILERS,
    RESPONSE_HEADERS,
    ErrorCode,
    frame,
    header_block,
    reset_stream,
    window_update,
)
from adapters.eventstore_node.http2.hpack import Header

if TYPE_CHECKING:
    from adapters.eventstore_node.http2.connection import Connection

MAX_MESSAGE_BYTES = 32 * 1024 * 1024
"""Well above the largest append, so that a large one gets EventStoreDB's own answer."""

STREAM_WINDOW_BYTES = 4 * 1024 * 1024
_PREFIX_BYTES = 5
_MAX_WAITING_MESSAGES = 16


class Call:
    """Messages in, messages out. Everything happens in the event loop of the connection."""

    def __init__(
        self, connection: "Connection", stream: int, headers: Mapping[str, str], send_window: int
    ) -> None:
        self.headers = headers
        self.send_window = send_window
        self.task: asyncio.Task[None] | None = None
        self._connection = connection
        self._stream = stream
        self._inbox: deque[bytes] = deque()
        self._partial = bytearray()
        self._half_closed = False
        self._closed = False
        self._started = False
        self._uncredited_bytes = 0
        self._sending = asyncio.Lock()
        self._arrival: asyncio.Future[None] | None = None

    @property
    def peer(self) -> str:
        """The address of the client."""
        return self._connection.peer

    @property
    def may_bring_more(self) -> bool:
        """Whether the client may still send messages, or has sent some that were not received."""
        return bool(self._inbox) or not self._half_closed

    async def receive(self) -> bytes | None:
        """Return the next message, ``None`` when the client has no more."""
        while not self._inbox:
            if self._half_closed:
                return None
            self._arrival = self._connection.loop.create_future()
            await self._arrival
        message = self._inbox.popleft()
        self._credit()
        return message

    async def send(self, *messages: bytes) -> None:
        """Send messages; waits while the client is behind with reading."""
        data = b"".join([part for m in messages for part in (b"\x00" + len(m).to_bytes(4, "big"), m)])
        # One sender at a time: a message that waits for a window must not be cut in two by another.
        async with self._sending:
            await self._send(data)

    def feed(self, data: bytes, *, flow_bytes: int, last: bool) -> None:
        """Take the payload of a DATA frame that used ``flow_bytes`` of the window."""
        self._uncredited_bytes += flow_bytes
        if data:
            self._assemble(data)
        self._half_closed = self._half_closed or last
        if len(self._inbox) < _MAX_WAITING_MESSAGES:
            self._credit()
        if self._arrival is not None and not self._arrival.done() and (self._inbox or self._half_closed):
            self._arrival.set_result(None)

    def finish(self, status: Status, message: str = "", trailers: Sequence[Header] = ()) -> None:
        """End the call with a status."""
        if self._closed:
            return
        self._closed = True
        block = OK_TRAILERS if status is Status.OK else _failure_block(status, message, trailers)
        if not self._started:
            block = RESPONSE_HEADERS + block
        end = frame(HEADERS, END_HEADERS | END_STREAM, self._stream, block)
        if not self._half_closed:
            end += reset_stream(self._stream, ErrorCode.NO_ERROR)
        self._connection.write(end)

    def abandon(self) -> None:
        """The client is gone: answer nothing, stop the handler."""
        self._closed = True
        if self.task is not None:
            self.task.cancel()

    async def _send(self, data: bytes) -> None:
        connection = self._connection
        if not self._started:
            self._started = True
            connection.write(frame(HEADERS, END_HEADERS, self._stream, RESPONSE_HEADERS))
        at, end = 0, len(data)
        while at < end:
            room = min(connection.send_window, self.send_window, connection.max_frame_bytes, end - at)
            if room <= 0 or not connection.writable:
                await connection.sendable()
                continue
            connection.write(frame(DATA, 0, self._stream, data[at : at + room]))
            connection.send_window -= room
            self.send_window -= room
            at += room

    def _assemble(self, data: bytes) -> None:
        partial = self._partial
        partial += data
        while len(partial) >= _PREFIX_BYTES:
            if partial[0]:
                raise CallRefused(Status.UNIMPLEMENTED, "compressed messages are not supported")
            end = _PREFIX_BYTES + int.from_bytes(partial[1:_PREFIX_BYTES], "big")
            if end > MAX_MESSAGE_BYTES:
                raise CallRefused(Status.RESOURCE_EXHAUSTED, f"a message of {end} bytes is too large")
            if end > len(partial):
                return
            self._inbox.append(bytes(partial[_PREFIX_BYTES:end]))
            del partial[:end]

    def _credit(self) -> None:
        if self._uncredited_bytes >= STREAM_WINDOW_BYTES // 2 and not self._half_closed:
            self._connection.write(window_update(self._stream, self._uncredited_bytes))
            self._uncredited_bytes = 0


def _failure_block(status: Status, message: str, trailers: Sequence[Header]) -> bytes:
    return header_block([("grpc-status", str(int(status))), ("grpc-message", message), *trailers])
