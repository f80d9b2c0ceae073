"""Messages as WebSocket frames: what a server sends is neither masked nor, here, compressed."""

from collections.abc import Iterable

_TEXT = 0x81
SHORT, _MIDDLE = 125, 65_535


def text_header(size: int) -> bytes:
    """Return what stands before a message of so many bytes."""
    if size <= SHORT:
        return bytes((_TEXT, size))
    if size <= _MIDDLE:
        return b"\x81\x7e" + size.to_bytes(2, "big")
    return b"\x81\x7f" + size.to_bytes(8, "big")


def text_frames(messages: Iterable[bytes]) -> bytes:
    """Return messages in UTF-8, each as a frame of its own, one after the other (RFC 6455, 5.2)."""
    parts: list[bytes] = []
    for message in messages:
        parts += (text_header(len(message)), message)
    return b"".join(parts)
