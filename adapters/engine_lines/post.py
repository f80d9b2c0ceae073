"""Connections between processes on several machines, by way of a Redis.

Every process has a stream of its own in Redis from which it takes what others have put there. Redis may lose
all of it at any moment: what is sent is kept until the other end has said that it has it, and sent again, and
what comes twice counts once. So a connection is a stream of bytes like any other, which only breaks when one
of its ends is silent for long; what the other end has taken then is not known.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import islice
from typing import Any
from uuid import uuid4

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from adapters.cancellation import cancellable
from adapters.queues.redis_connection import error_of
from application.health import Health, Trouble, kept_running

log = logging.getLogger(__name__)

SILENCE_S = 3.0
"""How long nothing may be heard of the other end before a connection is given up."""

PING_S = 0.5
AGAIN_S = 0.4
"""When something is said so that the other end hears something; when what was not confirmed is sent again."""

LOOK_S = 0.1
SENT_AGAIN = 64
OPENING_S = 1.0

READ_S = 0.5
AT_ONCE = 200
ANSWER_S = 5.0
"""How long a read of the own stream lasts, how many entries it takes, how long Redis may take to answer."""

KEPT_S = 60
"""How long a stream that nobody reads is kept in Redis: its process has ended."""

OPENERS_KEPT = 10_000
"""Of how many processes it is remembered which of their connections are over."""

PART = "messages between the engines"

Made = Callable[[], asyncio.Protocol]


class Frame(Struct, frozen=True, array_like=True, gc=False):
    """What travels at once. A connection is known by who opened it and its number there.

    ``sequence`` counts what carries data, from 1; ``taken`` says up to where the other's data has come.
    """

    sender: str
    opener: str
    number: int
    sequence: int
    taken: int
    data: bytes
    last: bool


_encode = Encoder().encode
_frames: Decoder[list[Frame]] = Decoder(list[Frame])


class Connection(asyncio.Transport):
    """One end of a connection, which is a transport as those of the event loop are."""

    def __init__(self, post: "Post", peer: str, opener: str, number: int, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._post = post
        self._peer = peer
        self._key = opener, number
        self._protocol = protocol
        self._sequence = 0
        self._taken = 0
        self._kept: deque[Frame] = deque()
        self._closed = False
        self._heard_s = self._said_s = self._moved_s = asyncio.get_running_loop().time()
        self._owes = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send something; all of it, in order, as long as there is a connection."""
        if self._closed:
            return
        self._sequence += 1
        frame = self._frame(self._sequence, bytes(data))
        if not self._kept:
            self._moved_s = asyncio.get_running_loop().time()
        self._kept.append(frame)
        self._say(frame)

    def close(self) -> None:
        """End the connection."""
        self._end(None)

    abort = close

    def is_closing(self) -> bool:
        """Return whether it has ended."""
        return self._closed

    def take(self, frame: Frame, now_s: float) -> None:
        """Take what the other end has sent."""
        self._heard_s = now_s
        while self._kept and self._kept[0].sequence <= frame.taken:
            self._kept.popleft()
            self._moved_s = now_s
        if not self.opened.done():
            self.opened.set_result(None)
        if frame.sequence:
            self._owes = True
            if frame.sequence == self._taken + 1:
                self._taken = frame.sequence
                self._receive(frame.data)
        if frame.last:
            self._end(None, told=False)

    def look(self, now_s: float) -> None:
        """Send again what was not confirmed, say something now and then, give up who is silent."""
        if now_s - self._heard_s > SILENCE_S:
            self._end(TimeoutError("nothing is heard of the other end"))
        elif self._kept and now_s - self._moved_s > AGAIN_S:
            self._moved_s = now_s
            for frame in list(islice(self._kept, SENT_AGAIN)):
                self._say(frame)
        elif self._owes or now_s - self._said_s > PING_S:
            self._say(self._frame(0, b""))

    def _receive(self, data: bytes) -> None:
        """Hand data on. A fault of whoever takes it costs this connection and no other, as in asyncio."""
        try:
            self._protocol.data_received(data)
        except Exception as error:
            log.exception("what another process sent could not be taken")
            self._end(error)

    def _frame(self, sequence: int, data: bytes, *, last: bool = False) -> Frame:
        self._owes = False
        return Frame(self._post.address, *self._key, sequence, self._taken, data, last)

    def _say(self, frame: Frame) -> None:
        self._said_s = asyncio.get_running_loop().time()
        self._post.send(self._peer, frame)

    def _end(self, why: Exception | None, *, told: bool = True) -> None:
        if self._closed:
            return
        self._closed = True
        if told:
            self._say(self._frame(0, b"", last=True))
        self._post.forget(self._key)
        if not self.opened.done():
            self.opened.set_exception(why or ConnectionResetError("the other end has hung up"))
            self.opened.exception()
        asyncio.get_running_loop().call_soon(self._protocol.connection_lost, why)


