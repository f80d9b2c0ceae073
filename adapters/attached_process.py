"""Processes of our own that end with this one, and are started again whenever they end by themselves."""

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

log = logging.getLogger(__name__)

PAUSES_S = (0.1, 5.0)
"""How long to wait before one is started again: at first, and at most."""

LONG_S = 30.0
"""One that ran so long had nothing wrong with it from the start."""

LINE_BYTES_MAX = 1 << 20


class RestartPauses:
    """Pauses that grow as long as what is started again ends soon after."""

    def __init__(self) -> None:
        self._pause_s = PAUSES_S[0]

    def after(self, ran_s: float) -> float:
        """Return how long to wait after it ran so long."""
        self._pause_s = PAUSES_S[0] if ran_s > LONG_S else min(2 * self._pause_s, PAUSES_S[1])
        return self._pause_s


async def start_attached(
    module: str,
    *arguments: str,
    environment: Mapping[str, str],
    descriptors: Sequence[int] = (),
    heard: bool = False,
) -> Process:
    """Start a module of ours as a process; what it prints can be read if it is to be ``heard``.

    Its input is a pipe: when this process is gone, however it went, the pipe ends, and the other one with it.
    Being in a session of its own, it is spared interrupts at the terminal, and with -P nothing is imported
    from the folder that it happens to be started in.
    """
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        module,
        *arguments,
        stdin=PIPE,
        stdout=PIPE if heard else DEVNULL,
        start_new_session=True,
        env=dict(environment),
        pass_fds=descriptors,
        limit=LINE_BYTES_MAX,
    )


async def end_attached(process: Process, within_s: float) -> None:
    """End a process in order; one that does not end is killed."""
    if process.returncode is not None:
        return
    assert process.stdin is not None
    process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), within_s)
    except TimeoutError:
        process.kill()
        await process.wait()


class ChildEnded(Exception):
    """A child ended before it was open for the first time."""


class Child:
    """A process that is kept running: it says line by line how it gets on, and is given orders.

    ``said`` hears each line. The child is open once ``said`` has returned whether it is for the first time.
    """

    def __init__(
        self,
        name: str,
        start: Callable[[], "asyncio.Future[Process]"],
        said: Callable[[str], bool],
        ended: Callable[[str], None],
    ) -> None:
        self.name = name
        self.open = asyncio.Event()
        self._start = start
        self._said = said
        self._ended = ended
        self._ending = False
        self._process: Process | None = None

    @property
    def _running(self) -> Process | None:
        """The process, unless it has ended."""
        return self._process if self._process and self._process.returncode is None else None

    async def keep_running(self) -> None:
        """Run it, again and again, until it was ordered to end.

        Raises :class:`ChildEnded` if it never got so far as to be open.
        """
        pauses, loop = RestartPauses(), asyncio.get_running_loop()
        while not self._ending:
            began_s = loop.time()
            try:
                how = f"status {await self._run()}"
            except Exception as error:  # it cannot be started, or says what no line of ours is
                log.warning("%s is not understood, or cannot be started", self.name, exc_info=True)
                how = f"{type(error).__name__}: {error}"
            if self._ending:
                return
            if not self.open.is_set():
                raise ChildEnded(f"{self.name} ended with {how} before it was open")
            self._ended(how)
            await asyncio.sleep(pauses.after(loop.time() - began_s))

    async def _run(self) -> int:
        process = self._process = await self._start()
        if self._ending:  # which it has not heard
            self.kill()
        assert process.stdout is not None
        try:
            while line := await process.stdout.readline():
                if self._said(line.decode()):
                    self.open.set()
            return await process.wait()
        finally:
            if process.returncode is None:  # nobody hears it any more: there must not be two of it
                process.kill()

    def order(self, what: str) -> None:
        """Give it an order, if it runs."""
        if self._running is not None:
            assert self._running.stdin is not None
            with suppress(OSError, RuntimeError):  # it has ended just now
                self._running.stdin.write(f"{what}\n".encode())

    async def end(self, order: str) -> int:
        """Order it to end, and return its status once it has; zero if it is not running just now."""
        self._ending = True
        process = self._running
        if process is None:
            return 0
        self.order(order)
        return await process.wait()

    def kill(self) -> None:
        """End it here and now."""
        self._ending = True
        if self._running is not None:
            with suppress(ProcessLookupError):
                self._running.kill()
