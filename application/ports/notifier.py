"""Telling traders what became of their orders."""

from typing import Protocol

from application.requests import OrderAccepted


class Notifier(Protocol):
    """Carries confirmations to whoever listens. Losing one costs nothing: the log has it all."""

    def order_confirmed(self, accepted: OrderAccepted) -> None:
        """Tell that an order was placed. Must not block and must not fail."""
        ...
