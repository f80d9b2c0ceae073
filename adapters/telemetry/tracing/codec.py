"""Events say beside them to which trace they belong.

So whoever reads one, in this process or another, goes on with the trace of the command behind it.
"""

from uuid import UUID

from msgspec import Struct, json
from msgspec.structs import replace

from adapters.telemetry.tracing.spans import TRACEPARENT, Tracing, traceparent
from application.events import Cause, DomainEvent, Recorded
from application.ports.codec import EventCodec
from application.ports.event_store import NewEvent, RecordedEvent


class _Told(Struct, frozen=True):
    traceparent: str = ""


_MARK = f'"{TRACEPARENT}"'.encode()
_read = json.Decoder(_Told).decode


class TracedCodec:
    """A codec that notes traces in what it writes, and remembers those of what it reads."""

    def __init__(self, codec: EventCodec, tracing: Tracing) -> None:
        self._codec = codec
        self._tracing = tracing
        self.vocabulary = codec.vocabulary
        self.check = codec.check
        self.always_fit = codec.always_fit
        self.fault_in = codec.fault_in
        self.stored_type = codec.stored_type

    def encode(self, event: DomainEvent, event_id: UUID, cause: Cause) -> NewEvent:
        """Return the event as the store is to keep it, with its trace if it has one."""
        encoded = self._codec.encode(event, event_id, cause)
        for context in self._tracing.known([cause.correlation_id]):
            self._tracing.remember(event_id, context)
            more = b',"%s":"%s"}' % (TRACEPARENT.encode(), traceparent(context).encode())
            encoded = replace(encoded, metadata=encoded.metadata[:-1] + more)
        return encoded

    def decode(self, recorded: RecordedEvent) -> Recorded[DomainEvent]:
        """Return a stored event in the domain's types."""
        decoded = self._codec.decode(recorded)
        if _MARK in recorded.metadata:
            told = _read(recorded.metadata).traceparent
            for identity in (recorded.id, decoded.cause.correlation_id):
                self._tracing.remember_as_told(identity, told)
        return decoded
