"""HTTP/2 frames and header blocks as bytes (RFC 9113)."""

import struct
from collections.abc import Iterable
from enum import IntEnum
from urllib.parse import quote

from adapters.eventstore_node.http2.hpack import Header

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER_BYTES = 9
FRAME_HEADER = struct.Struct(">BHBBI")

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = (
    range(10)
)

END_STREAM = 0x1
ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
HAS_PRIORITY = 0x20

DEFAULT_WINDOW_BYTES = 65_535
DEFAULT_FRAME_BYTES = 16_384
MAX_WINDOW_BYTES = 2**31 - 1


class Setting(IntEnum):
    """The settings that matter here."""

    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5


class ErrorCode(IntEnum):
    """Why a stream or a connection ends."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    REFUSED_STREAM = 7
    CANCEL = 8


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return one frame."""
    length = len(payload)
    return FRAME_HEADER.pack(length >> 16, length & 0xFFFF, kind, flags, stream) + payload


def settings_frame(settings: Iterable[tuple[Setting, int]]) -> bytes:
    """Return a settings frame."""
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", setting, value) for setting, value in settings))


def window_update(stream: int, credit_bytes: int) -> bytes:
    """Return a frame that lets the peer send so many bytes more."""
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", credit_bytes))


def reset_stream(stream: int, code: ErrorCode) -> bytes:
    """Return a frame that ends a stream at once."""
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def go_away(last_stream: int, code: ErrorCode) -> bytes:
    """Return a frame that announces the end of the connection."""
    return frame(GOAWAY, 0, 0, struct.pack(">II", last_stream, code))


def header_block(headers: Iterable[Header]) -> bytes:
    """Encode headers as literals that no table remembers."""
    return b"".join(b"\x00" + _string(name) + _string(_printable(value)) for name, value in headers)


def _printable(value: str) -> str:
    return quote(value, safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")


def _string(text: str) -> bytes:
    raw = text.encode("ascii")
    if len(raw) < 0x7F:
        return bytes((len(raw),)) + raw
    length, rest = b"\x7f", len(raw) - 0x7F
    while rest >= 0x80:
        length += bytes((rest & 0x7F | 0x80,))
        rest >>= 7
    return length + bytes((rest,)) + raw


RESPONSE_HEADERS = b"\x88" + header_block([("content-type", "application/grpc")])
"""``:status: 200`` from the static table, and what a gRPC answer is made of."""

OK_TRAILERS = header_block([("grpc-status", "0")])
