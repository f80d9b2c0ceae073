"""An event loop whose time passes only when nobody has anything to do, and then at once."""

import asyncio
import gc
import selectors
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

MOST_TURNS = 500_000
"""More than anybody does in no time at all."""

LONGEST_S = 3_600.0
"""After so much simulated time nothing will come any more of what is waited for."""


class StoodStill(Exception):
    """Everybody waits, and for nothing that will ever happen."""


class _NoWaiting(selectors.DefaultSelector):
    """A selector that lets time pass instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self._turns = 0

    def select(self, timeout: float | None = None) -> Any:
        """Return what is there, and let so much time have passed."""
        if timeout is None:
            raise StoodStill("everybody waits, and nothing is due at any time")
        self._turns += 1
        if self._turns > MOST_TURNS:
            raise StoodStill(f"somebody turns in circles: {MOST_TURNS:,} turns, and no time passed")
        if timeout > 0:
            self._turns = 0
            self.now_s += timeout
            if self.now_s > LONGEST_S:
                raise StoodStill(f"nothing came of it within {LONGEST_S:,.0f} s of simulated time")
        return super().select(0)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """A loop with a time of its own; what would run in a thread runs at once."""

    def __init__(self) -> None:
        self._passing = _NoWaiting()
        super().__init__(self._passing)
        self._made: dict[int, int] = {}
        self._count = 0
        self.set_task_factory(self._make)

    def _make(self, _loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any) -> "asyncio.Task[Any]":
        task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=self, **more)
        self._made[id(task)] = self._count = self._count + 1
        return task

    def in_order(self, tasks: Iterable["asyncio.Task[Any]"]) -> Sequence["asyncio.Task[Any]"]:
        """Return tasks in the order in which they were made: a set has another one in each process."""
        return sorted(tasks, key=lambda task: self._made[id(task)])

    def time(self) -> float:
        """Return the simulated seconds since the loop was made."""
        return self._passing.now_s

    def run_in_executor(  # type: ignore[override]
        self, _executor: Any, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        """Call it here and now."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 (whoever waits for it gets it)
            future.set_exception(error)
        return future


def run_simulated(main: Coroutine[Any, Any, T]) -> T:
    """Run something to its end in simulated time, the same way each time.

    What the collector finds is ended when it is found, and when that is depends on everything else in the
    process: it does not look meanwhile.
    """
    gc.collect()
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=_loop) as runner:
            return runner.run(main)
    finally:
        gc.enable()


def _loop() -> SimulatedLoop:
    loop = SimulatedLoop()
    # Processes that die leave tasks behind that never end; nobody has to hear of that.
    loop.set_exception_handler(lambda _loop, _context: None)
    return loop
