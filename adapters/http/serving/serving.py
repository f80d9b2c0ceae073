"""Serving an application with uvicorn, from inside a running event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from adapters.http.serving.bounded_protocol import BoundedHttp, bounded_http
from adapters.http.serving.feed_protocol import FeedProtocol
from adapters.listening import listening_socket, most_connections
from application.ports.measures import Measure, gauge

_KEEP_ALIVE_S = 75
WS_BYTES_MAX = 1_048_576
"""A larger message ends its socket: it would have to be held in whole to be answered."""
WS_PING_S, WS_PONG_S = 10.0, 30.0
_LAST_WORDS_S, _LOOK_S = 0.5, 0.01
"""How long connections may bring one more request when the end is near: those at work do by then."""
_SHUTDOWN_S = 5
"""How long requests have when nobody ended them in order before."""


class ServerEnded(Exception):
    """A server has ended though nobody asked it to: all its process can do is end, and be started again."""


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


class Served:
    """An application that is being served at ``url``."""

    def __init__(
        self,
        url: str,
        server: _Server,
        protocol: type[BoundedHttp],
        running: "asyncio.Task[None]",
        connections_max: int,
    ) -> None:
        self.url = url
        self._protocol = protocol
        self._connections_max = connections_max
        self._server = server
        self._running = running

    def measures(self) -> Iterator[Measure]:
        """Yield how many connections there are, and how many there may be."""
        connections = len(self._server.server_state.connections)
        yield gauge("presage_http_connections", "Connections that are open.", connections)
        yield gauge("presage_http_connections_max", "How many may be open at once.", self._connections_max)

    async def refuse_more(self) -> None:
        """Close the listener: who connects from now on is refused.

        Connections that stand go on; with each next answer they are told that it is the last one.
        """
        self._protocol.closing = True
        for listener in self._server.servers:
            listener.close()
        await asyncio.sleep(0)

    async def finish(self) -> None:
        """Close connections as they fall silent, and wait for the requests that are under way.

        They are broken off when this is cancelled.
        """
        try:
            await self._hear_last_words()
            self._server.should_exit = True
            await asyncio.shield(self._running)
        except asyncio.CancelledError:
            await self._break_off()
            raise

    async def _hear_last_words(self) -> None:
        """Wait a little for connections to be told in an answer that they end.

        Whoever sends something on a connection that is being closed does not know what became of it.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + _LAST_WORDS_S
        while self._server.server_state.connections and loop.time() < until:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_S)

    async def _break_off(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        state = self._server.server_state
        for task in state.tasks:
            task.cancel()
        for connection in list(state.connections):
            connection.transport.close()
        await asyncio.wait([self._running])


@asynccontextmanager
async def serving(
    app: ASGIApp, host: str, port: int, *, connections_max: int | None = None
) -> AsyncIterator[Served]:
    """Serve ``app`` while the block runs; port 0 takes a free one. Raises ``OSError`` if it is taken."""
    async with serving_at(listening_socket(host, port), app, connections_max=connections_max) as served:
        yield served


@asynccontextmanager
async def serving_at(
    listener: socket.socket, app: ASGIApp, *, connections_max: int | None = None
) -> AsyncIterator[Served]:
    """Serve ``app`` at a socket while the block runs.

    Leaving the block lets requests that are under way come to their end, for at most five seconds.
    """
    most = connections_max or most_connections()
    protocol = bounded_http(most)
    config = uvicorn.Config(
        app,
        http=protocol,
        ws=FeedProtocol,
        ws_max_size=WS_BYTES_MAX,
        ws_max_queue=4,
        ws_ping_interval=WS_PING_S,
        ws_ping_timeout=WS_PONG_S,
        ws_per_message_deflate=False,
        log_level="warning",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]), name="HTTP server")
    try:
        await _up(server, running)
        served = Served(url_of(listener), server, protocol, running, most)
        try:
            with _interrupted_by_the_end_of(running, server):
                yield served
        finally:
            if not running.done():
                with suppress(TimeoutError):
                    await asyncio.wait_for(served.finish(), _SHUTDOWN_S)
    finally:
        server.should_exit = True
        await asyncio.wait([running])
        listener.close()


async def _up(server: _Server, running: "asyncio.Task[None]") -> None:
    """Wait until a server serves. Raises what keeps it from that."""
    up = asyncio.ensure_future(server.up.wait())
    await asyncio.wait({up, running}, return_when=asyncio.FIRST_COMPLETED)
    up.cancel()
    if running.done():
        running.result()


@contextmanager
def _interrupted_by_the_end_of(running: "asyncio.Task[None]", server: _Server) -> Iterator[None]:
    """Interrupt the block if a server ends unasked: nobody would be answered, and nobody would say so.

    Raises :class:`ServerEnded` then.
    """
    block, interrupted = asyncio.current_task(), False
    assert block is not None

    def ended(_: "asyncio.Task[None]") -> None:
        nonlocal interrupted
        if not server.should_exit:
            interrupted = block.cancel()

    running.add_done_callback(ended)
    try:
        yield
    except asyncio.CancelledError:
        if not interrupted or block.uncancel():
            raise
        raise ServerEnded("what answers requests has ended by itself") from running.exception()
    finally:
        running.remove_done_callback(ended)


def url_of(listener: socket.socket) -> str:
    """Return where a socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
