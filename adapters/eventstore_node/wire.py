"""Events as the bytes of the protocol.

Events are most of what the node sends, so they are put together by hand: a message object with nested
messages and a map costs several times as much. The streams and the persistent-subscription service share
the layout.
"""

from collections.abc import Callable
from functools import lru_cache
from uuid import UUID

from adapters.eventstore_node import content
from adapters.eventstore_node.positions import shown
from adapters.eventstore_node.records import Delivered
from adapters.eventstore_node.stream_metadata import DELETED_REVISION, TOMBSTONE_TYPE
from application.ports.event_store import RecordedEvent

IdEncoder = Callable[[UUID], bytes]

_TICKS_PER_US = 10


def varint(value: int) -> bytes:
    """Encode an unsigned integer."""
    if value < 0x80:
        return bytes((value,))
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def field(number: int, payload: bytes) -> bytes:
    """Encode a length-delimited field."""
    return bytes((number << 3 | 2,)) + varint(len(payload)) + payload


def string_id(event_id: UUID) -> bytes:
    """Encode an id as a string, the form that most clients ask for."""
    return b"\x0a\x26\x12\x24" + str(event_id).encode()


def structured_id(event_id: UUID) -> bytes:
    """Encode an id as two signed integers."""
    high, low = event_id.int >> 64, event_id.int & (2**64 - 1)
    parts = (b"\x08" + varint(high) if high else b"") + (b"\x10" + varint(low) if low else b"")
    return field(1, field(1, parts))


def read_event(delivered: Delivered, encode_id: IdEncoder = string_id) -> bytes:
    """Encode what the protocol calls a read event."""
    event = b"" if delivered.event is None else field(1, _recorded_event(delivered.event, encode_id))
    link = b"" if delivered.link is None else field(2, _recorded_event(delivered.link, encode_id))
    return event + link + b"\x18" + varint(shown(delivered.original.position))


def read_response(delivered: Delivered, encode_id: IdEncoder = string_id) -> bytes:
    """Encode a response of the Read call that carries an event."""
    return field(1, read_event(delivered, encode_id))


def persistent_response(delivered: Delivered, retry_count: int, encode_id: IdEncoder) -> bytes:
    """Encode a response of a persistent subscription that carries an event."""
    return field(1, read_event(delivered, encode_id) + b"\x28" + varint(retry_count))


def _recorded_event(event: RecordedEvent, encode_id: IdEncoder) -> bytes:
    metadata, content_type = content.unpack(event.metadata)
    revision = DELETED_REVISION if event.type == TOMBSTONE_TYPE else event.revision
    position = varint(shown(event.position))
    created = str(event.recorded_at_us * _TICKS_PER_US).encode()
    return b"".join(
        (
            encode_id(event.id),
            _stream_identifier(event.stream),
            b"\x18" + varint(revision) if revision else b"",
            b"\x20",
            position,
            b"\x28",
            position,
            _described_as(event.type, content_type),
            field(6, b"\x0a\x07created" + field(2, created)),
            field(7, metadata) if metadata else b"",
            field(8, event.data) if event.data else b"",
        )
    )


@lru_cache(maxsize=4096)
def _stream_identifier(stream: str) -> bytes:
    return field(2, field(3, stream.encode()))


@lru_cache(maxsize=4096)
def _described_as(event_type: str, content_type: str) -> bytes:
    return field(6, b"\x0a\x04type" + field(2, event_type.encode())) + field(
        6, b"\x0a\x0ccontent-type" + field(2, content_type.encode())
    )
