"""uvicorn's HTTP protocol with bounds: on a head, on how long a request takes, on how many connections."""

import asyncio
from http import HTTPStatus
from typing import ClassVar

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from adapters.http.answers.problems import Code, Problem

HEAD_BYTES_MAX = 65_536
REQUEST_TIMEOUT_S = 10.0


class BoundedHttp(HttpToolsProtocol):
    """Ends connections whose requests grow or linger before they are whole, or that never send one.

    There are at most ``connections_max``: one more takes the place of the one that has been silent longest,
    and is turned away if none is.
    """

    connections_max: ClassVar[int]
    silent: ClassVar[dict["BoundedHttp", None]]
    """Connections without a request, the longest silent first."""
    closing: ClassVar[bool] = False
    """Whether every answer says that it is the last one on its connection."""

    _in_head = False
    _in_request = False
    _head_bytes = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Find room for another connection, and expect a request before long."""
        super().connection_made(transport)
        if len(self.connections) > self.connections_max and not self._make_room():
            transport.write(_refusal(Code.OVERLOADED, "too many connections; try again later"))
            transport.close()
            return
        self.silent[self] = None
        self._timer = self.loop.call_later(REQUEST_TIMEOUT_S, self._give_up)

    def _make_room(self) -> bool:
        if not self.silent:
            return False
        longest = next(iter(self.silent))
        del self.silent[longest]
        longest.transport.close()
        return True

    def data_received(self, data: bytes) -> None:
        """Take in what came, unless it only makes a head grow."""
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
                self.send_400_response("The head of the request is too large.")
                return
        # Most requests come in one piece and never need the timer.
        if self._in_request and self._timer is None:
            self._timer = self.loop.call_later(REQUEST_TIMEOUT_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection, and its timer with it."""
        self.silent.pop(self, None)
        self._stop_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._in_head = self._in_request = True
        self._head_bytes = 0
        self.silent.pop(self, None)
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a header. What comes after the body is none: it was not there when the head was judged."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._in_head = False
        super().on_headers_complete()
        if self.closing and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Stop the clock: all of the request is here."""
        self._in_request = False
        self._stop_timer()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over: it is neither silent any more nor expected to send a request."""
        self.silent.pop(self, None)
        self._in_request = False
        self._stop_timer()
        super().handle_websocket_upgrade()

    def on_response_complete(self) -> None:
        """Note since when the connection is silent."""
        super().on_response_complete()
        if not self._in_request and not self.transport.is_closing():
            self.silent[self] = None

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        """End the connection; say why where no other request could take the answer for its own."""
        idle = self.cycle is None or self.cycle.response_complete
        reading = not idle and self.cycle.more_body and not self.cycle.response_started
        if not self.pipeline and (idle or reading):
            self.transport.write(
                _refusal(Code.REQUEST_TIMEOUT, "the request did not arrive in time; send it again")
            )
        self.transport.close()


def bounded_http(connections_max: int) -> type[BoundedHttp]:
    """Return the protocol of one server."""
    return type("BoundedHttp", (BoundedHttp,), {"connections_max": connections_max, "silent": {}})


def _refusal(code: Code, message: str) -> bytes:
    problem = Problem(code, message)
    body = orjson.dumps({"error": problem.body()})
    head = (
        f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
