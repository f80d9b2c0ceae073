"""What the HTTP port needs from the rest of the exchange, in one hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from adapters.data_folder import Identity
from adapters.http.answers.cached_answers import CachedAnswers
from adapters.http.answers.rendered_books import RenderedBooks
from adapters.http.callers.authentication import Authenticator
from adapters.http.callers.own_writes import OwnWrites
from adapters.http.callers.scrapers import Scrapers
from adapters.http.callers.sessions import Known, Visitors
from adapters.http.firewall.opening import Screen
from adapters.http.one_at_a_time import OneAtATime
from adapters.http.settings import HttpSettings
from adapters.notices.destinations import Destinations
from adapters.telemetry.watch import Watch
from application.exchange import Exchange
from application.health import Health
from application.limiting.limits import Limits
from application.past import Past
from application.ports.clock import Clock
from application.ports.event_store import Position
from application.rules_history import RulesHistory
from application.watching.traffic import Traffic
from domain.identifiers import AccountId
from projections.reading.queries import ReadModels
from projections.running.progress import RunnerStats

EventSchemas = Callable[[], Mapping[str, object]]
"""Returns the JSON Schema of every event, by type and version."""


class Standing(Protocol):
    """What readers need to know of the exchange, whichever process it is in."""

    @property
    def ready(self) -> bool:
        """Whether it takes commands."""
        ...

    @property
    def health(self) -> Health:
        """What is wrong with this process."""
        ...

    async def booked(self, account_id: AccountId, position: Position) -> Position:
        """Wait until an account's money is as everything decided up to a position makes it.

        Return where that stands in the log.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPort:
    """Everything routes may use that are answered from the read models."""

    exchange: Standing
    reads: ReadModels
    past: Past
    clock: Clock
    event_schemas: EventSchemas
    projector: RunnerStats
    authenticator: Authenticator
    cached: CachedAnswers
    identity: Identity
    traffic: Traffic
    settings: HttpSettings
    limits: Limits | None
    screen: Screen | None
    route_names: frozenset[str]
    visitors: Known
    own_writes: OwnWrites
    books: RenderedBooks = field(default_factory=RenderedBooks)
    rules: RulesHistory = field(default_factory=RulesHistory)
    what_ifs: OneAtATime = field(default_factory=OneAtATime)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPort(ReadPort):
    """Everything routes may use."""

    exchange: Exchange
    watch: Watch
    destinations: Destinations
    webhook_key: str
    visitors: Visitors
    scrapers: Scrapers
