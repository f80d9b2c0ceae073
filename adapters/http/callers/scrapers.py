"""Monitoring that reads the metrics: it cannot sign requests, so it carries a token."""

from collections.abc import Mapping
from secrets import compare_digest

AUTHORIZATION = b"authorization"

_BEARER = b"Bearer "


class Scrapers:
    """Knows the token by which monitoring is let in, to the metrics and to nothing else."""

    def __init__(self, token: str) -> None:
        self._expected = _BEARER + token.encode()

    def admits(self, headers: Mapping[bytes, bytes]) -> bool:
        """Return whether a request carries the token."""
        return compare_digest(headers.get(AUTHORIZATION, b""), self._expected)
