"""What operators see: alerts, how the service levels stand, and both with all that is wrong."""

from adapters.http.answers.overview import OverviewAnswer, overview_answer
from adapters.http.answers.watching import (
    AlertsAnswer,
    ServiceLevelsAnswer,
    alerts_answer,
    service_levels_answer,
)
from adapters.http.operations import Access, Call, NoQuery, Operation, Reply
from adapters.http.port import HttpPort
from adapters.http.routes.service import standing_of

Plain = Call[NoQuery, None]


async def alerts(call: Plain) -> Reply:
    """Return all alerts."""
    return Reply(content=alerts_answer(call.port.watch.alerts))


async def overview(call: Plain) -> Reply:
    """Return how the exchange is as a whole."""
    return Reply(content=overview_of(call.port))


async def overview_here(port: HttpPort) -> OverviewAnswer:
    """Return how the exchange is, for the live feed of its own process."""
    return overview_of(port)


def overview_of(port: HttpPort) -> OverviewAnswer:
    """Return how the exchange behind a port is."""
    exchange = port.exchange
    return overview_answer(port.watch, standing_of(exchange.health, ready=exchange.ready))


async def service_levels(call: Plain) -> Reply:
    """Return how all objectives stand."""
    return Reply(content=service_levels_answer(call.port.watch.levels))


ROUTES = (
    Operation(
        method="GET",
        path="/admin/v1/overview",
        access=Access.ADMIN,
        handler=overview,
        summary="What is wrong or unusual, how promises stand, and what waits, in one answer",
        answer=OverviewAnswer,
        needs_exchange=False,
    ),
    Operation(
        method="GET",
        path="/admin/v1/alerts",
        access=Access.ADMIN,
        handler=alerts,
        summary="Unusual order flow, market manipulation and promises in danger, now and of late",
        answer=AlertsAnswer,
        needs_exchange=False,
    ),
    Operation(
        method="GET",
        path="/admin/v1/service_levels",
        access=Access.ADMIN,
        handler=service_levels,
        summary="The objectives, their error budgets and how fast these burn",
        answer=ServiceLevelsAnswer,
        needs_exchange=False,
    ),
)
