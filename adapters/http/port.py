"""What the HTTP port needs from the rest of the exchange, in one hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from adapters.data_folder import Identity
from adapters.http.answers.cached_answers import CachedAnswers
from adapters.http.answers.rendered_books import RenderedBooks
from adapters.http.callers.authentication import Authenticator
from adapters.http.callers.own_writes import OwnWrites
from adapters.http.callers.scrapers import Scrapers
from adapters.http.callers.sessions import Visitors
from adapters.http.firewall.opening import Screen
from adapters.http.settings import HttpSettings
from adapters.notices.destinations import Destinations
from adapters.telemetry.watch import Watch
from application.exchange import Exchange
from application.limiting.limits import Limits
from application.ports.clock import Clock
from application.watching.traffic import Traffic
from projections.reading.queries import ReadModels
from projections.running.progress import RunnerStats

EventSchemas = Callable[[], Mapping[str, object]]
"""Returns the JSON Schema of every event, by type and version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPort:
    """Everything routes may use."""

    exchange: Exchange
    reads: ReadModels
    clock: Clock
    event_schemas: EventSchemas
    watch: Watch
    projector: RunnerStats
    authenticator: Authenticator
    cached: CachedAnswers
    identity: Identity
    destinations: Destinations
    webhook_key: str
    visitors: Visitors
    scrapers: Scrapers
    traffic: Traffic
    settings: HttpSettings
    limits: Limits | None
    screen: Screen | None
    route_names: frozenset[str]
    own_writes: OwnWrites = field(default_factory=OwnWrites)
    books: RenderedBooks = field(default_factory=RenderedBooks)
