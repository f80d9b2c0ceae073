"""What is written beside an event: its version, when it was decided, and why.

``$correlationId`` and ``$causationId`` are the names EventStoreDB gives to these links.
"""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, json

from application.events import Cause
from application.ports.event_store import RecordedEvent
from domain.fields import LARGEST, TIME

_Version = Annotated[
    int, Meta(ge=1, description="the version of the event; if missing, the oldest that fits")
]
_Time = Annotated[
    int,
    Meta(
        ge=0,
        le=LARGEST,
        description="when it was decided; if missing, when it was recorded",
        extra_json_schema={"unit": TIME},
    ),
]
_Correlation = Annotated[UUID, Meta(description="what the command belongs to; if missing, itself")]
_Causation = Annotated[UUID, Meta(description="the command behind the event; if missing, the event")]

_RENAMED = {"correlation_id": "$correlationId", "causation_id": "$causationId"}


class Metadata(Struct, frozen=True, rename=_RENAMED):
    """What stands beside every event. Other programs may leave it out, or add to it."""

    version: _Version = 1
    at_us: _Time | None = None
    correlation_id: _Correlation | None = None
    causation_id: _Causation | None = None


_read = json.Decoder(Metadata).decode
_write = json.Encoder().encode


def write_metadata(version: int, cause: Cause) -> bytes:
    """Return the metadata of an event."""
    return _write(
        Metadata(
            version=version,
            at_us=cause.at_us,
            correlation_id=cause.correlation_id,
            causation_id=cause.command_id,
        )
    )


def read_metadata(data: bytes) -> Metadata:
    """Return what metadata says. Raises ``ValueError``."""
    return _read(data or b"{}")


def says_all(metadata: Metadata) -> bool:
    """Return whether nothing is left to be taken from the event that it stands beside."""
    return None not in (metadata.at_us, metadata.correlation_id, metadata.causation_id)


def cause_of(metadata: Metadata, recorded: RecordedEvent) -> Cause:
    """Return why an event happened; an event that does not say stands for itself."""
    command_id = metadata.causation_id or recorded.id
    return Cause(
        command_id=command_id,
        correlation_id=metadata.correlation_id or command_id,
        at_us=recorded.recorded_at_us if metadata.at_us is None else metadata.at_us,
    )
