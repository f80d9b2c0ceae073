"""Batches of BatchAppend, put together from their pieces."""

from typing import Any

from adapters.event_stores.append_rules import MAX_APPEND_BYTES, append_size_bytes
from adapters.eventstore_node.calls import CallRefused, Status
from adapters.eventstore_node.requests import new_events
from application.ports.event_store import NewEvent

MAX_HELD_BYTES = 64 * 1024 * 1024
"""What may wait in one call for the last pieces of its batches."""

BATCH_BYTES = EVENT_BYTES = 1_000
"""What a batch and an event take up besides what is in them."""


class Batch:
    """A batch of which some has come: all of it, or the fact that it is too large."""

    def __init__(self, request: Any) -> None:
        self.correlation_id = request.correlation_id
        self.options = request.options
        self.events: list[NewEvent] = []
        self.held_bytes = 0
        self._size_bytes = 0

    @property
    def too_large(self) -> bool:
        """Whether it is larger than an append may be."""
        return self._size_bytes > MAX_APPEND_BYTES

    def add(self, proposed: Any) -> None:
        """Take the events of a piece."""
        events = new_events(proposed)
        self._size_bytes += append_size_bytes(events)
        if self.too_large:
            self.events.clear()
        else:
            self.events += events


class Batches:
    """The batches of one call, which may come in pieces that take turns."""

    def __init__(self) -> None:
        self._begun: dict[bytes, Batch] = {}
        self._held_bytes = 0

    def take(self, request: Any, wire_bytes: int) -> Batch | None:
        """Take a piece; return the batch when that was its last one."""
        key = request.correlation_id.SerializeToString()
        batch = self._begun.get(key)
        if batch is None:
            batch = self._begun[key] = Batch(request)
            wire_bytes += BATCH_BYTES
        # An event takes more room here than on its way.
        wire_bytes += EVENT_BYTES * len(request.proposed_messages)
        self._held_bytes += wire_bytes
        batch.held_bytes += wire_bytes
        if self._held_bytes > MAX_HELD_BYTES:
            raise CallRefused(Status.RESOURCE_EXHAUSTED, "too much waits for its last piece")
        batch.add(request.proposed_messages)
        if not request.is_final:
            return None
        self._held_bytes -= batch.held_bytes
        return self._begun.pop(key)
