"""The words for how requests and quotes stand and end. The values are stored and public."""

from enum import StrEnum


class QuoteStatus(StrEnum):
    """Where a quote stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    """The asker has taken one of its sides; its maker has yet to confirm it."""
    CONFIRMED = "confirmed"
    """Both have said yes: the trade is being carried out, and nobody can go back."""
    EXECUTED = "executed"
    CANCELED = "cancelled"


class Ending(StrEnum):
    """Why a request or a quote is over."""

    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"
    EXPIRED = "expired"
    EXECUTED = "executed"
    NOT_CONFIRMED = "not_confirmed"
    REQUEST_CLOSED = "rfq_closed"
    MARKET_NOT_TRADING = "market_not_trading"
    EXECUTION_FAILED = "execution_failed"
