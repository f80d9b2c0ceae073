"""How the events of a bundle are written and chained: each hash covers the event and the hash before it."""

import json
from hashlib import sha256
from typing import Any

from application.ports.event_store import RecordedEvent

FORMAT = "presage-audit-1"

EVENTS = "events.jsonl"
STATES = "states.jsonl"
MANIFEST = "manifest.json"

STATE_EVERY = 1_000
"""After how many events a hash of the market's state is put down."""

Json = dict[str, Any]


def canonical(document: Json) -> bytes:
    """Return the one way to write a document, so that no byte of it can differ."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def genesis(stream: str) -> str:
    """Return the hash before the first event of a stream."""
    return sha256(f"{FORMAT} {stream}".encode()).hexdigest()


def linked(before: str, event: Json) -> str:
    """Return the hash of an event that follows the one whose hash is ``before``."""
    return sha256(before.encode() + canonical(event)).hexdigest()


def event_document(stored: RecordedEvent) -> Json:
    """Return an event as it stands in a bundle."""
    return {
        "id": str(stored.id),
        "type": stored.type,
        "stream": stored.stream,
        "revision": stored.revision,
        "position": stored.position,
        "recorded_at_us": stored.recorded_at_us,
        "metadata": json.loads(stored.metadata or b"{}"),
        "data": json.loads(stored.data),
    }


def sealed(manifest: Json) -> Json:
    """Return a manifest with the hash of all that it says."""
    said = {name: value for name, value in manifest.items() if name != "hash"}
    return {**said, "hash": sha256(canonical(said)).hexdigest()}
