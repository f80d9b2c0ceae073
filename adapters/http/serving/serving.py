"""Serving an application with uvicorn, from inside a running event loop."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from adapters.http.serving.bounded_protocol import bounded_http

_BACKLOG = 2_048
_CONNECTIONS_MAX = 10_000
_KEEP_ALIVE_S = 75
_SHUTDOWN_S = 5


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it, and says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        self.up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def most_connections() -> int:
    """Return how many connections leave enough of what this process may open for everything else."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(_CONNECTIONS_MAX, descriptors // 2)


@asynccontextmanager
async def serving(
    app: ASGIApp, host: str, port: int, *, connections_max: int | None = None
) -> AsyncIterator[str]:
    """Serve ``app`` while the block runs, and give the address it is served at.

    Port 0 takes a free one. Leaving the block lets requests that are under way come to their end, for at
    most five seconds. Raises ``OSError`` if the address is taken.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        http=bounded_http(connections_max or most_connections()),
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.up.wait()
        bound_host, bound_port = listener.getsockname()[:2]
        yield f"http://{f'[{bound_host}]' if ':' in bound_host else bound_host}:{bound_port}"
    finally:
        server.should_exit = True
        await running
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
