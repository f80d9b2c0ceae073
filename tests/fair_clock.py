"""A clock for bounds on real time: it goes as much slower as this process is given less of the machine."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_EVERY_S = 0.05
_WORK_S = 0.004


class FairClock:
    """Seconds as they would have passed on a machine that does nothing else.

    A thread works a little now and then and looks how much longer that took than the processor time it got.
    What a test waits for is slowed down in the same way, however many others there are.
    """

    def __init__(self) -> None:
        self._passed_s = 0.0
        self._since_s = time.monotonic()
        self._crowding = 1.0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="fair clock", daemon=True)

    @property
    def crowding(self) -> float:
        """How many times as long as alone everything takes now, at least 1."""
        with self._lock:
            return self._crowding

    def now_s(self) -> float:
        """Return how much time has passed since it was started."""
        with self._lock:
            # Of the time since the last look it is not known yet how crowded it was.
            return self._passed_s + (time.monotonic() - self._since_s) / self._crowding

    def _watch(self) -> None:
        while True:
            crowding = _crowding()
            with self._lock:
                now_s = time.monotonic()
                self._passed_s += (now_s - self._since_s) / max(crowding, self._crowding)
                self._since_s, self._crowding = now_s, crowding
            if self._over.wait(_EVERY_S):
                return


def _crowding() -> float:
    """Return how many times as long as its processor time some work takes now: 1 at least."""
    began_s, cpu_s = time.monotonic(), time.thread_time()
    while (worked_s := time.thread_time() - cpu_s) < _WORK_S:
        pass
    return max(1.0, (time.monotonic() - began_s) / worked_s)


@contextmanager
def fair_clock() -> Iterator[FairClock]:
    """Run a clock while the block runs."""
    clock = FairClock()
    clock._thread.start()
    try:
        yield clock
    finally:
        clock._over.set()
        clock._thread.join()
