"""Exact numbers from text: no float comes near a price or a quantity."""

import re
from datetime import UTC, datetime, timedelta

from domain.quantities import PAYOUT_TICKS

_DECIMAL = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,18}))?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PRICE_PLACES = 4
_QUANTITY_PLACES = 2

CENT_TICKS = 100


def scaled(text: str, places: int) -> int:
    """Return a plain decimal number in units of its ``places``-th decimal place. No sign, no exponent."""
    matched = _DECIMAL.fullmatch(text)
    if matched is None:
        raise ValueError(f"{text!r} is not a plain decimal number")
    whole, fraction = matched[1], (matched[2] or "").rstrip("0")
    if len(fraction) > places:
        raise ValueError(f"{text!r} has more than {places} decimal places")
    return int(whole + fraction.ljust(places, "0"))


def price_ticks(text: str) -> int:
    """Return a price in dollars as ticks."""
    return _possible(scaled(text, _PRICE_PLACES), text)


def cents_ticks(text: str) -> int:
    """Return a price in whole cents as ticks."""
    return _possible(scaled(text, 0) * CENT_TICKS, text)


def hundredths(text: str) -> int:
    """Return a quantity, which must not be zero, in hundredths."""
    quantity = scaled(text, _QUANTITY_PLACES)
    if quantity == 0:
        raise ValueError("a quantity of zero")
    return quantity


def microseconds(text: str) -> int:
    """Return an ISO date and time as microseconds since the Unix epoch; UTC unless it says otherwise."""
    moment = datetime.fromisoformat(text)
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


def _possible(ticks: int, text: str) -> int:
    if not 0 < ticks < PAYOUT_TICKS:
        raise ValueError(f"a price of {text}, which is not between $0 and $1")
    return ticks


class SteadyClock:
    """Holds times back from running backwards, since a file's order is the order of arrival."""

    def __init__(self) -> None:
        self._latest_us = 0

    def at(self, time_us: int) -> int:
        """Return the time, or the latest one before it if that was later."""
        self._latest_us = max(self._latest_us, time_us)
        return self._latest_us
