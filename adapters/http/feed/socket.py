"""The feed over WebSocket: the handshake, and carrying messages to and fro. What they mean is elsewhere."""

from starlette.types import Message, Receive, Scope, Send

from adapters.http.answers.problems import Code, Problem
from adapters.http.answers.replies import problem_of, send_problem
from adapters.http.callers.authentication import KEY_HEADER, Caller
from adapters.http.callers.limited import too_many
from adapters.http.callers.sessions import session_id_in
from adapters.http.feed.conversation import Conversation
from adapters.http.feed.feed import Feed
from adapters.http.feed.frames import text_frames
from adapters.http.port import HttpPort
from adapters.http.serving.feed_protocol import EXTENSION, Socket
from domain.identifiers import Ticker

PATH = "/trade-api/ws/v2"


class FeedSocket:
    """The endpoint of the feed."""

    def __init__(self, port: HttpPort, feed: Feed) -> None:
        self._port = port
        self._feed = feed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a consumer in, and talk to it until it goes."""
        await receive()  # websocket.connect
        socket: Socket = scope["extensions"][EXTENSION]
        address = scope["client"][0] if scope.get("client") else ""
        try:
            caller = await self._admitted(scope, address)
            line = self._feed.connect(_Wire(socket), caller, address)
        except Exception as fault:  # noqa: BLE001 (the boundary: nothing may pass it unexplained)
            await send_problem(_refusing(send), problem_of(fault))
            return
        try:
            await send({"type": "websocket.accept"})
            socket.when_writable = line.wake
            conversation = Conversation(self._feed, line, self._exists, self._port.clock)
            while True:
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    return
                text = message.get("text")
                await conversation.hear(message.get("bytes") or b"" if text is None else text)
        finally:
            socket.when_writable = None
            self._feed.disconnect(line)

    async def _exists(self, ticker: Ticker) -> bool:
        return await self._port.reads.markets.market(ticker) is not None

    async def _admitted(self, scope: Scope, address: str) -> Caller | None:
        """Return who calls, ``None`` if they do not say. Raises :class:`Problem`."""
        port, headers = self._port, dict(scope["headers"])
        if port.limits is not None:
            ruling = port.limits.of_address(address, cancels=False)
            if ruling is not None and not ruling.allowed:
                raise too_many(ruling)
        if not port.exchange.ready:
            raise Problem(Code.STARTING, "the exchange is starting; try again in a moment")
        self._check_origin(headers)
        if KEY_HEADER in headers:
            authenticator = port.authenticator
            claim = await authenticator.claim(headers)
            if claim.key.strict:
                return authenticator.verify_strictly(
                    claim, "GET", scope["raw_path"], query=scope["query_string"], body=b""
                )
            return authenticator.verify(claim, "GET", scope["raw_path"])
        session_id = session_id_in(headers)
        return None if session_id is None else await port.visitors.caller(session_id, "GET", headers)

    def _check_origin(self, headers: dict[bytes, bytes]) -> None:
        """Refuse pages of other origins: a browser sends cookies along wherever a page comes from."""
        origin, host = headers.get(b"origin"), headers.get(b"host")
        if origin is not None and host is not None and origin.partition(b"://")[2] == host:
            return
        self._port.visitors.refuse_foreign_pages(headers, browsers_only=True)


class _Wire:
    """A socket as the feed writes to it."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    @property
    def writable(self) -> bool:
        return self._socket.writable

    def write(self, messages: list[bytes]) -> None:
        self._socket.write(text_frames(messages))

    def close(self, code: int, reason: str) -> None:
        self._socket.close(code, reason)


def _refusing(send: Send) -> Send:
    """Return what answers a handshake as if it were any other request."""

    async def refuse(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    return refuse
