"""The live feed across interruptions: each event once, and none left out."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from presage.client.errors import Refused
from presage.client.patience import Patience, told_to_wait
from presage.signing import Signer

log = logging.getLogger(__name__)

PATH = "/trade-api/ws/v2"
BOOK = "orderbook_delta"

_ENDED, _FAULT, _IN_THE_FUTURE = 10, 17, 101
_LATER = (408, 425, 429, 500, 502, 503, 504)
_LARGEST = 16 * 2**20
_CHECK = 1_000_000
"""The number of commands that ask for a book to compare; those that subscribe are numbered from 0 on."""


class Told(msgspec.Struct, frozen=True):
    """All that a channel tells of one event. ``revision`` is the market's, -1 where it is about none."""

    channel: str
    kind: str
    revision: int
    messages: tuple[dict[str, Any], ...]


class Connected(msgspec.Struct, frozen=True):
    """The connection stands, for the first time or again: what is private was not told meanwhile."""


class _Envelope(msgspec.Struct):
    type: str
    id: int | None = None
    sid: int | None = None
    seq: int | None = None
    msg: Any = None


_read = msgspec.json.Decoder(_Envelope, float_hook=Decimal).decode


class _Interrupted(Exception):
    """What is told has a gap, or has ended: it goes on over a new connection."""


class _Subscription:
    """A channel, and how far it was told: the next revision, ``None`` while only a snapshot can say."""

    def __init__(self, channel: str, ticker: str | None, upcoming: int | None) -> None:
        self.channel = channel
        self.ticker = ticker
        self.upcoming = upcoming
        self.sid: int | None = None
        self.part: list[dict[str, Any]] = []
        self.seq = 0

    @property
    def wanted(self) -> dict[str, Any]:
        wanted: dict[str, Any] = {"channels": [self.channel]}
        if self.ticker is not None:
            wanted["market_ticker"] = self.ticker
        if self.upcoming is not None:
            wanted["from_revision"] = self.upcoming
        elif self.channel in ("user_orders", "market_positions"):
            wanted["send_initial_snapshot"] = True
        return wanted

    def begin(self) -> None:
        """Forget what was told of an event that was not told to its end."""
        self.sid, self.part, self.seq = None, [], 0

    def take(self, envelope: _Envelope) -> Told | None:
        """Take in a message; return what there is to tell once the event is whole."""
        if envelope.seq != self.seq + 1:
            raise _Interrupted(f"{self.channel}: message {envelope.seq} came after {self.seq}")
        self.seq += 1
        message: dict[str, Any] = envelope.msg
        self.part.append(message)
        if message.get("more"):
            return None
        told = Told(self.channel, envelope.type, message.get("revision", -1), tuple(self.part))
        self.part = []
        if self.ticker is not None and told.revision >= 0:
            self.upcoming = told.revision + 1
        return told


