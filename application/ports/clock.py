"""Time and names, brought in from outside so that a whole exchange can be replayed from a seed."""

from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    """Tells the time."""

    def now_us(self) -> int:
        """Return microseconds since the Unix epoch, UTC; never going backwards."""
        ...


class Ids(Protocol):
    """Makes up names."""

    def new(self) -> UUID:
        """Return an id that was never given before."""
        ...
