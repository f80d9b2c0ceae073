"""A codec that does not read back what it has just written."""

from uuid import UUID

from application.events import Cause, DomainEvent, Recorded
from application.hosting.latest import Latest
from application.ports.codec import EventCodec
from application.ports.event_store import NewEvent, RecordedEvent

REMEMBERED = 10_000
"""How many of the latest events are kept: enough for readers in this process that are nearly live."""


class RememberingCodec:
    """Keeps the latest events it encoded, so that subscribers in the same process need not decode them.

    An id names a command, not what came of it: the log may hold what an earlier try or another process wrote
    under the same id. So what is kept counts only for the very bytes that it was encoded to.
    """

    def __init__(self, codec: EventCodec) -> None:
        self._codec = codec
        self._latest: Latest[tuple[DomainEvent, Cause, NewEvent]] = Latest(REMEMBERED)
        self.vocabulary = codec.vocabulary
        self.check = codec.check
        self.always_fit = codec.always_fit
        self.fault_in = codec.fault_in
        self.stored_type = codec.stored_type

    def encode(self, event: DomainEvent, event_id: UUID, cause: Cause) -> NewEvent:
        """Return the event as the store is to keep it."""
        encoded = self._codec.encode(event, event_id, cause)
        self._latest.add(event_id.int, (event, cause, encoded))
        return encoded

    def decode(self, recorded: RecordedEvent) -> Recorded[DomainEvent]:
        """Return a stored event in the domain's types."""
        known = self._latest.get(recorded.id.int)
        if known is None:
            return self._codec.decode(recorded)
        event, cause, encoded = known
        if (
            recorded.data != encoded.data
            or recorded.metadata != encoded.metadata
            or recorded.type != encoded.type
        ):
            return self._codec.decode(recorded)
        return Recorded(
            event=event,
            id=recorded.id,
            stream=recorded.stream,
            revision=recorded.revision,
            position=recorded.position,
            cause=cause,
        )
