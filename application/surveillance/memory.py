"""Memory that is bounded: what was not used for longest is forgotten first."""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

SLICES = 12
"""In how many parts a window moves on."""


class Latest(Generic[K, V]):
    """Keeps a bounded number of things, those asked for last. ``let_go`` is given what is forgotten."""

    def __init__(
        self, most: int, make: Callable[[], V], let_go: Callable[[V], object] = lambda _: None
    ) -> None:
        self._most = most
        self._make = make
        self._let_go = let_go
        self._kept: OrderedDict[K, V] = OrderedDict()
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: K) -> V | None:
        """Return a thing if it is known."""
        return self._kept.get(key)

    def at(self, key: K) -> V:
        """Return a thing, made if it is not known."""
        known = self._kept.get(key)
        if known is None:
            known = self._kept[key] = self._make()
            if len(self._kept) > self._most:
                self.forget()
        else:
            self._kept.move_to_end(key)
        return known

    def forget(self) -> None:
        """Forget what was not asked for longest."""
        _, forgotten = self._kept.popitem(last=False)
        self.forgotten += 1
        self._let_go(forgotten)


class Counts:
    """Some numbers over a window that moves on by twelfths, so that it takes no room for each event."""

    __slots__ = ("_slice_us", "_slices", "totals")

    def __init__(self, window_us: int, numbers: int) -> None:
        self._slice_us = max(1, window_us // SLICES)
        self._slices: deque[tuple[int, list[int]]] = deque()
        self.totals = [0] * numbers

    def add(self, at_us: int, number: int, by: int = 1) -> None:
        """Count something."""
        now = at_us // self._slice_us
        slices = self._slices
        if not slices or slices[-1][0] < now:
            slices.append((now, [0] * len(self.totals)))
            while slices[0][0] <= now - SLICES:
                for index, count in enumerate(slices.popleft()[1]):
                    self.totals[index] -= count
        slices[-1][1][number] += by
        self.totals[number] += by
