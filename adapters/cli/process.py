"""What commands that run until they are interrupted have in common."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, NoReturn

from adapters.cli.output import print_json, safe, say
from adapters.redaction import redacted
from application.shutdown import STATUS, Ending, GracefulShutdown, Step

POOLS_S = 15.0
"""How long everything that is still open when the last step begins has to close."""


class Stopping:
    """That the process is asked to end, and what it does then: ``steps``, which grow as it opens things."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.asked = asyncio.Event()
        self.at_once = asyncio.Event()

    def signalled(self) -> None:
        """Take a signal: the first begins to end the process in order, the second ends it at once."""
        (self.at_once if self.asked.is_set() else self.asked).set()

    def obey_input(self, orders: Mapping[str, Callable[[], None]]) -> None:
        """Carry out the orders that come by the standard input, a line each; its end ends this process.

        Without any, its end asks the process to end. With some, it is ended at once: whoever gave orders is
        gone, and whoever comes next needs its place.
        """
        loop = asyncio.get_running_loop()

        def wait() -> None:
            with suppress(RuntimeError):  # the loop has ended by itself
                with suppress(OSError, ValueError):  # what cannot be read, or is no text, is its end
                    for line in sys.stdin:
                        if (order := orders.get(line.strip())) is not None:
                            loop.call_soon_threadsafe(order)
                if orders:
                    os._exit(STATUS[Ending.AT_ONCE])
                loop.call_soon_threadsafe(self.asked.set)

        threading.Thread(target=wait, name="end of input", daemon=True).start()


Work = Callable[[Stopping], Coroutine[Any, Any, None]]
"""Opens things, adding a step for each, and goes on until cancelled; then it closes what is still open."""


async def until_stopped(work: Work, *, as_json: bool) -> None:
    """Run the work of a process until a signal comes, then end it in order, telling how that went.

    Ends the process itself, without closing anything more, where not all could be closed.
    """
    stopping = Stopping()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.signalled)
    running = asyncio.create_task(work(stopping))
    asked = asyncio.create_task(stopping.asked.wait())
    await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if running.done():
        await running
        return
    pools = Step(name="pools", action=lambda: _end(running), limit_s=POOLS_S)
    shutdown = GracefulShutdown(
        [*stopping.steps, pools],
        at_once=stopping.at_once,
        tell=lambda step: tell(step.document(), as_json=as_json),
    )
    report = await shutdown.run()
    tell(report.document(), as_json=as_json)
    if report.status:
        _leave(report.status)


async def _end(running: "asyncio.Task[None]") -> None:
    """End the work, which closes what it has opened. Raises what keeps it from that."""
    running.cancel()
    await asyncio.wait([running])
    if not running.cancelled():
        running.result()


def tell(document: Mapping[str, object], *, as_json: bool) -> None:
    """Say how a step went; that nobody may be left to read it changes nothing."""
    with suppress(OSError):
        if as_json:
            print_json({name: _discreet(value) for name, value in document.items()})
        else:
            say(f"[dim]{safe(_discreet(_line(document)))}[/]")


def _line(document: Mapping[str, object]) -> str:
    name = f"closing: {document['step']}" if "step" in document else "closed"
    told = document.get("outcome") or document["ended"]
    message = document.get("message")
    return f"{name}, {told}, {document['duration_s']} s{f' ({message})' if message else ''}"


def _discreet(value: object) -> object:
    return redacted(value) if isinstance(value, str) else value


def _leave(status: int) -> NoReturn:
    """End the process here and now: threads that hang, and what could not be closed, end with it."""
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)
