"""How far a reader of the log has come, across restarts."""

from typing import Protocol

from application.ports.event_store import Position


class Checkpoints(Protocol):
    """Keeps positions by name. They may be lost: the reader then starts from the beginning."""

    async def load(self, name: str) -> Position:
        """Return the position kept under a name, the start of the log if there is none."""
        ...

    async def save(self, name: str, position: Position) -> None:
        """Keep a position under a name."""
        ...
