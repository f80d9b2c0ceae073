"""Versions of EventStoreDB that lose events, so that an exchange on them would be wrong without a word."""

import re

from application.ports.event_store import StoreMisconfigured

_NUMBERS = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")
_MENDED = "24.10.5, 25.0.1 and newer have it mended"

_SILENT = (
    "a subscription to a log in which nothing matches yet is sent an impossible checkpoint, "
    "and read models and settlement would stay silent for ever"
)
_PASSED_OVER = (
    "a subscription that catches up can pass over single events, and so would settlement and read models"
)
_FAULTY = (
    ((24, 2, 0), (24, 10, 3), _SILENT),
    ((24, 10, 4), (24, 10, 4), _PASSED_OVER),
    ((25, 0, 0), (25, 0, 0), _PASSED_OVER),
)
"""From and up to which version, and what is wrong with it."""


def refuse_faulty(version: str) -> None:
    """Raise :class:`StoreMisconfigured` for a version with which an exchange cannot work."""
    found = _NUMBERS.match(version)
    if found is None:
        return
    numbers = int(found[1]), int(found[2]), int(found[3] or 0)
    for first, last, fault in _FAULTY:
        if first <= numbers <= last:
            raise StoreMisconfigured(f"EventStoreDB {version} cannot be used: {fault}; {_MENDED}")
