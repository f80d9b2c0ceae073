"""Messages on a stream of bytes: each behind its length."""

from collections.abc import Iterator

LENGTH = 4

FRAME_BYTES_MAX = 64 * 1024 * 1024
"""Whoever announces more than this speaks something else."""


class NotAFrame(ValueError):
    """What arrived is no message of ours."""


def framed(message: bytes) -> bytes:
    """Return a message as it is sent."""
    return len(message).to_bytes(LENGTH, "big") + message


class Frames:
    """Puts messages together again from what arrives."""

    def __init__(self) -> None:
        self._held = bytearray()

    def take(self, data: bytes) -> Iterator[bytes]:
        """Yield the messages that are there in whole. Raises :class:`NotAFrame`."""
        held = self._held
        held += data
        begin = 0
        while len(held) - begin >= LENGTH:
            size = int.from_bytes(held[begin : begin + LENGTH], "big")
            if size > FRAME_BYTES_MAX:
                raise NotAFrame(f"a message of {size} bytes was announced")
            end = begin + LENGTH + size
            if len(held) < end:
                break
            yield bytes(held[begin + LENGTH : end])
            begin = end
        del held[:begin]
