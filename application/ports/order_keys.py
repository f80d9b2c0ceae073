"""Which order ids were ever used: the memory behind permanent idempotency keys."""

from dataclasses import dataclass
from typing import Protocol

from application.ports.event_store import Position
from domain.identifiers import OrderId, Ticker


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOrder:
    """An order id that was used: a hash of what was asked for, where, and when in the log."""

    order_id: OrderId
    ticker: Ticker
    request_digest: str
    position: Position


class OrderKeys(Protocol):
    """Looks order ids up."""

    async def find(self, order_id: OrderId) -> KnownOrder | None:
        """Return what an order id was used for, ``None`` if never, or if its placing was given up.

        Says nothing about events after :meth:`position`.
        """
        ...

    async def position(self) -> Position:
        """Return the position in the log up to which :meth:`find` knows every order."""
        ...
