"""What operators see: alerts, and how the service levels stand."""

from adapters.http.answers.watching import (
    AlertsAnswer,
    ServiceLevelsAnswer,
    alerts_answer,
    service_levels_answer,
)
from adapters.http.operations import Access, Call, NoQuery, Operation, Reply

Plain = Call[NoQuery, None]


async def alerts(call: Plain) -> Reply:
    """Return all alerts."""
    return Reply(content=alerts_answer(call.port.watch.alerts))


async def service_levels(call: Plain) -> Reply:
    """Return how all objectives stand."""
    return Reply(content=service_levels_answer(call.port.watch.levels))


ROUTES = (
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
