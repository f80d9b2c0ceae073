"""Where snapshots are kept: beside the log, never in it, and lost without harm."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from application.ports.event_store import Position

Document = dict[str, Any]
"""A state as plain data: dictionaries, lists, text, integers, booleans and ``None``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The state that a stream's event at ``revision`` left, and how to tell that it still is that state.

    ``event_id`` is of that event: another id at that revision means another log. ``schema`` names the shape
    of the document and the code that made it; ``digest`` is the hash of the state.
    """

    stream: str
    revision: int
    position: Position
    event_id: UUID
    at_us: int
    schema: str
    digest: str
    document: Document


class Snapshots(Protocol):
    """Keeps snapshots by stream and revision."""

    async def save(self, snapshot: Snapshot) -> None:
        """Keep a snapshot. Does not fail: not being able to keep one only costs time later."""
        ...

    async def find(
        self, stream: str, *, schema: str, revision: int | None = None, at_us: int | None = None
    ) -> Snapshot | None:
        """Return a stream's latest snapshot, if given the latest not after a revision or a time.

        What cannot be read is passed over.
        """
        ...

    async def revisions(self, stream: str, *, schema: str) -> Sequence[int]:
        """Return the revisions of a stream's snapshots, in order."""
        ...

    async def drop(self, stream: str, revision: int) -> None:
        """Forget a snapshot."""
        ...

    async def retire(self, stream: str, *, schema: str) -> int:
        """Forget a stream's snapshots of any other schema; return how many there were."""
        ...
