"""Between the port's events and filters and those of EventStoreDB's client."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.event_stores.eventstoredb_client import ClientRecord
from application.ports.event_store import Filter, Position, RecordedEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def recorded(record: ClientRecord) -> RecordedEvent:
    """Return an event as the port has it."""
    assert record.commit_position is not None
    recorded_at = record.recorded_at or _EPOCH
    return RecordedEvent(
        id=record.id,
        type=record.type,
        data=record.data,
        metadata=record.metadata,
        stream=record.stream_name,
        revision=record.stream_position,
        position=Position(record.commit_position),
        recorded_at_us=(recorded_at - _EPOCH) // _MICROSECOND,
    )


def server_filter(matching: Filter) -> dict[str, Any]:
    """Return what the server is asked to filter by: streams or else types. The rest is done here.

    Without either, the client's own default leaves out the server's events.
    """
    if matching.stream_prefixes:
        return {"filter_include": [f"{_any_of(matching.stream_prefixes)}.*"], "filter_by_stream_name": True}
    return {"filter_include": [_any_of(matching.types)]} if matching.types else {}


def _any_of(texts: Sequence[str]) -> str:
    # One group, because the client puts the anchors around the whole and alternatives would escape them.
    return f"(?:{'|'.join(re.escape(text) for text in texts)})"
