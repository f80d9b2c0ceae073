"""Listens for HTTP/2 connections."""

import asyncio
import ssl

from adapters.eventstore_node.http2.connection import Connection, Router


class Listener:
    """A listening socket and the connections that came through it."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        """Listen, and return the port, which the system chooses when ``port`` is 0."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._router, self._connections), host, port, ssl=tls
        )
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self, grace_s: float) -> None:
        """Take no more connections and end those that are open."""
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*(connection.close(grace_s) for connection in list(self._connections)))
