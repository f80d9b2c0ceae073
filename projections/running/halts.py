"""Which projections stand still at an event, why, and when each is to try again."""

import time
from collections.abc import Sequence

from application.health import Health, Pauses, Trouble
from projections.running.projection import Projection

PAUSES_S = (1.0, 60.0)
"""How long a projection that stands still waits before it tries again: at first, and at most."""


class Halts:
    """The projections that stand still. ``told`` is kept for those who watch: the reason by name."""

    def __init__(self, told: dict[str, str], health: Health) -> None:
        self._told = told
        self._health = health
        self._pauses: dict[str, Pauses] = {}
        self._due_s: dict[str, float] = {}

    def has(self, projection: Projection) -> bool:
        """Return whether a projection stands still."""
        return projection.name in self._told

    def why(self, projection: Projection) -> str:
        """Return why a projection stands still; empty if it does not."""
        return self._told.get(projection.name, "")

    def due(self, monotonic_s: float) -> Sequence[str]:
        """Return those that are to try again now."""
        return [name for name in self._told if self._due_s.get(name, 0.0) <= monotonic_s]

    def stop(self, projection: Projection, why: str) -> None:
        """Have a projection stand still until it is due again; the pause grows each time."""
        name = projection.name
        self._told[name] = why
        pauses = self._pauses.setdefault(name, Pauses(*PAUSES_S))
        self._due_s[name] = time.monotonic() + pauses.next_s()
        self._health.report(
            _part(name),
            Trouble.PROJECTION_HALTED,
            f"it stands still at an event it cannot take in and tries again now and then ({why}); update "
            f"Presage if the event is from a newer one; `presage rebuild {name}` makes its rows anew",
        )

    def begin(self, projection: Projection) -> str:
        """Let a projection try again; return why it stood still."""
        return self._told.pop(projection.name, "")

    def keep_apart(self, projection: Projection, why: str) -> None:
        """Keep a projection that goes on apart from the others, which are further."""
        self._told[projection.name] = why
        self._due_s.pop(projection.name, None)

    def release(self, projection: Projection) -> None:
        """Have a projection go on with the others."""
        name = projection.name
        self._told.pop(name, None)
        if self._pauses.pop(name, None) is not None:
            self._health.clear(_part(name), Trouble.PROJECTION_HALTED)

    def forget(self) -> None:
        """Have all try again with the others, from wherever each stands; the pauses go on growing."""
        self._told.clear()


def _part(name: str) -> str:
    return f"projection {name}"
