"""A client of the live feed, as bots are written: it numbers its commands and reads what comes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect

from adapters.http.feed.socket import PATH
from tests.integration.http.world import Person
from tests.unit.http.keys import signed_headers

Document = dict[str, Any]


class FeedClient:
    """One socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._number = 0

    async def say(self, cmd: str, **params: Any) -> int:
        """Send a command; return its number."""
        self._number += 1
        await self.socket.send(orjson.dumps({"id": self._number, "cmd": cmd, "params": params}).decode())
        return self._number

    async def next(self) -> Document:
        """Return the next message."""
        document: Document = orjson.loads(await asyncio.wait_for(self.socket.recv(), 10))
        return document

    async def ask(self, cmd: str, **params: Any) -> Document:
        """Send a command and return its answer, passing over what comes before."""
        number = await self.say(cmd, **params)
        return await self.until(lambda document: document.get("id") == number)

    async def until(self, wanted: Callable[[Document], bool]) -> Document:
        """Return the next message of a kind, passing over what comes before."""
        while True:
            document = await self.next()
            if wanted(document):
                return document

    async def of_kind(self, kind: str) -> Document:
        """Return the next message of a type, passing over what comes before."""
        return await self.until(lambda document: document["type"] == kind)


@asynccontextmanager
async def feed_client(url: str, person: Person | None = None, **headers: str) -> AsyncIterator[FeedClient]:
    """Connect to the feed, as somebody if it is anybody."""
    signed = signed_headers(person.key_id, person.private_pem, "GET", PATH) if person else {}
    where = url.replace("http://", "ws://") + PATH
    async with connect(where, additional_headers=signed | headers, compression=None, proxy=None) as socket:
        yield FeedClient(socket)


class BookMirror:
    """A market's book, kept from what the feed tells: whole events only, and each once."""

    def __init__(self) -> None:
        self.levels: dict[tuple[str, str], int] = {}
        self.next_revision = 0
        self.snapshots = 0
        self._part: list[Document] = []

    def take(self, document: Document) -> None:
        """Take in a message about the book."""
        told = document["msg"]
        if document["type"] == "orderbook_snapshot":
            self.snapshots += 1
            self.levels = {
                (side, price): hundredths(count)
                for side in ("yes", "no")
                for price, count in told[f"{side}_dollars_fp"]
            }
            self.next_revision = told["revision"] + 1
            return
        assert told["revision"] >= self.next_revision, "what was told comes again"
        self._part.append(told)
        if told.get("more"):
            return
        for change in self._part:
            level = change["side"], change["price_dollars"]
            left = self.levels.pop(level, 0) + hundredths(change["delta_fp"])
            assert left >= 0, f"nothing is missed, yet {level} has {left}"
            if left:
                self.levels[level] = left
        self._part = []
        self.next_revision = told["revision"] + 1

    def interrupted(self) -> None:
        """Forget what was told of an event that was not told to its end."""
        self._part = []


def hundredths(count: str) -> int:
    """Return a count of contracts in hundredths of one."""
    return round(float(count) * 100)
