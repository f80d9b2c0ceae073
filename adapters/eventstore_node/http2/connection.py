"""One HTTP/2 connection: frames in, calls out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from adapters.eventstore_node.http2 import frames
from adapters.eventstore_node.http2.call import STREAM_WINDOW_BYTES, Call
from adapters.eventstore_node.http2.errors import CallRefused, ProtocolError, Status
from adapters.eventstore_node.http2.frames import ErrorCode, Setting, frame
from adapters.eventstore_node.http2.hpack import HeaderDecoder

Handler = Callable[[Call], Awaitable[None]]
Router = Callable[[Mapping[str, str]], Handler]
"""Finds the handler for the headers of a call, or raises :class:`CallRefused`."""

MAX_FRAME_BYTES = 1024 * 1024
CONNECTION_WINDOW_BYTES = 64 * 1024 * 1024
MAX_CALLS = 4096
MAX_HEADER_BLOCK_BYTES = 64 * 1024
FLUSH_BYTES = 256 * 1024
FAREWELL_S = 1.0
"""How long a client may take to say goodbye, which over TLS it should."""

_log = logging.getLogger(__name__)


class Connection(asyncio.Protocol):
    """Speaks HTTP/2 with one client."""

    def __init__(self, router: Router, open_connections: "set[Connection]") -> None:
        self.loop = asyncio.get_running_loop()
        self.send_window = frames.DEFAULT_WINDOW_BYTES
        self.max_frame_bytes = frames.DEFAULT_FRAME_BYTES
        self.writable = True
        self.peer = ""
        self._router = router
        self._open_connections = open_connections
        self._transport: asyncio.Transport
        self._decoder = HeaderDecoder()
        self._received = bytearray()
        self._greeted = False
        self._calls: dict[int, Call] = {}
        self._last_stream = 0
        self._stream_window = frames.DEFAULT_WINDOW_BYTES
        self._header_block: tuple[int, int, bytearray] | None = None
        self._uncredited_bytes = 0
        self._out: list[bytes] = []
        self._out_bytes = 0
        self._sendable: asyncio.Future[None] | None = None
        self._lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the client with this side's settings."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass
        self._open_connections.add(self)
        host, port = (transport.get_extra_info("peername") or ("", 0))[:2]
        self.peer = f"{host}:{port}"
        self.write(
            frames.settings_frame(
                [
                    (Setting.MAX_CONCURRENT_STREAMS, MAX_CALLS),
                    (Setting.INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES),
                    (Setting.MAX_FRAME_SIZE, MAX_FRAME_BYTES),
                ]
            )
            + frames.window_update(0, CONNECTION_WINDOW_BYTES - frames.DEFAULT_WINDOW_BYTES)
        )

    def connection_lost(self, _error: Exception | None) -> None:
        """Stop the handlers of a client that is gone."""
        self._open_connections.discard(self)
        self._lost.set()
        self.writable = False
        for call in self._calls.values():
            call.abandon()

    def pause_writing(self) -> None:
        """The transport is full."""
        self.writable = False

    def resume_writing(self) -> None:
        """The transport has drained."""
        self.writable = True
        self._wake_senders()

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client."""
        self._received += data
        try:
            self._take_frames()
        except ProtocolError as error:
            _log.warning("closing the connection of %s: %s", self.peer, error)
            self._close(ErrorCode.PROTOCOL_ERROR)

    def write(self, data: bytes) -> None:
        """Send bytes with whatever else is sent in this turn of the event loop."""
        if not self._out:
            self.loop.call_soon(self._flush)
        self._out.append(data)
        self._out_bytes += len(data)
        if self._out_bytes >= FLUSH_BYTES:
            self._flush()

    async def sendable(self) -> None:
        """Wait until a window or the transport has opened."""
        if self._sendable is None:
            self._sendable = self.loop.create_future()
        await asyncio.shield(self._sendable)

    async def close(self, grace_s: float) -> None:
        """Announce the end, let short calls finish, end the others."""
        self.write(frames.go_away(self._last_stream, ErrorCode.NO_ERROR))
        tasks = [call.task for call in self._calls.values() if call.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=grace_s)
        for call in list(self._calls.values()):
            call.finish(Status.UNAVAILABLE, "the node is shutting down")
            call.abandon()
        if tasks:
            await asyncio.wait(tasks)
        self._flush()
        self._transport.close()
        try:
            await asyncio.wait_for(self._lost.wait(), FAREWELL_S)
        except TimeoutError:
            self._transport.abort()

    def _close(self, code: ErrorCode) -> None:
        self.write(frames.go_away(self._last_stream, code))
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._out and not self._transport.is_closing():
            self._transport.write(b"".join(self._out))
        self._out.clear()
        self._out_bytes = 0

    def _wake_senders(self) -> None:
        if self._sendable is not None:
            self._sendable.set_result(None)
            self._sendable = None

    def _take_frames(self) -> None:
        received, at = self._received, 0
        if not self._greeted:
            if not received.startswith(frames.PREFACE):
                if not frames.PREFACE.startswith(received):
                    raise ProtocolError("not an HTTP/2 client")
                return
            self._greeted, at = True, len(frames.PREFACE)
        while len(received) - at >= frames.HEADER_BYTES:
            high, low, kind, flags, stream = frames.FRAME_HEADER.unpack_from(received, at)
            length = high << 16 | low
            if length > MAX_FRAME_BYTES:
                raise ProtocolError(f"a frame of {length} bytes")
            end = at + frames.HEADER_BYTES + length
            if end > len(received):
                break
            self._take_frame(
                kind, flags, stream & 0x7FFFFFFF, bytes(received[at + frames.HEADER_BYTES : end])
            )
            at = end
        del received[:at]

    def _take_frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if self._header_block is not None and kind != frames.CONTINUATION:
            raise ProtocolError("a header block is not finished")
        match kind:
            case frames.DATA:
                self._take_data(flags, stream, payload)
            case frames.HEADERS:
                self._take_headers(flags, stream, payload)
            case frames.CONTINUATION:
                self._take_continuation(flags, stream, payload)
            case frames.WINDOW_UPDATE:
                self._take_window_update(stream, payload)
            case frames.RST_STREAM:
                if (call := self._calls.pop(stream, None)) is not None:
                    call.abandon()
            case frames.SETTINGS if not flags & frames.ACK:
                self._take_settings(payload)
            case frames.PING if not flags & frames.ACK:
                self.write(frame(frames.PING, frames.ACK, 0, payload))
            case frames.PUSH_PROMISE:
                raise ProtocolError("a client may not push")
            case _:
                pass  # priorities, acknowledgements, farewells, and kinds not known yet

    def _take_data(self, flags: int, stream: int, payload: bytes) -> None:
        self._uncredited_bytes += len(payload)
        if self._uncredited_bytes >= CONNECTION_WINDOW_BYTES // 4:
            self.write(frames.window_update(0, self._uncredited_bytes))
            self._uncredited_bytes = 0
        call = self._calls.get(stream)
        if call is None:
            return
        flow_bytes = len(payload)
        if flags & frames.PADDED:
            payload = _without_padding(payload)
        try:
            call.feed(payload, flow_bytes=flow_bytes, last=bool(flags & frames.END_STREAM))
        except CallRefused as refused:
            call.finish(refused.status, refused.message, refused.trailers)
            call.abandon()

    def _take_headers(self, flags: int, stream: int, payload: bytes) -> None:
        if stream in self._calls:  # trailers of a request; gRPC clients send none
            raise ProtocolError("headers within a call")
        if stream <= self._last_stream or not stream & 1:
            raise ProtocolError(f"stream {stream} may not be opened")
        if flags & frames.PADDED:
            payload = _without_padding(payload)
        if flags & frames.HAS_PRIORITY:
            payload = payload[5:]
        self._last_stream = stream
        if flags & frames.END_HEADERS:
            self._open(stream, payload, half_closed=bool(flags & frames.END_STREAM))
        else:
            self._header_block = (stream, flags, bytearray(payload))

    def _take_continuation(self, flags: int, stream: int, payload: bytes) -> None:
        if self._header_block is None or self._header_block[0] != stream:
            raise ProtocolError("a continuation of nothing")
        _, first_flags, block = self._header_block
        block += payload
        if len(block) > MAX_HEADER_BLOCK_BYTES:
            raise ProtocolError("a header block too large")
        if flags & frames.END_HEADERS:
            self._header_block = None
            self._open(stream, bytes(block), half_closed=bool(first_flags & frames.END_STREAM))

    def _take_window_update(self, stream: int, payload: bytes) -> None:
        credit = int.from_bytes(payload, "big") & 0x7FFFFFFF
        if stream == 0:
            self.send_window += credit
            if self.send_window > frames.MAX_WINDOW_BYTES:
                raise ProtocolError("the connection's window overflows")
        elif (call := self._calls.get(stream)) is not None:
            call.send_window += credit
        self._wake_senders()

    def _take_settings(self, payload: bytes) -> None:
        for at in range(0, len(payload), 6):
            setting = int.from_bytes(payload[at : at + 2], "big")
            value = int.from_bytes(payload[at + 2 : at + 6], "big")
            if setting == Setting.INITIAL_WINDOW_SIZE:
                for call in self._calls.values():
                    call.send_window += value - self._stream_window
                self._stream_window = value
            elif setting == Setting.MAX_FRAME_SIZE:
                self.max_frame_bytes = value
        self.write(frame(frames.SETTINGS, frames.ACK, 0))
        self._wake_senders()

    def _open(self, stream: int, block: bytes, *, half_closed: bool) -> None:
        headers = dict(self._decoder.decode(block))
        if len(self._calls) >= MAX_CALLS:
            self.write(frames.reset_stream(stream, ErrorCode.REFUSED_STREAM))
            return
        call = Call(self, stream, headers, self._stream_window)
        self._calls[stream] = call
        if half_closed:
            call.feed(b"", flow_bytes=0, last=True)
        call.task = self.loop.create_task(self._run(stream, call))

    async def _run(self, stream: int, call: Call) -> None:
        try:
            await self._router(call.headers)(call)
            call.finish(Status.OK)
        except CallRefused as refused:
            call.finish(refused.status, refused.message, refused.trailers)
        except asyncio.CancelledError:
            call.finish(Status.CANCELLED, "the call was cancelled")
        except Exception:  # noqa: BLE001  # a fault in one call must not end the others
            _log.exception("the handler of %s failed", call.headers.get(":path"))
            call.finish(Status.UNKNOWN, "Exception was thrown by handler.")
        finally:
            self._calls.pop(stream, None)


def _without_padding(payload: bytes) -> bytes:
    padding = payload[0]
    if padding >= len(payload):
        raise ProtocolError("more padding than frame")
    return payload[1 : len(payload) - padding]
