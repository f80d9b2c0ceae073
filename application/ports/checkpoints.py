"""How far a reader of the log has come, across restarts."""

from typing import Protocol

from application.log.landmarks import Landmark


class Checkpoints(Protocol):
    """Keeps landmarks by name. They may be lost: the reader then starts from the beginning."""

    async def load(self, name: str) -> Landmark | None:
        """Return the landmark kept under a name, ``None`` if there is none."""
        ...

    async def save(self, name: str, landmark: Landmark) -> None:
        """Keep a landmark under a name."""
        ...
