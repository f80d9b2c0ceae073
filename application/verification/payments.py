"""Follows what markets pay to the ledgers: each payment is booked once, to whom it is due, in full."""

from collections.abc import Iterator

from application.events import DomainEvent
from domain.identifiers import AccountId, Ticker
from domain.ledger.events import PayoutBooked, RedemptionBooked, UnwindBooked
from domain.market.events import PairsRedeemed, PositionSettled, PositionUnwound

Due = tuple[str, AccountId, int]


class Payments:
    """What markets have paid and ledgers have not booked."""

    def __init__(self) -> None:
        self._due: dict[tuple[Ticker, int], Due] = {}

    def decided(self, ticker: Ticker, revision: int, event: DomainEvent) -> None:
        """Take note of a market's event."""
        match event:
            case PairsRedeemed() | PositionSettled():
                amount = event.payout
            case PositionUnwound():
                amount = event.refund
            case _:
                return
        self._due[ticker, revision] = type(event).__name__, event.account_id, amount

    def booked(self, event: DomainEvent) -> Iterator[str]:
        """Yield a sentence if a ledger's event books a payment that no market decided like this."""
        match event:
            case RedemptionBooked():
                booked: Due = PairsRedeemed.__name__, event.account_id, event.payout
            case PayoutBooked():
                booked = PositionSettled.__name__, event.account_id, event.payout
            case UnwindBooked():
                booked = PositionUnwound.__name__, event.account_id, event.refund
            case _:
                return
        due = self._due.pop((event.ticker, event.market_revision), None)
        if due != booked:
            yield (
                f"market {event.ticker}: of event {event.market_revision} {_told(booked)} was booked, and "
                f"{_told(due) if due else 'nothing'} was due"
            )

    def unbooked(self) -> Iterator[str]:
        """Yield a sentence for each payment that was never booked."""
        for (ticker, revision), due in self._due.items():
            yield f"market {ticker}: of event {revision} {_told(due)} is due and was never booked"


def _told(due: Due) -> str:
    name, account_id, amount = due
    return f"{name} of {amount} to {account_id}"
