"""Decimal odds and stakes as prices and contracts.

A backer who stakes s at odds o is paid s x o if the runner wins: the same as s x o contracts of $1 at
1/o each, one unit of the account's currency counting as a dollar. So the odds at which one can back are
asks and those at which one can lay are bids, in yes terms. Contracts are rounded down to a hundredth.
Asks are rounded up to a tick and bids down, so that rounding never makes a book cross. Odds above about
316 lie closer together than a tick; levels that fall on one tick are added up.
"""

from adapters.recordings.numbers import scaled
from application.replay.flow import BookSide
from domain.quantities import PAYOUT_TICKS

_PLACES = 2
_EVENS = 100
_PAYOUT_HUNDREDTHS = PAYOUT_TICKS * _EVENS


def odds_hundredths(number: object) -> int:
    """Return decimal odds in hundredths, exactly."""
    odds = scaled(str(number), _PLACES)
    if not _EVENS < odds < _PAYOUT_HUNDREDTHS:
        raise ValueError(f"odds of {number}")
    return odds


def stake_hundredths(number: object) -> int:
    """Return a stake in hundredths of the currency, exactly."""
    return scaled(str(number), _PLACES)


def ticks_of(side: BookSide, odds: int) -> int:
    """Return the price of odds in hundredths: rounded up where yes is sold, down where it is bought."""
    if side == "ask":
        return -(-_PAYOUT_HUNDREDTHS // odds)
    return _PAYOUT_HUNDREDTHS // odds


def contracts_of(stake: int, odds: int) -> int:
    """Return what a stake buys at odds, both in hundredths, in hundredths of a contract rounded down."""
    return stake * odds // _EVENS
