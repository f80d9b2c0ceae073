"""Ways to the HTTP interface: to a server, or straight into an application in this process.

The standard library does, and is loaded in a fraction of the time of a full HTTP client.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]
"""An ASGI application."""


class Unreachable(Exception):
    """Nobody answered; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. The names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Transport(Protocol):
    """Carries requests."""

    async def send(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Send a request and return the answer. Raises :class:`Unreachable`."""
        ...


class ServerTransport:
    """Carries requests to a server, over one connection."""

    def __init__(self, url: str, timeout_s: float) -> None:
        address = urlsplit(url)
        self._connection = HTTPConnection(address.hostname or "", address.port, timeout=timeout_s)

    async def send(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Send a request and return the answer."""
        target = f"{path}?{query}" if query else path
        return await asyncio.to_thread(self._send, method, target, headers, body)

    def _send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            self._connection.request(method, target, body, dict(headers))
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            self._connection.close()
            raise Unreachable(str(error) or type(error).__name__) from error
        return Answer(
            response.status, {name.lower(): value for name, value in response.getheaders()}, content
        )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class InProcessTransport:
    """Carries requests into an application."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def send(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Send a request and return the answer."""
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(
            _scope(method, path, query, {**headers, "content-length": str(len(body))}), receive, send
        )
        [start, *parts] = sent
        return Answer(
            start["status"],
            {name.decode().lower(): value.decode() for name, value in start["headers"]},
            b"".join(part.get("body", b"") for part in parts),
        )


def _scope(method: str, path: str, query: str, headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": None,
        "server": None,
    }
