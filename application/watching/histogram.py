"""How often a measured value was how large: plain numbers, cheap enough for the path of an order."""

from bisect import bisect_left
from collections.abc import Sequence


class Histogram:
    """Counts observations by the first of ``bounds`` that is not exceeded; the last count is of the rest."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def observe(self, value: float, times: int = 1) -> None:
        """Take in a value that was seen so many times."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times

    def at_most(self, bound: float) -> int:
        """Return how many observations were not above one of the bounds."""
        return sum(self.counts[: self.bounds.index(bound) + 1])

    @property
    def observations(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def copy(self) -> "Histogram":
        """Return how it stands now."""
        other = Histogram(self.bounds)
        other.counts, other.total = self.counts[:], self.total
        return other

    def add(self, other: "Histogram", since: "Histogram | None" = None) -> None:
        """Take in what another one counted, or what it counted since it stood so."""
        earlier = since or Histogram(self.bounds)
        self.counts = [
            mine + now - then
            for mine, now, then in zip(self.counts, other.counts, earlier.counts, strict=True)
        ]
        self.total += other.total - earlier.total
