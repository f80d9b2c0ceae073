"""Keeps the content type of an event where the embedded store has no place for it.

JSON is the rule and is stored as it came. The metadata of a binary event gets a zero byte in front; JSON
metadata that would begin like a mark gets one of its own.
"""

JSON = "application/json"
BINARY = "application/octet-stream"
_BINARY_MARK = b"\x00"
_JSON_MARK = b"\x01"


def pack(metadata: bytes, *, content_type: str) -> bytes:
    """Return the metadata as it is stored."""
    if content_type != JSON:
        return _BINARY_MARK + metadata
    return _JSON_MARK + metadata if metadata[:1] in (_BINARY_MARK, _JSON_MARK) else metadata


def unpack(stored: bytes) -> tuple[bytes, str]:
    """Return the metadata as it came, and the content type."""
    mark = stored[:1]
    if mark == _BINARY_MARK:
        return stored[1:], BINARY
    return (stored[1:] if mark == _JSON_MARK else stored), JSON
