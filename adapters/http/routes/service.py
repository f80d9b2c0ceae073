"""The process itself, and what describes it: health, the events' schemas, the reference."""

from typing import Any

from adapters.http.answers.exchange import ConditionAnswer, HealthAnswer, ReadinessAnswer
from adapters.http.operations import Access, Call, NoQuery, Operation, ReadCall, Reading, Reply
from application.health import Health

Plain = Call[NoQuery, None]

READYZ = "/readyz"
METRICS_PATH = "/metrics"
UNREADY = 503
_WELL = ("ready", "degraded")
MESSAGE_MAX = 500
CONDITIONS_MAX = 100
METRICS = "text/plain; version=0.0.4; charset=utf-8"


async def healthz(call: ReadCall[NoQuery, None]) -> Reply:
    """Say that the process answers, and which one it is."""
    identity = call.port.identity
    return Reply(content=HealthAnswer(status="ok", exchange=identity.exchange, folder=identity.folder))


async def readyz(call: Plain) -> Reply:
    """Say whether the exchange takes commands and shows what came of them, and all that is wrong."""
    return readiness(call.port.exchange.health, ready=call.port.exchange.ready)


def readiness(health: Health, *, ready: bool) -> Reply:
    """Return what ``/readyz`` tells of an exchange that takes commands or does not."""
    content = standing_of(health, ready=ready)
    return Reply(content=content, status=None if content["status"] in _WELL else UNREADY)


def standing_of(health: Health, *, ready: bool) -> ReadinessAnswer:
    """Return how an exchange is that takes commands or does not, and all that is wrong."""
    conditions = [
        ConditionAnswer(
            part=each.part,
            code=each.code.value,
            stops=each.code.stops.value,
            message=each.message[:MESSAGE_MAX],
        )
        for each in health.conditions[:CONDITIONS_MAX]
    ]
    well = "degraded" if conditions else "ready"
    status = "starting" if not ready else "unavailable" if health.stopped else well
    return ReadinessAnswer(status=status, conditions=conditions)


async def metrics(call: Plain) -> Reply:
    """Return what monitoring looks at."""
    return Reply(content=call.port.watch.metrics())


async def event_schemas(call: ReadCall[NoQuery, None]) -> Reply:
    """Return the JSON Schema of every event in every version."""
    return Reply(content=call.port.event_schemas())


ROUTES = (
    Reading(
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
        path=READYZ,
        access=Access.PUBLIC,
        handler=readyz,
        summary="Whether requests may be sent here, and what is wrong",
        answer=ReadinessAnswer,
        also=(UNREADY,),
        needs_exchange=False,
    ),
    Operation(
        method="GET",
        path=METRICS_PATH,
        access=Access.ADMIN,
        scrapers=True,
        handler=metrics,
        summary="What monitoring looks at, in the text format of Prometheus",
        answer=str,
        needs_exchange=False,
        media_type=METRICS,
    ),
    Reading(
        method="GET",
        path="/schemas/events",
        access=Access.PUBLIC,
        handler=event_schemas,
        summary="The JSON Schema of every event in every version",
        answer=dict[str, Any],
        needs_exchange=False,
    ),
)
