"""uvicorn's WebSocket protocol, with a way to write many messages at once and to close in order.

What goes through ASGI is awaited and written message by message. A feed writes the same to thousands, so it
is handed the connection itself: it asks whether it is writable, and writes frames that are ready.
"""

from asyncio import BaseTransport
from collections.abc import Callable
from socket import SO_SNDBUF, SOL_SOCKET

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION = "presage.socket"
"""Where in the scope the socket is."""

SEND_BUFFER = 262_144
"""How much the system holds for a consumer that does not take it: left to itself, that is many times more."""

LINGER_S = 5.0
"""How long a consumer has to take the reason why it is sent away."""


class FeedProtocol(WebSocketsSansIOProtocol):
    """A connection that hands its socket to the application."""

    socket: "Socket | None" = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Take over a connection."""
        super().connection_made(transport)
        connected = transport.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER)

    def handle_connect(self, event: Request) -> None:
        """Begin the handshake."""
        super().handle_connect(event)
        if not self.close_sent:
            self.socket = Socket(self)
            self.scope["extensions"][EXTENSION] = self.socket  # type: ignore[assignment]

    def resume_writing(self) -> None:
        """Note that what was written has gone."""
        super().resume_writing()
        if self.socket is not None and self.socket.when_writable is not None:
            self.socket.when_writable()

    def end(self, code: int, reason: str) -> None:
        """Close the connection, whatever still waits to be written."""
        if self.close_sent or self.transport.is_closing():
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_S, self.transport.abort)


class Socket:
    """A connection as a feed uses it. ``when_writable`` is called once more can be written."""

    def __init__(self, protocol: FeedProtocol) -> None:
        self._protocol = protocol
        self.when_writable: Callable[[], None] | None = None

    @property
    def writable(self) -> bool:
        """Whether what was written before has gone, or nearly."""
        return self._protocol.writable.is_set()

    def write(self, frames: bytes) -> None:
        """Write frames that are ready."""
        protocol = self._protocol
        if not protocol.close_sent and not protocol.transport.is_closing():
            protocol.transport.write(frames)

    def close(self, code: int, reason: str) -> None:
        """Close the connection, saying why."""
        self._protocol.end(code, reason)
