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
