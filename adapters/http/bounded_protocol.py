"""uvicorn's HTTP protocol with bounds on a request: how large its head is, how long all of it may take."""

import asyncio

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from adapters.http.problems import Code, Problem

HEAD_BYTES_MAX = 65_536
REQUEST_TIMEOUT_S = 10.0


class BoundedHttp(HttpToolsProtocol):
    """Ends connections whose requests grow or linger before they are whole."""

    _in_head = False
    _in_request = False
    _head_bytes = 0
    _timer: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Take in what came, unless it only makes a head grow."""
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self.send_400_response("The head of the request is too large.")
                return
        super().data_received(data)
        # Most requests come in one piece and never need the timer.
        if self._in_request and self._timer is None:
            self._timer = self.loop.call_later(REQUEST_TIMEOUT_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer with the connection."""
        self._stop_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._in_head = self._in_request = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop the clock: all of the request is here."""
        self._in_request = False
        self._stop_timer()
        super().on_message_complete()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        """End the connection; say why where no other request could take the answer for its own."""
        idle = self.cycle is None or self.cycle.response_complete
        reading = not idle and self.cycle.more_body and not self.cycle.response_started
        if not self.pipeline and (idle or reading):
            self.transport.write(_timeout_response())
        self.transport.close()


def _timeout_response() -> bytes:
    problem = Problem(Code.REQUEST_TIMEOUT, "the request did not arrive in time; send it again")
    body = orjson.dumps({"error": problem.body()})
    head = (
        f"HTTP/1.1 {problem.status} Request Timeout\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