class Post:
    """What one process sends and is sent. With ``accept``, others may open connections to it."""

    def __init__(self, url: str, *, prefix: str, health: Health, accept: Made | None = None) -> None:
        self.address = uuid4().hex
        self.redis: Redis = Redis.from_url(
            url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S, retry=Retry(NoBackoff(), 0)
        )
        self.accept = accept
        self._prefix = prefix
        self._health = health
        self._connections: dict[tuple[str, int], Connection] = {}
        self._opened = 0
        self._highest: dict[str, int] = {}
        """The last connection of each opener: an earlier one that is not there any more is over for good."""
        self._unsent: dict[str, list[Frame]] = {}
        self._something = asyncio.Event()
        self._faults: dict[str, str] = {}

    async def open(self, peer: str, made: Made) -> None:
        """Open a connection to the process at an address. Raises ``OSError`` where nobody answers."""
        self._opened += 1
        protocol = made()
        connection = Connection(self, peer, self.address, self._opened, protocol)
        self._connections[self.address, self._opened] = connection
        connection.write(b"")
        try:
            await asyncio.wait_for(asyncio.shield(connection.opened), OPENING_S)
        except TimeoutError:
            self.forget((self.address, self._opened))
            raise
        protocol.connection_made(connection)

    def refuse(self) -> None:
        """Let nobody open a connection any more."""
        self.accept = None

    def send(self, peer: str, frame: Frame) -> None:
        """Send a frame with all others of this turn of the loop."""
        self._unsent.setdefault(peer, []).append(frame)
        self._something.set()

    def forget(self, key: tuple[str, int]) -> None:
        """Take note that a connection is over."""
        self._connections.pop(key, None)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send and take while the block runs."""
        tasks = [
            asyncio.create_task(kept_running(work, health=self._health, part=part), name=part)
            for part, work in (
                (f"{PART}: sending", self._send),
                (f"{PART}: taking", self._take),
                (f"{PART}: looking", self._look),
            )
        ]
        try:
            yield
        finally:
            for connection in list(self._connections.values()):
                connection.close()
            with suppress(RedisError, OSError):
                await self._send_once()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with suppress(RedisError, OSError):
                await self.redis.delete(self._key(self.address))
            await self.redis.aclose()

    async def _send(self) -> None:
        while True:
            await self._something.wait()
            try:
                await self._send_once()
            except (RedisError, OSError) as error:
                self._fault("sending", error)
                await asyncio.sleep(LOOK_S)
            else:
                self._well("sending")

    async def _send_once(self) -> None:
        """Send what there is. What Redis does not take is sent again like all that is not confirmed."""
        self._something.clear()
        unsent, self._unsent = self._unsent, {}
        if not unsent:
            return
        async with self.redis.pipeline(transaction=False) as pipe:
            for peer, frames in unsent.items():
                pipe.xadd(self._key(peer), {b"f": _encode(frames)})
                pipe.expire(self._key(peer), KEPT_S)
            await cancellable(pipe.execute())

    async def _take(self) -> None:
        after: bytes | str = "0"
        own = self._key(self.address)
        while True:
            try:
                async with self.redis.pipeline(transaction=False) as pipe:
                    pipe.xtrim(own, minid=after)
                    pipe.xread({own: after}, count=AT_ONCE, block=int(1_000 * READ_S))
                    _, read = await cancellable(pipe.execute())
            except (RedisError, OSError) as error:
                # Another Redis may be at its place, whose clock goes differently.
                after = "0"
                self._fault("taking", error)
                await asyncio.sleep(LOOK_S)
                continue
            self._well("taking")
            for _, entries in _streams(read):
                for entry, fields in entries:
                    after = entry
                    self._taken(fields.get(b"f", b""))

    def _taken(self, data: bytes) -> None:
        try:
            frames = _frames.decode(data)
        except ValueError as error:
            log.warning("what another process sent was not understood: %s", error)
            return
        now_s = asyncio.get_running_loop().time()
        for frame in frames:
            connection = self._connections.get((frame.opener, frame.number)) or self._accepted(frame)
            if connection is not None:
                connection.take(frame, now_s)

    def _accepted(self, frame: Frame) -> Connection | None:
        """Return a new connection, if a frame opens one; tell whoever goes on with one that is over."""
        key = frame.opener, frame.number
        if frame.last:
            return None
        fresh = frame.sender == frame.opener and frame.number > self._highest.get(frame.opener, 0)
        if self.accept is None or not fresh or frame.sequence != 1:
            self.send(frame.sender, Frame(self.address, *key, 0, 0, b"", last=True))
            return None
        self._highest.pop(frame.opener, None)
        self._highest[frame.opener] = frame.number
        if len(self._highest) > OPENERS_KEPT:
            del self._highest[next(iter(self._highest))]
        protocol = self.accept()
        connection = self._connections[key] = Connection(self, frame.sender, *key, protocol)
        protocol.connection_made(connection)
        return connection

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            now_s = asyncio.get_running_loop().time()
            for connection in list(self._connections.values()):
                connection.look(now_s)

    def _key(self, address: str) -> str:
        return post_of(self._prefix, address)

    def _fault(self, what: str, error: Exception) -> None:
        self._faults[what] = str(error_of(error))
        self._health.report(
            PART, Trouble.ENGINES_UNREACHABLE, f"the engines are reached by Redis: {self._faults[what]}"
        )

    def _well(self, what: str) -> None:
        if self._faults.pop(what, None) is not None and not self._faults:
            self._health.clear(PART, Trouble.ENGINES_UNREACHABLE)


def post_of(prefix: str, address: str) -> str:
    """Return the stream from which a process takes what others send."""
    return f"{prefix}:post:{address}"


def _streams(read: Any) -> list[tuple[bytes, list[tuple[bytes, dict[bytes, bytes]]]]]:
    """Return what was read, which is a mapping in one version of Redis's protocol and a list in the other."""
    if isinstance(read, dict):
        return [(name, [each for page in pages for each in page]) for name, pages in read.items()]
    return list(read or [])
