"""Events on their way to and from the log."""

from typing import Generic, TypeVar
from uuid import UUID

from application.ports.event_store import Position
from domain.cluster import ClusterEvent
from domain.founding import ExchangeFounded
from domain.group.events import GroupEvent
from domain.identity.aggregate import IdentityEvent
from domain.ledger.events import LedgerEvent
from domain.market.events import MarketEvent
from domain.messages import Message
from domain.quotes.events import QuotesEvent
from domain.webhooks.aggregate import WebhookEvent

DomainEvent = (
    MarketEvent
    | LedgerEvent
    | GroupEvent
    | IdentityEvent
    | WebhookEvent
    | QuotesEvent
    | ExchangeFounded
    | ClusterEvent
)
"""Everything that can stand in the log."""

Event_co = TypeVar("Event_co", covariant=True)


class Cause(Message, frozen=True, kw_only=True):
    """Why events happen: the command behind them, what that command belongs to, and when it was decided.

    ``at_us`` is in microseconds since the Unix epoch, UTC.
    """

    command_id: UUID
    correlation_id: UUID
    at_us: int


class Recorded(Message, Generic[Event_co], frozen=True, kw_only=True):
    """An event as it stands in the log, in the domain's own types."""

    event: Event_co
    id: UUID
    stream: str
    revision: int
    position: Position
    cause: Cause
