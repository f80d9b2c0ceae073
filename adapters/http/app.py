"""The HTTP application: the table of routes, each an ASGI endpoint, behind one Starlette."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route, WebSocketRoute
from starlette.types import ASGIApp, Scope

from adapters.data_folder import Identity
from adapters.http.answers.cached_answers import CachedAnswers
from adapters.http.answers.problems import Code, Problem
from adapters.http.answers.replies import POSITION_HEADER, problem_response
from adapters.http.callers.authentication import Authenticator
from adapters.http.callers.key_ring import KeyRing
from adapters.http.callers.own_writes import LatestWrites, LatestWritesHere, OwnWrites
from adapters.http.callers.scrapers import Scrapers
from adapters.http.callers.sessions import WRITES_HEADER, Visitors
from adapters.http.endpoint import Endpoint
from adapters.http.feed.feed import Feed
from adapters.http.feed.socket import PATH as FEED_PATH
from adapters.http.feed.socket import FeedSocket
from adapters.http.feed.stream import PATH as STREAM_PATH
from adapters.http.feed.stream import FeedStream
from adapters.http.firewall.opening import Screen
from adapters.http.gate import Gate, refuse
from adapters.http.operations import Operation
from adapters.http.port import EventSchemas, HttpPort, ReadPort
from adapters.http.positions import MIN_POSITION_HEADER
from adapters.http.route_names import REFUSED, names_of, not_for, other_methods
from adapters.http.routes import (
    admin_accounts,
    admin_groups,
    admin_markets,
    admin_preview,
    admin_watching,
    batches,
    communications,
    elsewhere,
    event_orders,
    events,
    exchange,
    keys,
    many_candles,
    markets,
    order_groups,
    orders,
    past,
    portfolio,
    service,
    sessions,
    standings,
    webhooks,
    what_if,
    why,
)
from adapters.http.routes.reference import reference_routes
from adapters.http.settings import USUAL, HttpSettings
from adapters.notices.destinations import Destinations
from adapters.telemetry.watch import Watch
from application.exchange import Exchange
from application.limiting.limits import Limits
from application.ports.clock import Clock
from application.ports.used_signatures import UsedSignatures
from application.watching.traffic import Traffic
from projections.reading.queries import ReadModels
from projections.running.progress import RunnerStats

# The busiest routes come first: they are tried in this order. A name in the path matches anything, so
# fixed paths stand before it.
_TABLE: tuple[Operation, ...] = (
    many_candles.BATCH,
    *markets.ROUTES,
    *batches.ROUTES,
    *event_orders.ROUTES,
    *orders.ROUTES,
    *portfolio.ROUTES,
    *order_groups.ROUTES,
    *communications.ROUTES,
    *elsewhere.ROUTES,
    *markets.SERIES_ROUTES,
    *events.ROUTES,
    *many_candles.ROUTES,
    *exchange.ROUTES,
    *keys.ROUTES,
    *webhooks.ROUTES,
    *sessions.ROUTES,
    *past.ROUTES,
    *standings.ROUTES,
    *why.ROUTES,
    *what_if.ROUTES,
    *admin_markets.ROUTES,
    *admin_preview.ROUTES,
    *admin_groups.ROUTES,
    *admin_accounts.ROUTES,
    *admin_watching.ROUTES,
    *service.ROUTES,
)

OPERATIONS: tuple[Operation, ...] = (*_TABLE, *reference_routes(_TABLE))
"""Every route there is."""


def make_port(
    exchange: Exchange,
    reads: ReadModels,
    *,
    clock: Clock,
    event_schemas: EventSchemas,
    traffic: Traffic,
    watch: Watch,
    projector: RunnerStats,
    cached: CachedAnswers,
    used: UsedSignatures,
    identity: Identity,
    destinations: Destinations,
    webhook_key: str,
    visitors: Visitors,
    scrapers: Scrapers,
    settings: HttpSettings = USUAL,
    limits: Limits | None = None,
    screen: Screen | None = None,
    latest: LatestWrites | None = None,
    ahead_us: Callable[[], int] = lambda: 0,
) -> HttpPort:
    """Return what routes work with.

    ``latest`` is where accounts' writes are noted; ``ahead_us`` how far the exchange's time is ahead of
    ``clock``.
    """
    ring = KeyRing(exchange.keys.in_force)
    return HttpPort(
        exchange=exchange,
        reads=reads,
        past=exchange.past,
        clock=clock,
        event_schemas=event_schemas,
        watch=watch,
        projector=projector,
        authenticator=Authenticator(ring, used, clock, settings, ahead_us),
        cached=cached,
        identity=identity,
        destinations=destinations,
        webhook_key=webhook_key,
        visitors=visitors,
        scrapers=scrapers,
        traffic=traffic,
        settings=settings,
        limits=limits,
        screen=screen,
        route_names=ROUTE_NAMES,
        own_writes=OwnWrites(latest or LatestWritesHere()),
    )


ROUTE_NAMES = names_of(OPERATIONS)


def create_app(port: HttpPort, *, feed: Feed, more_routes: Sequence[BaseRoute] = ()) -> Starlette:
    """Return the ASGI application, with the live feed.

    ``more_routes`` are those of other ports at the same address.
    """
    endpoints = [Endpoint(operation, port) for operation in OPERATIONS]
    return routed(port, endpoints, feed=feed, more_routes=more_routes)


def service_app(port: HttpPort) -> Starlette:
    """Return an application that says how a process is, and takes no commands."""
    routes = [
        Route(operation.path, Endpoint(operation, port), methods=[operation.method])
        for operation in service.ROUTES
    ]
    return Starlette(
        routes=[*other_methods(service.ROUTES), *routes], exception_handlers={HTTPException: _refuse}
    )


def routed(
    port: ReadPort, endpoints: Sequence[ASGIApp], *, feed: Feed, more_routes: Sequence[BaseRoute] = ()
) -> Starlette:
    """Return the ASGI application with what each of :data:`OPERATIONS` leads to, and the live feed."""
    sockets = [
        WebSocketRoute(FEED_PATH, FeedSocket(port, feed)),
        Route(STREAM_PATH, FeedStream(port, feed), methods=["GET"]),
    ]
    routes = [
        Route(operation.path, endpoint, methods=[operation.method])
        for operation, endpoint in zip(OPERATIONS, endpoints, strict=True)
    ]
    app = _Application(
        routes=[*other_methods(OPERATIONS), *routes, *sockets, *more_routes], middleware=_middleware(port)
    )
    # A redirect would be built from the Host header.
    app.router.redirect_slashes = False
    return app


class _Application(Starlette):
    """Starlette without its own two layers: the gate answers what they would."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return what a request passes."""
        app: ASGIApp = self.router
        for layer, args, named in reversed(self.user_middleware):
            app = layer(app, *args, **named)
        return app


