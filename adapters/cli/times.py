"""Times as people write and read them."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import typer

_SECONDS = re.compile(r"\d{1,11}(\.\d+)?", re.ASCII)
_US_PER_S = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def parse_time(text: str | None) -> int | None:
    """Return a time in microseconds since the Unix epoch.

    It is written in ISO 8601, without a zone in UTC, or as seconds since the Unix epoch.
    """
    if text is None:
        return None
    if _SECONDS.fullmatch(text):
        return int(Decimal(text) * _US_PER_S)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a time in ISO 8601, for example 2026-11-23T22:00:00Z"
        ) from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return (at - _EPOCH) // _MICROSECOND


def time_text(at_us: int) -> str:
    """Return a time in ISO 8601, UTC."""
    return (_EPOCH + timedelta(microseconds=at_us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def as_of(text: str | None) -> dict[str, str]:
    """Return the parameter that asks the exchange how things stood at a time, or none."""
    at_us = parse_time(text)
    return {} if at_us is None else {"as_of_ts": f"{at_us // _US_PER_S}.{at_us % _US_PER_S:06d}"}
