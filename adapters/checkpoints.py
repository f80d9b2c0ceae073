"""Where checkpoints are kept: in memory, or in a small file beside the log."""

import json
import logging
from pathlib import Path

from application.ports.event_store import START, Position

log = logging.getLogger(__name__)


class MemoryCheckpoints:
    """Forgets everything at the end of the process."""

    def __init__(self) -> None:
        self._positions: dict[str, Position] = {}

    async def load(self, name: str) -> Position:
        """Return the position kept under a name."""
        return self._positions.get(name, START)

    async def save(self, name: str, position: Position) -> None:
        """Keep a position."""
        self._positions[name] = position


class FileCheckpoints:
    """One JSON object in a file that is replaced whole. A file that cannot be read counts as empty."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._positions = self._read()

    async def load(self, name: str) -> Position:
        """Return the position kept under a name."""
        return Position(self._positions.get(name, START))

    async def save(self, name: str, position: Position) -> None:
        """Keep a position. Not being able to only costs time at the next start."""
        self._positions[name] = position
        beside = self._path.with_suffix(".new")
        try:
            beside.write_text(json.dumps(self._positions))
            beside.replace(self._path)
        except OSError as error:
            log.warning("cannot keep the checkpoint in %s: %s", self._path, error)

    def _read(self) -> dict[str, int]:
        try:
            kept = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        if not isinstance(kept, dict):
            return {}
        return {str(name): position for name, position in kept.items() if isinstance(position, int)}
