"""What is settled once and for ever when an exchange is set up."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFounded:
    """The first event of every log. ``partitions`` says into how many ledgers the accounts are spread."""

    partitions: int
