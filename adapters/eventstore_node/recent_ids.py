"""Remembers where the newest events were written, by id."""

from collections.abc import Iterable
from uuid import UUID

GENERATION_EVENTS = 50_000


class RecentIds:
    """A bounded map from event id to stream and revision: two generations, of which the older is dropped."""

    def __init__(self) -> None:
        self._young: dict[UUID, tuple[str, int]] = {}
        self._old: dict[UUID, tuple[str, int]] = {}

    def remember(self, stream: str, first_revision: int, ids: Iterable[UUID]) -> None:
        """Note where events are being written."""
        for offset, event_id in enumerate(ids):
            self._young[event_id] = (stream, first_revision + offset)
        if len(self._young) > GENERATION_EVENTS:
            self._old, self._young = self._young, {}

    def revision(self, stream: str, event_id: UUID) -> int | None:
        """Return the revision at which the stream got this event, if it is remembered."""
        found = self._young.get(event_id) or self._old.get(event_id)
        return found[1] if found is not None and found[0] == stream else None
