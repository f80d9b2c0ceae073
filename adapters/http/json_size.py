"""How many values a JSON document has, told before it is read."""

import re

VALUES_MAX = 10_000
"""More values than the largest batch of orders has."""

_QUOTES_MAX = 4 * VALUES_MAX
"""Two around a name, and two around its value."""

_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
"""A text, its end or that of the document; never looked at twice."""


def has_too_many_values(body: bytes) -> bool:
    """Return whether a document is refused unread, for what is in it would take too long to be made."""
    return body.count(b'"') > _QUOTES_MAX or (
        body.count(b",") > VALUES_MAX and _separators(body) > VALUES_MAX
    )


def _separators(body: bytes) -> int:
    """Return how many values are parted from others in a document, what stands in texts left out."""
    return _TEXT.sub(b"", body).count(b",")
