"""When a notice that was not taken is sent again, and when that ends."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlan:
    """Twelve tries in little more than an hour, at first after two seconds, each pause twice the last.

    A fifth of each pause, more or less, is chance: what failed together is not sent again together.
    """

    tries: int = 12
    first_s: float = 2.0
    jitter: float = 0.2

    def pause_s(self, tries: int, chance: float) -> float | None:
        """Return how long to wait after so many tries in vain, ``None`` when it is enough."""
        if tries >= self.tries:
            return None
        spread = 1 + self.jitter * (2 * chance - 1)
        return float(self.first_s * 2 ** (tries - 1) * spread)
