"""Where checkpoints are kept: in memory, or in a small file beside the log."""

import json
import logging
from pathlib import Path
from typing import Any
from uuid import UUID

from application.log.landmarks import Landmark
from application.ports.event_store import Position

log = logging.getLogger(__name__)


class MemoryCheckpoints:
    """Forgets everything at the end of the process."""

    def __init__(self) -> None:
        self._landmarks: dict[str, Landmark] = {}

    async def load(self, name: str) -> Landmark | None:
        """Return the landmark kept under a name."""
        return self._landmarks.get(name)

    async def save(self, name: str, landmark: Landmark) -> None:
        """Keep a landmark."""
        self._landmarks[name] = landmark


class NotedCheckpoints:
    """What the process of an exchange has noted in its file, for others to look at: they note nothing."""

    def __init__(self, path: Path) -> None:
        self._noted = FileCheckpoints(path)

    async def load(self, name: str) -> Landmark | None:
        """Return the landmark kept under a name."""
        return await self._noted.load(name)

    async def save(self, name: str, landmark: Landmark) -> None:
        """Keep nothing."""


class FileCheckpoints:
    """One JSON object in a file that is replaced whole. What cannot be read in it counts as not there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._landmarks = self._read()

    async def load(self, name: str) -> Landmark | None:
        """Return the landmark kept under a name."""
        return self._landmarks.get(name)

    async def save(self, name: str, landmark: Landmark) -> None:
        """Keep a landmark. Not being able to only costs time at the next start."""
        self._landmarks[name] = landmark
        beside = self._path.with_suffix(".new")
        try:
            beside.write_text(
                json.dumps({name: _document(landmark) for name, landmark in self._landmarks.items()})
            )
            beside.replace(self._path)
        except OSError as error:
            log.warning("cannot keep the checkpoint in %s: %s", self._path, error)

    def _read(self) -> dict[str, Landmark]:
        try:
            kept = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        if not isinstance(kept, dict):
            return {}
        found = {str(name): _landmark(document) for name, document in kept.items()}
        return {name: landmark for name, landmark in found.items() if landmark is not None}


def _document(landmark: Landmark) -> dict[str, Any]:
    return {
        "position": landmark.position,
        "event_id": str(landmark.event_id),
        "stream": landmark.stream,
        "revision": landmark.revision,
    }


def _landmark(document: Any) -> Landmark | None:
    """Return a landmark, ``None`` for a document that is none: older programs noted a position alone."""
    try:
        return Landmark(
            position=Position(int(document["position"])),
            event_id=UUID(document["event_id"]),
            stream=str(document["stream"]),
            revision=int(document["revision"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
