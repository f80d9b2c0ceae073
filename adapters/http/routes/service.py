"""The process itself, and what describes it: health, the events' schemas, the reference."""

from typing import Any

from adapters.http.answers.exchange import HealthAnswer
from adapters.http.operations import Access, Call, NoQuery, Operation, Reply

Plain = Call[NoQuery, None]

UNREADY = 503
METRICS = "text/plain; version=0.0.4; charset=utf-8"


async def healthz(_: Plain) -> Reply:
    """Say that the process answers."""
    return Reply(content=HealthAnswer(status="ok"))


async def readyz(call: Plain) -> Reply:
    """Say whether the exchange takes commands."""
    if not call.port.exchange.ready:
        return Reply(content=HealthAnswer(status="starting"), status=UNREADY)
    return Reply(content=HealthAnswer(status="ready"))


async def metrics(call: Plain) -> Reply:
    """Return what monitoring looks at."""
    return Reply(content=call.port.metrics())


async def event_schemas(call: Plain) -> Reply:
    """Return the JSON Schema of every event in every version."""
    return Reply(content=call.port.event_schemas())


ROUTES = (
    Operation(
        method="GET",
        path="/healthz",
        access=Access.PUBLIC,
        handler=healthz,
        summary="Whether the process answers",
        answer=HealthAnswer,
        needs_exchange=False,
    ),
    Operation(
        method="GET",
        path="/readyz",
        access=Access.PUBLIC,
        handler=readyz,
        summary="Whether the exchange takes commands",
        answer=HealthAnswer,
        needs_exchange=False,
    ),
    Operation(
        method="GET",
        path="/metrics",
        access=Access.PUBLIC,
        handler=metrics,
        summary="What monitoring looks at, in the text format of Prometheus",
        answer=str,
        needs_exchange=False,
        media_type=METRICS,
    ),
    Operation(
        method="GET",
        path="/schemas/events",
        access=Access.PUBLIC,
        handler=event_schemas,
        summary="The JSON Schema of every event in every version",
        answer=dict[str, Any],
        needs_exchange=False,
    ),
)
