"""Decides in Python which events a filter of the port admits."""

from application.ports.event_store import Filter

SYSTEM_PREFIX = "$"
"""Types and streams that begin so are the store's own bookkeeping, delivered only to who asks for them."""


def admits(matching: Filter, stream: str, event_type: str, *, system: bool = False) -> bool:
    """Return whether an event of this stream and type passes the filter."""
    if not system and (event_type.startswith(SYSTEM_PREFIX) or stream.startswith(SYSTEM_PREFIX)):
        return False
    if matching.types and event_type not in matching.types:
        return False
    return not matching.stream_prefixes or stream.startswith(matching.stream_prefixes)
