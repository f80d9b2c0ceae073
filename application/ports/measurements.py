"""Where measurements of service levels are kept, so that they outlive the process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from application.slo.tracker import Tally


class MeasurementsUnkept(Exception):
    """They cannot be kept or read now; the message says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """All measurements that are kept, by objective; minutes and hours since the Unix epoch.

    ``alive_s`` is when the last process that measured was last known to run; ``ended`` whether it was ended
    in order.
    """

    minutes: Mapping[str, Sequence[tuple[int, Tally]]]
    hours: Mapping[str, Sequence[tuple[int, Tally]]]
    alive_s: int | None
    ended: bool


class Measurements(Protocol):
    """Keeps measurements; what is added for the same minute and hour adds up."""

    async def load(self) -> Kept:
        """Return all that is kept."""
        ...

    async def add(
        self, minute: int, counted: Mapping[str, Tally], *, alive_s: int, ended: bool = False
    ) -> None:
        """Keep what was counted in a minute, and that the process was alive."""
        ...

    async def add_hours(self, hours: Sequence[tuple[str, int, Tally]]) -> None:
        """Keep what was counted in hours that are long over."""
        ...

    async def close(self) -> None:
        """Release files."""
        ...