class Feed:
    """Follows what happens. An interruption shows as nothing but a pause."""

    def __init__(self, url: str, key: Signer | None = None) -> None:
        self._url = url.replace("http", "ws", 1) + PATH
        self._key = key

    async def book(self, ticker: str, *, check_every_s: float) -> AsyncGenerator[Told, None]:
        """Yield a book's snapshot, its changes, and a snapshot again from time to time.

        Where the exchange has another past than the one that was told, it begins anew with a snapshot.
        """
        while True:
            subscription = _Subscription(BOOK, ticker, None)
            try:
                async with aclosing(self._told([subscription], check_every_s)) as all_told:
                    async for told in all_told:
                        if isinstance(told, Told):
                            yield told
            except Refused as refused:
                if refused.status != _IN_THE_FUTURE:
                    raise
                log.warning("%s has fewer events than were told: its book begins anew", ticker)

    async def follow(
        self, ticker: str, channels: Sequence[str], from_revision: int
    ) -> AsyncGenerator[Told, None]:
        """Yield what public channels tell of a market from a revision on; each channel in its own order."""
        subscriptions = [_Subscription(channel, ticker, from_revision) for channel in channels]
        async with aclosing(self._told(subscriptions, None)) as all_told:
            async for told in all_told:
                if isinstance(told, Told):
                    yield told

    async def own(self, *channels: str) -> AsyncGenerator[Told | Connected, None]:
        """Yield what private channels tell: open orders and positions as they stand, then every change.

        After each :class:`Connected` they are told as they stand once more; fills in between are in
        :meth:`presage.client.Exchange.fills`.
        """
        subscriptions = [_Subscription(channel, None, None) for channel in channels]
        async with aclosing(self._told(subscriptions, None)) as all_told:
            async for told in all_told:
                yield told

    async def _told(
        self, subscriptions: Sequence[_Subscription], check_every_s: float | None
    ) -> AsyncGenerator[Told | Connected, None]:
        patience = Patience(None)
        while True:
            told_s: float | None = None
            try:
                async with self._connected(subscriptions, check_every_s) as socket:
                    yield Connected()
                    async with aclosing(_heard(socket, subscriptions)) as heard:
                        async for told in heard:
                            patience.again()
                            yield told
            except InvalidStatus as refusal:
                if refusal.response.status_code not in _LATER:
                    raise Refused(
                        "not_admitted",
                        (refusal.response.body or b"").decode(errors="replace")[:500],
                        status=refusal.response.status_code,
                    ) from None
                told_s = told_to_wait(refusal.response.headers.get("Retry-After"))
            except (ConnectionClosed, InvalidHandshake, OSError, _Interrupted, TimeoutError) as why:
                log.warning("the feed is interrupted, and tried again: %s", str(why) or type(why).__name__)
            await patience.wait(told_s)

    @asynccontextmanager
    async def _connected(
        self, subscriptions: Sequence[_Subscription], check_every_s: float | None
    ) -> AsyncIterator[ClientConnection]:
        headers = {} if self._key is None else self._key.headers("GET", PATH)
        async with connect(self._url, additional_headers=headers, max_size=_LARGEST) as socket:
            for number, subscription in enumerate(subscriptions):
                subscription.begin()
                await _say(socket, number, "subscribe", subscription.wanted)
            checking = asyncio.create_task(_check(socket, subscriptions, check_every_s))
            try:
                yield socket
            finally:
                checking.cancel()


async def _heard(
    socket: ClientConnection, subscriptions: Sequence[_Subscription]
) -> AsyncGenerator[Told, None]:
    by_sid: dict[int, _Subscription] = {}
    async for text in socket:
        envelope = _read(text)
        match envelope.type:
            case "subscribed":
                assert envelope.id is not None
                begun = by_sid[envelope.msg["sid"]] = subscriptions[envelope.id]
                begun.sid = envelope.msg["sid"]
            case "error" if envelope.id == _CHECK:
                log.info("the book is not compared now: %s", envelope.msg["msg"])
            case "error":
                _complain(envelope)
            case "ok" | "unsubscribed":
                pass
            case _:
                subscription = by_sid.get(envelope.sid or 0)
                if subscription is None:
                    raise _Interrupted(f"message {envelope.seq} of a subscription that was not confirmed")
                told = subscription.take(envelope)
                if told is not None:
                    yield told
    raise _Interrupted("the exchange has closed the connection")


def _complain(envelope: _Envelope) -> None:
    code, why = envelope.msg["code"], envelope.msg["msg"]
    if code in (_ENDED, _FAULT):
        raise _Interrupted(why)
    raise Refused(f"feed_{code}", why, status=code)


async def _check(
    socket: ClientConnection, subscriptions: Sequence[_Subscription], every_s: float | None
) -> None:
    """Ask for the book from time to time: there is one subscription then."""
    while every_s is not None:
        await asyncio.sleep(every_s)
        book = subscriptions[0]
        wanted = {"sids": [book.sid], "action": "get_snapshot", "market_tickers": [book.ticker]}
        await _say(socket, _CHECK, "update_subscription", wanted)


async def _say(socket: ClientConnection, number: int, cmd: str, params: dict[str, Any]) -> None:
    await socket.send(msgspec.json.encode({"id": number, "cmd": cmd, "params": params}).decode())
