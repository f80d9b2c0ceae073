"""The engine's end of the lines, at which other processes ask: on one machine by a Unix socket.

What is answered in one turn of the loop travels in one write.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Protocol, cast

from adapters.engine_lines.frames import Frames, framed
from adapters.engine_lines.messages import (
    NEWS,
    Answer,
    Failed,
    Question,
    Report,
    Standing,
    at_engine,
    from_engine,
)
from application.health import Health, kept_running

log = logging.getLogger(__name__)

PART = "standing of the exchange"
LOOK_S = 0.02
"""How often it is looked whether the exchange takes commands."""


class Desk(Protocol):
    """Answers what other processes ask."""

    async def answer(self, question: Question) -> Answer:
        """Return the answer to a question."""
        ...

    def reported(self, report: Report) -> None:
        """Take note of how an HTTP process gets on."""
        ...

    def gone(self, worker: int) -> None:
        """Take note that an HTTP process has hung up."""
        ...


@asynccontextmanager
async def answering(
    desk: Desk, ready: Callable[[], bool], health: Health
) -> AsyncIterator[Callable[[], asyncio.Protocol]]:
    """Give what answers at new connections, while the block runs; then it hangs up on all of them."""
    lines: set[_Line] = set()
    telling = asyncio.create_task(
        kept_running(partial(_tell, lines, ready), health=health, part=PART), name=PART
    )
    try:
        yield lambda: _Line(desk, lines, ready)
    finally:
        telling.cancel()
        for line in list(lines):
            line.hang_up()


@asynccontextmanager
async def listening(path: Path, desk: Desk, ready: Callable[[], bool], health: Health) -> AsyncIterator[None]:
    """Answer at ``path`` while the block runs, processes of this user only.

    A socket that a dead engine left there is replaced.
    """
    async with answering(desk, ready, health) as made:
        _remove(path)
        before = os.umask(0o177)  # nobody else's
        try:
            server = await asyncio.get_running_loop().create_unix_server(made, str(path))
        finally:
            os.umask(before)
        try:
            yield
        finally:
            server.close()
            _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


async def _tell(lines: "set[_Line]", ready: Callable[[], bool]) -> None:
    """Tell every line whenever the exchange begins or ceases to take commands, until cancelled."""
    known = None
    while True:
        if ready() != known:
            known = ready()
            for line in lines:
                line.put(NEWS, Standing(ready=known))
        await asyncio.sleep(LOOK_S)


class _Line(asyncio.Protocol):
    """One HTTP process that asks."""

    def __init__(self, desk: Desk, lines: "set[_Line]", ready: Callable[[], bool]) -> None:
        self._desk = desk
        self._lines = lines
        self._ready = ready
        self._worker: int | None = None
        self._frames = Frames()
        self._unsent: list[tuple[int, Answer | Standing]] = []
        self._under_way: set[asyncio.Task[Answer]] = set()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are of a class of their own.
        self._transport = cast(asyncio.Transport, transport)
        self._lines.add(self)
        self.put(NEWS, Standing(ready=self._ready()))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # it is lost, however
        self._transport = None
        self._lines.discard(self)
        if self._worker is not None:
            self._desk.gone(self._worker)

    def hang_up(self) -> None:
        """Send what is answered, and end the connection."""
        if self._transport is not None:
            self._send()
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._frames.take(data):
                for number, message in at_engine(frame):
                    self._hear(number, message)
        except ValueError as error:
            log.warning("a process that asks at the engine's socket was not understood: %s", error)
            if self._transport is not None:
                self._transport.abort()

    def put(self, number: int, message: Answer | Standing) -> None:
        """Send something at the end of this turn of the loop."""
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._send)
        self._unsent.append((number, message))

    def _hear(self, number: int, message: Question | Report) -> None:
        if isinstance(message, Report):
            self._worker = message.worker
            self._desk.reported(message)
            return
        # What was asked goes on to its end, whether or not whoever asked is still there.
        task = asyncio.ensure_future(self._desk.answer(message))
        self._under_way.add(task)
        task.add_done_callback(partial(self._answered, number))

    def _answered(self, number: int, task: "asyncio.Task[Answer]") -> None:
        self._under_way.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self.put(number, task.result())
            return
        log.error("a question of an HTTP process could not be answered", exc_info=error)
        self.put(number, Failed(message=f"{type(error).__name__}: {error}"))

    def _send(self) -> None:
        unsent, self._unsent = self._unsent, []
        if unsent and self._transport is not None:
            self._transport.write(framed(from_engine(unsent)))
