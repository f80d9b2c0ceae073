"""What is written beside an event: its version, when it was decided, and why.

``$correlationId`` and ``$causationId`` are the names EventStoreDB gives to these links.
"""

from typing import Annotated
from uuid import UUID

import orjson
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from adapters.event_schemas.rules import LARGEST, TIME
from application.events import Cause
from application.ports.event_store import RecordedEvent


class Metadata(TypedDict, total=False):
    """What stands beside every event. Other programs may leave it out, or add to it."""

    version: Annotated[
        int,
        Field(strict=True, ge=1, description="the version of the event; if missing, the oldest that fits"),
    ]
    at_us: Annotated[
        int,
        Field(
            strict=True,
            ge=0,
            le=LARGEST,
            description="when it was decided; if missing, when it was recorded",
            json_schema_extra={"unit": TIME},
        ),
    ]
    correlation_id: Annotated[
        UUID, Field(alias="$correlationId", description="what the command belongs to; if missing, itself")
    ]
    causation_id: Annotated[
        UUID, Field(alias="$causationId", description="the command behind the event; if missing, the event")
    ]


METADATA = TypeAdapter(Metadata)
_READER = METADATA.validator


def write_metadata(version: int, cause: Cause) -> bytes:
    """Return the metadata of an event."""
    return orjson.dumps(
        {
            "version": version,
            "at_us": cause.at_us,
            "$correlationId": cause.correlation_id,
            "$causationId": cause.command_id,
        }
    )


def read_metadata(data: bytes) -> Metadata:
    """Return what metadata says. Raises ``pydantic.ValidationError``."""
    read: Metadata = _READER.validate_json(data or b"{}")
    return read


def says_all(metadata: Metadata) -> bool:
    """Return whether nothing is left to be taken from the event that it stands beside."""
    return len(metadata) == len(Metadata.__annotations__)


def cause_of(metadata: Metadata, recorded: RecordedEvent) -> Cause:
    """Return why an event happened; an event that does not say stands for itself."""
    command_id = metadata.get("causation_id", recorded.id)
    return Cause(
        command_id=command_id,
        correlation_id=metadata.get("correlation_id", command_id),
        at_us=metadata.get("at_us", recorded.recorded_at_us),
    )
