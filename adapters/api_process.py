"""Opens an API of several: HTTP with read models, a feed, and lines to all engines of the cluster."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette

from adapters.caches.opening import open_used_signatures
from adapters.data_folder import DataFolder, Identity
from adapters.engine_lines.engines import Engines
from adapters.engine_lines.opening import open_lines
from adapters.http.callers.own_writes import LatestWritesHere
from adapters.http.callers.scrapers import Scrapers
from adapters.http.feed.feed import Feed
from adapters.http.forwarding import forwarding_app
from adapters.http.own_service import own_service
from adapters.http.serving.http_processes import processor_time
from adapters.http_process import EngineAfar, EngineOverview, open_base, open_front
from adapters.limits.opening import open_limits
from adapters.sessions.opening import open_sessions
from adapters.settings import Settings
from adapters.telemetry.exposition import Exposition
from adapters.web.serving import page_routes
from application.health import Health
from application.ports.measures import Measure, Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiProcess:
    """An API while it is open. What is added to ``parts`` is measured."""

    app: Starlette
    health: Health
    engines: Engines
    feed: Feed
    identity: Identity
    folder: DataFolder
    parts: list[Measured]


class _Settled:
    """Counts what was done through this API that may have made a key or ended one."""

    def __init__(self) -> None:
        self.times = 0

    def once_more(self) -> None:
        """Count one."""
        self.times += 1


class _Processor:
    """The processor time that an API takes."""

    def measures(self) -> Iterator[Measure]:
        """Yield it."""
        yield processor_time("http")


@asynccontextmanager
async def open_api(settings: Settings) -> AsyncIterator[ApiProcess]:
    """Open an API. Raises :class:`StoreUnavailable` where no engine has founded the exchange yet."""
    folder = DataFolder(settings.data)
    folder.prepare(log_here=False)
    async with AsyncExitStack() as stack:
        settled = _Settled()
        base = await open_base(stack, settings, part="api", key_changes=lambda: settled.times)
        engines = await stack.enter_async_context(open_lines(settings, base.log, base.codec, base.health))
        sessions, _ = await stack.enter_async_context(
            open_sessions(settings.redis_url, exchange=base.founded)
        )
        front = await open_front(
            stack,
            base,
            exchange=EngineAfar(engines, base.health),
            used=await stack.enter_async_context(
                open_used_signatures(settings.redis_url, exchange=base.founded, health=base.health)
            ),
            limits=await stack.enter_async_context(
                open_limits(
                    settings.rate_limits, settings.redis_url, exchange=base.founded, health=base.health
                )
            ),
            sessions=sessions,
            latest=LatestWritesHere(),
            look=EngineOverview(engines, base.health).look,
        )
        parts: list[Measured] = [base.traffic, *front.parts, _Processor()]
        own = own_service(
            front.port,
            engines,
            Scrapers(settings.metrics_token or folder.metrics_token()),
            Exposition(parts).text,
        )
        front.warmer.start()
        yield ApiProcess(
            app=base.tracing.requests(
                forwarding_app(
                    front.port,
                    engines,
                    feed=front.feed,
                    more_routes=page_routes(),
                    own=own,
                    settled=settled.once_more,
                )
            ),
            health=base.health,
            engines=engines,
            feed=front.feed,
            identity=front.port.identity,
            folder=folder,
            parts=parts,
        )
