"""The asking end of a line to an engine, opened again whenever it breaks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Protocol, cast

from adapters.engine_lines.frames import Frames, framed
from adapters.engine_lines.messages import (
    NEWS,
    Answer,
    Away,
    Failed,
    Question,
    Report,
    Standing,
    at_worker,
    to_engine,
)
from application.health import Health, Trouble, kept_running
from application.hosting.owner import MAILBOX, Overloaded
from domain.identifiers import AccountId

ANSWER_WITHIN_S = 25.0
"""How long an answer is waited for: an engine that is well has told by then, if only that it knows not."""

LOOK_S = 0.25
"""How often it is looked who has waited too long."""

RETRY_S = (0.02, 0.5)
"""How long to wait before an engine that cannot be reached is tried again: at first, and at most."""


class EngineAway(Exception):
    """There is no engine now, or one that takes no commands: nothing was done."""


class AnswerLost(Exception):
    """The engine was asked and has not answered: it may have done what it was asked, or not."""


class EngineFailed(Exception):
    """The engine met a fault of its own, which is in its log."""


Connect = Callable[[Callable[[], asyncio.Protocol]], Awaitable[object]]
"""Opens a connection of a protocol. Raises ``OSError`` where there is nobody."""


def at_socket(path: Path) -> Connect:
    """Return what opens connections to a Unix socket."""

    async def connect(made: Callable[[], asyncio.Protocol]) -> None:
        await asyncio.get_running_loop().create_unix_connection(made, str(path))

    return connect


class ToEngine(Protocol):
    """How a process that answers HTTP asks the exchange, be it in one other process or in several.

    ``by_account`` says that it has to be known for whom.
    """

    by_account: bool
    opened: asyncio.Event

    @property
    def open(self) -> bool:
        """Whether there is anybody to ask."""
        ...

    @property
    def ready(self) -> bool:
        """Whether commands are taken."""
        ...

    def ask_for(
        self, account_id: AccountId | None, question: Question, within_s: float = ANSWER_WITHIN_S
    ) -> Awaitable[Answer]:
        """Ask what concerns an account, or nobody. Raises as :meth:`EngineLine.ask`."""
        ...

    def report(self) -> None:
        """Tell how this process gets on, where somebody takes note of it."""
        ...


class EngineLine:
    """Asks an engine. A question is asked once; nothing is asked again by the line.

    ``ready`` is whether the exchange takes commands now, ``opened`` whether it ever did. An engine that has
    the figures of several processes is told how this one gets on by a ``report``.
    """

    def __init__(self, connect: Connect, report: Callable[[], Report] | None = None) -> None:
        self.ready = False
        self.opened = asyncio.Event()
        self._connect = connect
        self._report = report
        self._waiting: dict[int, tuple[asyncio.Future[Answer], float]] = {}
        self._unsent: list[tuple[int, Question | Report]] = []
        self._last = NEWS
        self._transport: asyncio.Transport | None = None
        self._lost = asyncio.Event()

    @property
    def open(self) -> bool:
        """Whether there is an engine at the other end."""
        return self._transport is not None

    def ask(self, question: Question, within_s: float = ANSWER_WITHIN_S) -> "asyncio.Future[Answer]":
        """Ask; the answer may be :class:`AnswerLost`.

        Raises :class:`EngineAway`, and :class:`application.hosting.owner.Overloaded`.
        """
        if self._transport is None:
            raise EngineAway
        if len(self._waiting) >= MAILBOX:
            raise Overloaded(f"{MAILBOX} requests wait for the engine; try again later")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._last += 1
        self._waiting[self._last] = answer, loop.time() + within_s
        self._put(self._last, question)
        return answer

    by_account = False

    def ask_for(
        self,
        account_id: AccountId | None,  # noqa: ARG002  # there is but one engine
        question: Question,
        within_s: float = ANSWER_WITHIN_S,
    ) -> Awaitable[Answer]:
        """Ask what concerns an account: the one engine there is."""
        return self.ask(question, within_s)

    def report(self) -> None:
        """Tell the engine how this process gets on, if there is one."""
        if self._transport is not None and self._report is not None:
            self._put(NEWS, self._report())

    async def keep_open(self) -> None:
        """Keep the line open until cancelled."""
        pause_s = RETRY_S[0]
        while True:
            try:
                await self._connect(partial(_Answers, self))
            except OSError:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, RETRY_S[1])
                continue
            pause_s = RETRY_S[0]
            await self._lost.wait()

    async def watch(self) -> None:
        """Tell those who have waited too long, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            now = asyncio.get_running_loop().time()
            for number in [number for number, (_, until) in self._waiting.items() if until <= now]:
                self._lose(number)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()
        self.disconnected()

    def connected(self, transport: asyncio.Transport) -> None:
        """Begin to ask, on a new connection."""
        self._transport = transport
        self._lost.clear()
        self.report()

    def disconnected(self) -> None:
        """Tell all who wait for an answer that there will be none, and open another connection."""
        self._transport, self.ready = None, False
        never_sent = {number for number, _ in self._unsent}
        self._unsent = []
        for number in list(self._waiting):
            self._lose(number, EngineAway() if number in never_sent else AnswerLost())
        self._lost.set()

    def heard(self, frame: bytes) -> None:
        """Give answers to those who asked. Raises ``ValueError`` for what is none."""
        for number, message in at_worker(frame):
            if isinstance(message, Standing):
                self.ready = message.ready
                if message.ready:
                    self.opened.set()
                continue
            waiting = self._waiting.pop(number, None)
            if waiting is None or waiting[0].done():
                continue
            if isinstance(message, Away):
                waiting[0].set_exception(EngineAway())
            elif isinstance(message, Failed):
                waiting[0].set_exception(EngineFailed(message.message))
            else:
                waiting[0].set_result(message)

    def _lose(self, number: int, why: Exception | None = None) -> None:
        answer, _ = self._waiting.pop(number)
        if not answer.done():
            answer.set_exception(why or AnswerLost())

    def _put(self, number: int, message: Question | Report) -> None:
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._send)
        self._unsent.append((number, message))

    def _send(self) -> None:
        unsent, self._unsent = self._unsent, []
        if unsent and self._transport is not None:
            self._transport.write(framed(to_engine(unsent)))


class _Answers(asyncio.Protocol):
    """One connection of a line."""

    def __init__(self, line: EngineLine) -> None:
        self._line = line
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are of a class of their own.
        self._transport = cast(asyncio.Transport, transport)
        self._line.connected(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # it is lost, however
        self._line.disconnected()

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._frames.take(data):
                self._line.heard(frame)
        except ValueError:
            assert self._transport is not None
            self._transport.abort()


@asynccontextmanager
async def running_line(line: EngineLine, health: Health, part: str) -> AsyncIterator[None]:
    """Keep a line open while the block runs, whether or not there is an engine just now."""
    works = {part: line.keep_open, f"{part}: answers that are overdue": line.watch}
    tasks = [
        asyncio.create_task(kept_running(work, health=health, part=name), name=name)
        for name, work in works.items()
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for name in works:
            health.clear(name, Trouble.TASK_FAILED)
        line.close()
