"""One HTTP/2 connection, driven frame by frame."""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapters.eventstore_node.http2 import frames
from adapters.eventstore_node.http2.call import Call
from adapters.eventstore_node.http2.connection import Connection
from adapters.eventstore_node.http2.errors import CallRefused, Status
from adapters.eventstore_node.http2.frames import frame, header_block
from adapters.eventstore_node.http2.hpack import HeaderDecoder

REQUEST = header_block([(":path", "/echo"), ("te", "trailers")])
END_STREAM, END_HEADERS = frames.END_STREAM, frames.END_HEADERS


class FakeTransport(asyncio.Transport):
    """Collects what is written."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.written = bytearray()
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


class Client:
    """The other end of a connection whose handler the test gives."""

    def __init__(self, handler: Callable[[Call], Awaitable[None]]) -> None:
        self.transport = FakeTransport()
        self.connection = Connection(lambda _headers: handler, set())
        self.connection.connection_made(self.transport)
        self._decoder = HeaderDecoder()
        self.send(frames.PREFACE + frames.settings_frame([]))

    def send(self, data: bytes) -> None:
        self.connection.data_received(data)

    def open(self, stream: int = 1, flags: int = 0) -> None:
        self.send(frame(frames.HEADERS, END_HEADERS | flags, stream, REQUEST))

    async def answers(self, stream: int = 1) -> list[tuple[int, int, bytes]]:
        """The frames of a stream so far: kind, flags, payload."""
        await asyncio.sleep(0.01)
        data, found = bytes(self.transport.written), []
        while data:
            high, low, kind, flags, number = frames.FRAME_HEADER.unpack_from(data)
            end = 9 + (high << 16 | low)
            if number == stream:
                found.append((kind, flags, data[9:end]))
            data = data[end:]
        return found

    async def body(self, stream: int = 1) -> bytes:
        return b"".join(p for kind, _, p in await self.answers(stream) if kind == frames.DATA)

    async def trailers(self, stream: int = 1) -> dict[str, str]:
        ends = [
            p
            for kind, flags, p in await self.answers(stream)
            if kind == frames.HEADERS and flags & END_STREAM
        ]
        return dict(self._decoder.decode(ends[-1])) if ends else {}


def grpc(message: bytes) -> bytes:
    return b"\x00" + struct.pack(">I", len(message)) + message


async def echo(call: Call) -> None:
    while (message := await call.receive()) is not None:
        await call.send(message)


async def test_a_message_comes_back_with_status_ok() -> None:
    client = Client(echo)
    client.open()
    client.send(frame(frames.DATA, END_STREAM, 1, grpc(b"hello")))
    assert await client.body() == grpc(b"hello")
    assert (await client.trailers())["grpc-status"] == "0"


async def test_bytes_may_come_one_by_one() -> None:
    client = Client(echo)
    request = frame(frames.HEADERS, END_HEADERS, 1, REQUEST)
    for byte in request + frame(frames.DATA, END_STREAM, 1, grpc(b"hello")):
        client.send(bytes([byte]))
    assert await client.body() == grpc(b"hello")


async def test_messages_need_not_begin_and_end_with_frames() -> None:
    client = Client(echo)
    client.open()
    data = grpc(b"one") + grpc(b"") + grpc(b"three" * 100)
    for at in range(0, len(data), 7):
        client.send(frame(frames.DATA, 0, 1, data[at : at + 7]))
    client.send(frame(frames.DATA, END_STREAM, 1))
    assert await client.body() == data


async def test_headers_may_be_continued_padded_and_prioritised() -> None:
    client = Client(echo)
    padded = b"\x03" + b"\x00" * 4 + b"\x10" + REQUEST[:5] + b"\x00" * 3
    client.send(frame(frames.HEADERS, frames.PADDED | frames.HAS_PRIORITY, 1, padded))
    client.send(frame(frames.CONTINUATION, 0, 1, REQUEST[5:9]))
    client.send(frame(frames.CONTINUATION, END_HEADERS, 1, REQUEST[9:]))
    client.send(frame(frames.DATA, frames.PADDED | END_STREAM, 1, b"\x02" + grpc(b"x") + b"\x00\x00"))
    assert await client.body() == grpc(b"x")


async def test_nothing_may_come_between_the_pieces_of_a_header_block() -> None:
    client = Client(echo)
    client.send(frame(frames.HEADERS, 0, 1, REQUEST[:5]))
    client.send(frame(frames.PING, 0, 0, b"12345678"))
    assert client.transport.closed


async def test_an_answer_waits_for_the_window_of_its_stream() -> None:
    client = Client(echo)
    client.send(frames.settings_frame([(frames.Setting.INITIAL_WINDOW_SIZE, 10)]))
    client.open()
    client.send(frame(frames.DATA, END_STREAM, 1, grpc(b"x" * 20)))
    assert await client.body() == grpc(b"x" * 20)[:10]
    client.send(frames.window_update(1, 5))
    assert len(await client.body()) == 15
    client.send(frames.window_update(1, 1000))
    assert await client.body() == grpc(b"x" * 20)
    assert (await client.trailers())["grpc-status"] == "0"


async def test_an_answer_waits_for_the_window_of_the_connection() -> None:
    client = Client(echo)
    client.send(frames.settings_frame([(frames.Setting.INITIAL_WINDOW_SIZE, 1_000_000)]))
    client.open()
    client.send(frame(frames.DATA, END_STREAM, 1, grpc(b"x" * 100_000)))
    assert len(await client.body()) == frames.DEFAULT_WINDOW_BYTES
    client.send(frames.window_update(0, 1_000_000))
    assert await client.body() == grpc(b"x" * 100_000)


async def test_frames_are_no_longer_than_the_client_takes() -> None:
    client = Client(echo)
    client.open()
    client.send(frame(frames.DATA, END_STREAM, 1, grpc(b"x" * 40_000)))
    answers = await client.answers()
    sizes = [len(payload) for kind, _, payload in answers if kind == frames.DATA]
    assert max(sizes) == frames.DEFAULT_FRAME_BYTES


async def test_messages_sent_at_once_are_not_cut_in_two_by_each_other() -> None:
    async def both(call: Call) -> None:
        await asyncio.gather(call.send(b"a" * 30), call.send(b"b" * 30))

    client = Client(both)
    client.send(frames.settings_frame([(frames.Setting.INITIAL_WINDOW_SIZE, 10)]))
    client.open(flags=END_STREAM)
    for _ in range(10):
        await asyncio.sleep(0)
        client.send(frames.window_update(1, 10))
    assert await client.body() == grpc(b"a" * 30) + grpc(b"b" * 30)


async def test_a_slow_transport_holds_senders_back() -> None:
    client = Client(echo)
    client.connection.pause_writing()
    client.open()
    client.send(frame(frames.DATA, END_STREAM, 1, grpc(b"x")))
    assert await client.body() == b""
    client.connection.resume_writing()
    assert await client.body() == grpc(b"x")


async def test_a_reset_stops_the_handler() -> None:
    stopped = asyncio.Event()

    async def wait(_call: Call) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            stopped.set()

    client = Client(wait)
    client.open(flags=END_STREAM)
    await asyncio.sleep(0)
    client.send(frames.reset_stream(1, frames.ErrorCode.CANCEL))
    await asyncio.wait_for(stopped.wait(), 5)
    assert await client.trailers() == {}


async def test_a_refusal_is_told_in_the_trailers() -> None:
    async def refuse(_call: Call) -> None:
        raise CallRefused(Status.NOT_FOUND, "no such thing: é", [("exception", "not-there")])

    client = Client(refuse)
    client.open()
    trailers = await client.trailers()
    assert (trailers["grpc-status"], trailers["exception"]) == ("5", "not-there")
    assert trailers["grpc-message"] == "no such thing: %C3%A9"


async def test_a_fault_of_a_handler_ends_its_call_only(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(call: Call) -> None:
        raise ZeroDivisionError

    client = Client(fail)
    client.open(1)
    assert (await client.trailers(1))["grpc-status"] == "2"
    client.open(3)
    assert (await client.trailers(3))["grpc-status"] == "2"
    assert not client.transport.closed


@pytest.mark.parametrize(
    ("data", "status"),
    [(b"\x01" + struct.pack(">I", 1) + b"x", "12"), (b"\x00" + struct.pack(">I", 2**31), "8")],
    ids=["compressed", "too large"],
)
async def test_a_message_that_cannot_be_taken_is_refused(data: bytes, status: str) -> None:
    client = Client(echo)
    client.open()
    client.send(frame(frames.DATA, 0, 1, data))
    assert (await client.trailers())["grpc-status"] == status
    client.send(frame(frames.DATA, 0, 1, b"more"))
    assert not client.transport.closed


async def test_the_window_is_given_back_as_messages_are_taken() -> None:
    client = Client(echo)
    client.open()
    for _ in range(8):
        client.send(frame(frames.DATA, 0, 1, grpc(b"x" * 500_000)))
        await asyncio.sleep(0)
    given_back = [struct.unpack(">I", p)[0] for kind, _, p in await client.answers() if kind == 8]
    assert sum(given_back) >= 2_000_000


async def test_a_ping_is_answered() -> None:
    client = Client(echo)
    client.send(frame(frames.PING, 0, 0, b"12345678"))
    assert (frames.PING, frames.ACK, b"12345678") in await client.answers(0)


async def test_a_frame_beyond_the_agreed_size_ends_the_connection() -> None:
    client = Client(echo)
    client.send(frames.FRAME_HEADER.pack(0xFF, 0xFFFF, frames.DATA, 0, 1))
    assert client.transport.closed
