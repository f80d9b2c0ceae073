"""The feed as server-sent events: one subscription for each request, told until either side ends it.

Where it is of one market, each event of that market ends with its revision as the ``id``: whoever comes back
with ``Last-Event-ID``, as browsers do by themselves, goes on with the next.
"""

import asyncio
import re
from contextlib import suppress
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send

from adapters.http.answers.problems import Code, Problem
from adapters.http.answers.replies import NO_SNIFFING, NO_STORE, problem_of, send_problem
from adapters.http.feed.admission import admitted, exists
from adapters.http.feed.channels import REPLAYED, FeedCode, Refused
from adapters.http.feed.commands import Subscribe, read_subscription
from adapters.http.feed.conversation import Conversation
from adapters.http.feed.feed import Feed
from adapters.http.feed.line import Line
from adapters.http.feed.messages import Message
from adapters.http.feed.subscription import Subscription, Writing, as_text
from adapters.http.port import ReadPort
from domain.rejections import Reason

PATH = "/trade-api/sse/v2"
LAST_EVENT_ID = b"last-event-id"
SILENCE_S = 15.0
"""After how long without an event a comment shows that the stream is alive."""

_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"x-accel-buffering", b"no"),  # a proxy is not to hold events back
    NO_SNIFFING,
    NO_STORE,
]
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_CODES: dict[FeedCode, Code | Reason] = {
    FeedCode.MARKET_NOT_FOUND: Reason.MARKET_NOT_FOUND,
    FeedCode.AUTHENTICATION_REQUIRED: Code.NOT_AUTHENTICATED,
    FeedCode.SCOPE_MISSING: Code.FORBIDDEN,
    FeedCode.CHANNEL_ERROR: Code.READ_MODEL_BEHIND,
}


class FeedStream:
    """The endpoint of streams."""

    def __init__(self, port: ReadPort, feed: Feed) -> None:
        self._port = port
        self._feed = feed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a consumer in, and tell it what it asked for until it goes."""
        if scope["method"] != "GET":
            await send_problem(
                send, Problem(Code.METHOD_NOT_ALLOWED, f"{scope['method']} is not for this path")
            )
            return
        address = scope["client"][0] if scope.get("client") else ""
        channel = _Channel()
        line: Line | None = None
        try:
            caller = await admitted(self._port, scope)
            command = self._command(scope)
            line = self._feed.connect(channel, caller, address)
            await self._begin(line, command)
        except Exception as fault:  # noqa: BLE001 (the boundary: nothing may pass it unexplained)
            if line is not None:
                self._feed.disconnect(line)
            await send_problem(send, _problem_of(fault))
            return
        gone = asyncio.create_task(_until_gone(receive, channel))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await channel.run(send, line)
        finally:
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone
            self._feed.disconnect(line)

    async def _begin(self, line: Line, command: Subscribe) -> None:
        one = command.tickers is not None and len(command.tickers) == 1
        resumable = one and REPLAYED.issuperset(command.channels)
        writing: Writing = _as_event if resumable else as_text
        conversation = Conversation(
            self._feed, line, lambda ticker: exists(self._port, ticker), self._port.clock, writing=writing
        )
        await conversation.obey(None, command)

    def _command(self, scope: Scope) -> Subscribe:
        """Return what a query asks for: the parameters of ``subscribe``, lists with commas."""
        params: dict[str, object] = {}
        for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
            if name in params:
                raise Refused(FeedCode.INVALID_PARAMETER, f"{name[:60]} comes twice")
            if name in ("channels", "market_tickers"):
                params[name] = value.split(",")
            elif name in ("from_revision", "from_position", "conflate_ms"):
                params[name] = int(value) if _NUMBER.fullmatch(value) else value
            elif name == "send_initial_snapshot":
                params[name] = {"true": True, "false": False}.get(value, value)
            else:
                params[name] = value
        last = dict(scope["headers"]).get(LAST_EVENT_ID, b"").decode("latin-1")
        if last:
            if not _NUMBER.fullmatch(last):
                raise Problem(Code.INVALID_HEADER, "Last-Event-ID must be an id that the stream gave")
            # What had been told is not told again, a snapshot neither.
            params.pop("from_position", None)
            params |= {"from_revision": int(last) + 1, "send_initial_snapshot": False}
        return read_subscription(params, self._feed.limits)


class _Channel:
    """A response that goes on, as the feed writes to it: what is written goes out before more is taken."""

    framed = None

    def __init__(self) -> None:
        self._chunk: list[bytes] = []
        self._ready = asyncio.Event()
        self._end: bytes | None = None

    @property
    def writable(self) -> bool:
        return not self._chunk

    def write(self, messages: list[bytes]) -> None:
        self._chunk = messages
        self._ready.set()

    def close(self, code: int, reason: str) -> None:
        self._end = _event(b"end", orjson.dumps({"code": code, "reason": reason}))
        self._ready.set()

    def leave(self) -> None:
        """End without a word: nobody is there any more."""
        self._end = b""
        self._ready.set()

    async def run(self, send: Send, line: Line) -> None:
        """Send what is written until it is closed."""
        while self._end is None:
            try:
                async with asyncio.timeout(SILENCE_S):
                    await self._ready.wait()
            except TimeoutError:
                await _send(send, b":\n\n")
                continue
            self._ready.clear()
            if self._chunk:
                await _send(send, b"".join(map(_framed, self._chunk)))
                self._chunk = []
                line.wake()
        if self._end:
            await _send(send, self._end)
        await send({"type": "http.response.body", "body": b""})


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _until_gone(receive: Receive, channel: _Channel) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    channel.leave()


def _as_event(subscription: Subscription, message: Message, seq: int) -> bytes:
    """Return a message with its market's revision as the id, if it is the last of its event."""
    told = as_text(subscription, message, seq)
    if subscription.outbox.goes_on(message.position) or message.revision < 0:
        return told
    return b"id: %d\ndata: %b\n\n" % (message.revision, told)


def _framed(told: bytes) -> bytes:
    return told if told.startswith(b"id:") else b"data: %b\n\n" % told


def _event(name: bytes, told: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name, told)


def _problem_of(fault: Exception) -> Problem:
    if isinstance(fault, Refused):
        return Problem(_CODES.get(fault.code, Code.INVALID_PARAMETER), fault.message)
    return problem_of(fault)
