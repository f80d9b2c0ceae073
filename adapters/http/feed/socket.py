"""The feed over WebSocket: the handshake, and carrying messages to and fro. What they mean is elsewhere."""

from starlette.types import Message, Receive, Scope, Send

from adapters.http.answers.replies import problem_of, send_problem
from adapters.http.callers.limited import too_many
from adapters.http.feed.admission import admitted, exists
from adapters.http.feed.conversation import Conversation
from adapters.http.feed.feed import Feed
from adapters.http.feed.frames import text_frames
from adapters.http.port import ReadPort
from adapters.http.serving.feed_protocol import EXTENSION, Socket

PATH = "/trade-api/ws/v2"


class FeedSocket:
    """The endpoint of the feed."""

    def __init__(self, port: ReadPort, feed: Feed) -> None:
        self._port = port
        self._feed = feed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a consumer in, and talk to it until it goes."""
        await receive()  # websocket.connect
        socket: Socket = scope["extensions"][EXTENSION]
        address = scope["client"][0] if scope.get("client") else ""
        try:
            self._count(address)
            caller = await admitted(self._port, scope)
            line = self._feed.connect(_Wire(socket), caller, address)
        except Exception as fault:  # noqa: BLE001 (the boundary: nothing may pass it unexplained)
            await send_problem(_refusing(send), problem_of(fault))
            return
        try:
            await send({"type": "websocket.accept"})
            socket.when_writable = line.wake
            conversation = Conversation(
                self._feed, line, lambda ticker: exists(self._port, ticker), self._port.clock
            )
            while True:
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    return
                text = message.get("text")
                await conversation.hear(message.get("bytes") or b"" if text is None else text)
        finally:
            socket.when_writable = None
            self._feed.disconnect(line)

    def _count(self, address: str) -> None:
        """Count a handshake as a request of its address, as requests are on their way in."""
        limits = self._port.limits
        ruling = limits.of_address(address, cancels=False) if limits is not None else None
        if ruling is not None and not ruling.allowed:
            raise too_many(ruling)


class _Wire:
    """A socket as the feed writes to it."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self.framed = socket.write

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
