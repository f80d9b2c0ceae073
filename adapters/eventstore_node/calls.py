"""One gRPC call, as its handler sees it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import grpc.aio  # type: ignore[import-untyped]
from grpc import StatusCode as Status

__all__ = ["Call", "CallRefused", "Handler", "Status"]


class CallRefused(Exception):
    """A call ends with a status other than OK; ``trailers`` go with it."""

    def __init__(self, status: Status, message: str, trailers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.trailers = tuple(trailers)


class Call:
    """Messages in, messages out, as bytes."""

    def __init__(self, context: Any) -> None:
        self.headers: Mapping[str, str] = dict(context.invocation_metadata())
        self._context = context
        self._sending = asyncio.Lock()

    @property
    def peer(self) -> str:
        """The address of the client."""
        return unquote(self._context.peer().partition(":")[2])

    async def receive(self) -> bytes | None:
        """Return the next message, ``None`` when the client has no more."""
        message = await self._context.read()
        return None if message is grpc.aio.EOF else message

    async def send(self, *messages: bytes) -> None:
        """Send messages; waits while the client is behind with reading."""
        # One sender at a time: a call takes one message after the other.
        async with self._sending:
            for message in messages:
                await self._context.write(message)


Handler = Callable[[Call], Awaitable[None]]
