"""Writing numbers: both generations of fields. Only the older one, in cents and whole contracts, rounds."""

from datetime import datetime, timedelta
from functools import cache

from domain.market.vocabulary import Action, Side
from domain.quantities import CENT, CONTRACT, PAYOUT_TICKS, Ticks

EXCHANGE_INDEX = 0
"""Which of Kalshi's exchanges something is of: there is one here."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (UTC throughout, and twice as fast to write without saying so)
_TICKS_PER_CENT = 100
_MICROS_PER_TICK = 100


def price_cents(ticks: int) -> int:
    """Return a price in cents, halves up."""
    return (ticks + _TICKS_PER_CENT // 2) // _TICKS_PER_CENT


@cache
def price_dollars(ticks: int) -> str:
    """Return a price in dollars with exactly four places."""
    return _dollars(ticks)


def _dollars(ticks: int) -> str:
    return f"{ticks // PAYOUT_TICKS}.{ticks % PAYOUT_TICKS:04d}"


def other_side(ticks: Ticks | None) -> Ticks:
    """Return the price of the other outcome: a whole dollar where there is no price."""
    return Ticks(PAYOUT_TICKS - (ticks or 0))


def money_cents(micros: int) -> int:
    """Return an amount in cents, halves away from zero."""
    cents = (abs(micros) + CENT // 2) // CENT
    return cents if micros >= 0 else -cents


def money_cents_down(micros: int) -> int:
    """Return an amount in whole cents that are surely there."""
    return micros // CENT


def money_dollars(micros: int) -> str:
    """Return an amount in dollars with exactly four places, halves away from zero."""
    ticks = (abs(micros) + _MICROS_PER_TICK // 2) // _MICROS_PER_TICK
    return f"{'-' if micros < 0 and ticks else ''}{_dollars(ticks)}"


def whole_contracts(quantity: int) -> int:
    """Return a quantity in whole contracts, parts of one left out."""
    return quantity // CONTRACT if quantity >= 0 else -(-quantity // CONTRACT)


def contracts(quantity: int) -> str:
    """Return a quantity in contracts with exactly two places."""
    size = abs(quantity)
    return f"{'-' if quantity < 0 else ''}{size // CONTRACT}.{size % CONTRACT:02d}"


def timestamp(at_us: int) -> str:
    """Return a time in ISO 8601, UTC."""
    return f"{(_EPOCH + timedelta(microseconds=at_us)).isoformat()}Z"


def timestamp_or_none(at_us: int | None) -> str | None:
    """Return a time in ISO 8601, if there is one."""
    return None if at_us is None else timestamp(at_us)


def seconds(at_us: int) -> int:
    """Return a time in whole seconds since the Unix epoch."""
    return at_us // 1_000_000


def book_side(side: Side, action: Action) -> str:
    """Return the side of the one book, in yes terms: buying yes and selling no bid, the others ask."""
    return "bid" if (side is Side.YES) is (action is Action.BUY) else "ask"


def outcome_side(side: Side, action: Action) -> str:
    """Return the outcome that filling an order holds more of, or less of its opposite."""
    return "yes" if book_side(side, action) == "bid" else "no"
