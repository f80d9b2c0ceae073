"""Examples of all events, the golden files that hold them, and ways to put them into a log."""

from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from application.events import Cause, DomainEvent
from application.ports.event_store import Position, RecordedEvent
from tests.unit.event_schemas.market_examples import HOLDERS, LIFECYCLE, ORDERS
from tests.unit.event_schemas.other_examples import CLUSTER, EXCHANGE, GROUPS, KEYS, LEDGER, QUOTES, WEBHOOKS

EXAMPLES: dict[str, DomainEvent] = (
    EXCHANGE | LIFECYCLE | ORDERS | HOLDERS | LEDGER | GROUPS | KEYS | WEBHOOKS | QUOTES | CLUSTER
)
"""By stored name, what each golden file of the present version says."""

GOLDEN = Path(__file__).parent / "golden"

EVENT_ID = UUID("0b6c3f0e-8a51-5d3e-9a3c-5b7f2d1e4c00")
CAUSE = Cause(
    command_id=UUID("1c7d4a1f-9b62-5e4f-8b4d-6c8a3e2f5d01"),
    correlation_id=UUID("2d8e5b2a-0c73-5f50-9c5e-7d9b4f3a6e02"),
    at_us=1_793_000_000_000_001,
)
RECORDED_AT_US = 1_793_000_000_000_777


def golden(name: str, version: int) -> dict[str, Any]:
    """Return the content of a golden file."""
    content: dict[str, Any] = orjson.loads((GOLDEN / f"{name}.v{version}.json").read_bytes())
    return content


def stored(
    name: str, content: object, *, version: int | None = 1, metadata: bytes | None = None
) -> RecordedEvent:
    """Return an event as a store gives it back."""
    if metadata is None:
        metadata = b"{}" if version is None else orjson.dumps({"version": version})
    return RecordedEvent(
        id=EVENT_ID,
        type=name,
        data=content if isinstance(content, bytes) else orjson.dumps(content),
        metadata=metadata,
        stream="market-FED-26DEC-CUT",
        revision=4,
        position=Position(17),
        recorded_at_us=RECORDED_AT_US,
    )
