"""Translation between domain events and what a store keeps."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from application.events import Cause, DomainEvent, Recorded
from application.ports.event_store import NewEvent, RecordedEvent


class UnreadableEvent(Exception):
    """An event of the log that this version cannot read: unknown type, newer version, or broken content.

    The message names the stream, the revision and what is wrong.
    """


class EventCodec(Protocol):
    """Writes and reads events, bringing old versions up to date on the way in."""

    @property
    def vocabulary(self) -> Mapping[str, int]:
        """The names of all events that are known, with the latest version of each."""
        ...

    def check(self, recorded: RecordedEvent) -> None:
        """Raise :class:`UnreadableEvent` for an event whose type or version is unknown."""
        ...

    def encode(self, event: DomainEvent, event_id: UUID, cause: Cause) -> NewEvent:
        """Return the event as the store is to keep it."""
        ...

    @property
    def always_fit(self) -> frozenset[type[object]]:
        """The classes of events that can always be written as the exchange makes them."""
        ...

    def fault_in(self, event: DomainEvent) -> str | None:
        """Return what keeps an event from being written, for whoever asked for it; ``None`` if nothing."""
        ...

    def stored_type(self, event_class: type[DomainEvent]) -> str:
        """Return the name under which a store keeps events of a class."""
        ...

    def decode(self, recorded: RecordedEvent) -> Recorded[DomainEvent]:
        """Return a stored event in the domain's types. Raises :class:`UnreadableEvent`."""
        ...
