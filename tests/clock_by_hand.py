"""A clock that a test moves."""


class ClockByHand:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self._now_us = 1_700_000_000_000_000

    def now_us(self) -> int:
        return self._now_us

    def move(self, seconds: float) -> None:
        self._now_us += round(seconds * 1e6)
