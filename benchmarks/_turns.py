"""What a program does to its event loop and its memory, as the interpreter and the allocator count it."""

import asyncio
import ctypes
import os
import re
import selectors
import sys
import tempfile
from time import thread_time
from typing import Any


class Turns(selectors.DefaultSelector):
    """Sees every turn of an event loop: ``longest_s`` is the longest since it was last set to 0.

    A turn is what the loop does from one look for news to the next, all that was ready then: whoever comes
    meanwhile waits. It is counted in processor time of its thread, so that what else the machine did is not.
    """

    def __init__(self) -> None:
        super().__init__()
        self.longest_s = 0.0
        self._since = thread_time()

    def select(self, timeout: float | None = None) -> Any:
        """Wait for news."""
        self.longest_s = max(self.longest_s, thread_time() - self._since)
        found = super().select(timeout)
        self._since = thread_time()
        return found


def loop_that_is_watched() -> asyncio.AbstractEventLoop:
    """Return an event loop whose selector is a :class:`Turns`, as :func:`turns` finds it."""
    return asyncio.SelectorEventLoop(Turns())


def turns() -> Turns:
    """Return what watches the running loop."""
    watching = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]  # noqa: SLF001
    assert isinstance(watching, Turns)
    return watching


class _MallInfo(ctypes.Structure):
    """What glibc's ``mallinfo2`` tells."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()  # noqa: SIM905
        )
    ]


_SMALL = re.compile(rb"# bytes in allocated blocks\s+=\s+([\d,]+)")


def allocated_bytes() -> int:
    """Return how much memory is allocated: Python's small objects, and all else where glibc counts it.

    Unlike tracing, which takes several times as long as what is traced, it costs nothing between two looks.
    """
    return _small_bytes() + _other_bytes()


def _small_bytes() -> int:
    with tempfile.TemporaryFile() as file:
        # The interpreter tells it to the standard error stream alone.
        sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            sys._debugmallocstats()  # noqa: SLF001 (there is no public one)
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        file.seek(0)
        found = _SMALL.search(file.read())
    return int(found[1].replace(b",", b"")) if found else 0


def _other_bytes() -> int:
    try:
        ask = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        return 0
    ask.restype = _MallInfo
    told = ask()
    return int(told.uordblks + told.hblkhd)
