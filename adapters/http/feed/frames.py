"""Messages as WebSocket frames: what a server sends is neither masked nor, here, compressed."""

from collections.abc import Iterable

_TEXT = 0x81
_SHORT, _MIDDLE = 125, 65_535


def text_frames(messages: Iterable[bytes]) -> bytes:
    """Return messages in UTF-8, each as a frame of its own, one after the other (RFC 6455, 5.2)."""
    parts: list[bytes] = []
    for message in messages:
        size = len(message)
        if size <= _SHORT:
            parts.append(bytes((_TEXT, size)))
        elif size <= _MIDDLE:
            parts.append(b"\x81\x7e" + size.to_bytes(2, "big"))
        else:
            parts.append(b"\x81\x7f" + size.to_bytes(8, "big"))
        parts.append(message)
    return b"".join(parts)
