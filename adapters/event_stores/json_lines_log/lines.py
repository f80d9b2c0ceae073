"""One event as one line of JSON, ending with a checksum of what stands before it."""

from uuid import UUID
from zlib import crc32

import orjson

from application.ports.event_store import Position, RecordedEvent

SUFFIX = b',"crc32":"%08x"}\n'
SUFFIX_BYTES = len(SUFFIX % 0)


def encode_line(event: RecordedEvent) -> bytes:
    """Write an event as a line."""
    body = orjson.dumps(
        {
            "position": event.position,
            "stream": event.stream,
            "revision": event.revision,
            "id": event.id,
            "type": event.type,
            "recorded_at_us": event.recorded_at_us,
            "metadata": _embedded(event.metadata),
            "data": _embedded(event.data),
        }
    )[:-1]
    return body + SUFFIX % crc32(body)


def decode_line(line: bytes) -> RecordedEvent:
    """Read an event from its line; raise ``ValueError`` with the reason when it is damaged."""
    if not line.endswith(b"\n"):
        raise ValueError("it is cut off")
    body = line[:-SUFFIX_BYTES]
    if line[-SUFFIX_BYTES:] != SUFFIX % crc32(body):
        raise ValueError("its checksum is wrong")
    fields = orjson.loads(body + b"}")
    return RecordedEvent(
        id=UUID(fields["id"]),
        type=fields["type"],
        data=_document(fields["data"]),
        metadata=_document(fields["metadata"]),
        stream=fields["stream"],
        revision=fields["revision"],
        position=Position(fields["position"]),
        recorded_at_us=fields["recorded_at_us"],
    )


def _embedded(document: bytes) -> orjson.Fragment | str:
    """Embed a document as JSON when it can be read back to the byte, else as a string."""
    try:
        parsed = orjson.loads(document)
        if not isinstance(parsed, str) and orjson.dumps(parsed) == document:
            return orjson.Fragment(document)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        # Not JSON, or nested deeper than it can be written again.
        pass
    return document.decode()


def _document(embedded: object) -> bytes:
    return embedded.encode() if isinstance(embedded, str) else orjson.dumps(embedded)
