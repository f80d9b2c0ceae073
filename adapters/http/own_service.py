"""What an API of several says of itself: whether it is well, and its own figures."""

from collections.abc import Callable, Mapping

from starlette.types import Receive, Scope

from adapters.engine_lines.line import ToEngine
from adapters.http.callers.authentication import Caller
from adapters.http.callers.scrapers import Scrapers
from adapters.http.endpoint import Asked, ReadEndpoint, Routed
from adapters.http.operations import Operation, Reply
from adapters.http.port import ReadPort
from adapters.http.routes.service import METRICS_PATH, READYZ, readiness
from application.health import Trouble

PART = "engines"


class OwnReadiness(ReadEndpoint):
    """Says whether requests may be sent to this API: it needs some engine."""

    def __init__(self, operation: Operation, port: ReadPort, engines: ToEngine) -> None:
        super().__init__(operation, port)
        self._engines = engines

    async def _carry_out(self, asked: Asked) -> Reply:  # noqa: ARG002  # nothing is asked but how it is
        health = self._port.exchange.health
        if self._engines.open:
            health.clear(PART, Trouble.ENGINE_AWAY)
        else:
            health.report(PART, Trouble.ENGINE_AWAY, "none of the engines answers; what they own waits")
        return readiness(health, ready=self._engines.opened.is_set())


class OwnMetrics(ReadEndpoint):
    """Tells this API's figures to monitoring."""

    def __init__(
        self, operation: Operation, port: ReadPort, scrapers: Scrapers, text: Callable[[], bytes]
    ) -> None:
        super().__init__(operation, port)
        self._scrapers = scrapers
        self._text = text

    async def _identify(
        self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive
    ) -> tuple[Caller | None, bytes]:
        if self._scrapers.admits(headers):
            return None, b""
        return await super()._identify(scope, headers, receive)

    async def _carry_out(self, asked: Asked) -> Reply:  # noqa: ARG002
        return Reply(content=self._text())


def own_service(
    port: ReadPort, engines: ToEngine, scrapers: Scrapers, text: Callable[[], bytes]
) -> Mapping[str, Callable[[Operation], Routed]]:
    """Return what an API answers by itself though it is asked of the exchange elsewhere, by path."""
    return {
        READYZ: lambda operation: OwnReadiness(operation, port, engines),
        METRICS_PATH: lambda operation: OwnMetrics(operation, port, scrapers, text),
    }
