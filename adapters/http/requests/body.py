"""Reading the body of a request within bounds."""

from collections.abc import Mapping

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from adapters.http.answers.problems import Code, Problem
from adapters.http.settings import HttpSettings


async def read_body(receive: Receive, headers: Mapping[bytes, bytes], settings: HttpSettings) -> bytes:
    """Return the whole body. How long it may take is the server's business.

    Raises :class:`Problem` when it is too large, and ``ClientDisconnect`` when the connection ends before it.
    """
    announced = headers.get(b"content-length", b"0")
    if announced == b"0" and b"transfer-encoding" not in headers:
        return b""
    if len(announced) > len(str(settings.body_bytes_max)) or int(announced) > settings.body_bytes_max:
        raise _too_large(settings)
    return await _read(receive, settings)


async def _read(receive: Receive, settings: HttpSettings) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > settings.body_bytes_max:
            raise _too_large(settings)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(settings: HttpSettings) -> Problem:
    # What is left of the body is not read, so the connection cannot be used again.
    return Problem(Code.BODY_TOO_LARGE, f"a body holds at most {settings.body_bytes_max} bytes", closes=True)
