"""Filters of the whole log: a regular expression or prefixes, on stream names or event types."""

import re
from collections.abc import Callable
from typing import Any

from adapters.eventstore_node.calls import CallRefused, Status
from application.ports.event_store import RecordedEvent

Admits = Callable[[RecordedEvent], bool]


def everything(_event: RecordedEvent) -> bool:
    """Admit every event."""
    return True


def filter_from(options: Any) -> Admits:
    """Return what a filter in a request admits."""
    kind = options.WhichOneof("filter")
    if kind is None:
        return everything
    expression = getattr(options, kind)
    by_stream = kind == "stream_identifier"
    return _by_regex(expression.regex, by_stream=by_stream) or _by_prefixes(
        tuple(expression.prefix), by_stream=by_stream
    )


def _by_regex(pattern: str, *, by_stream: bool) -> Admits | None:
    if not pattern:
        return None
    try:
        # A search, not a full match: that is how the server of the protocol reads an expression.
        search = re.compile(pattern).search
    except re.error as error:
        raise CallRefused(Status.INVALID_ARGUMENT, f"not a regular expression: {error}") from None
    if by_stream:
        return lambda event: search(event.stream) is not None
    return lambda event: search(event.type) is not None


def _by_prefixes(prefixes: tuple[str, ...], *, by_stream: bool) -> Admits:
    if not prefixes:
        return everything
    if by_stream:
        return lambda event: event.stream.startswith(prefixes)
    return lambda event: event.type.startswith(prefixes)