def _middleware(port: ReadPort) -> list[Middleware]:
    """Return what every request passes, the outermost first.

    Pages of other origins are let in where they were allowed by name, exactly those. They can read why they
    were refused, too.
    """
    screen, origins = port.screen, port.settings.origins
    gate = Middleware(
        Gate,
        traffic=port.traffic,
        limits=port.limits,
        screening=screen.screening(port.authenticator, port.exchange.health) if screen else None,
        endless=frozenset({STREAM_PATH}),
        unrouted=_unrouted,
        refusing=CORSMiddleware(refuse, **_cors(origins)) if origins else refuse,
    )
    return [gate, Middleware(CORSMiddleware, **_cors(origins))] if origins else [gate]


def _cors(origins: frozenset[str]) -> dict[str, Any]:
    return {
        "allow_origins": sorted(origins),
        "allow_methods": ["GET", "POST", "PUT", "DELETE"],
        "allow_headers": ["content-type", MIN_POSITION_HEADER.decode(), WRITES_HEADER.decode()],
        "allow_credentials": True,
        "expose_headers": [POSITION_HEADER.decode(), "retry-after", "ratelimit", "ratelimit-policy"],
    }


def _unrouted(scope: Scope, fault: HTTPException) -> Problem:
    """Return what is told of a request that no route takes."""
    if fault.status_code == Code.METHOD_NOT_ALLOWED.status:
        return not_for(scope["method"], _methods_at(scope))
    return Problem(Code.NOT_FOUND, "there is nothing at this path")


async def _refuse(request: Request, fault: Exception) -> Response:
    """Answer a request that no route takes, in the shape all errors have."""
    assert isinstance(fault, HTTPException)
    return problem_response(_unrouted(request.scope, fault))


def _methods_at(scope: Scope) -> list[str]:
    methods: set[str] = set()
    for route in scope["app"].routes:
        if route.name != REFUSED and route.matches(scope)[0] is not Match.NONE:
            methods |= route.methods
    return sorted(methods)
