"""Everything that watches a running exchange, wired together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from adapters.http.port import HttpPort
from adapters.telemetry.exposition import Exposition
from adapters.telemetry.read_models import ReadModelFigures
from application.health import Health, kept_running
from application.notices.deliveries import Deliveries
from application.ports.clock import Clock
from application.ports.measures import Measured
from application.watching.cache_counts import Caches
from application.watching.notices import Notices
from application.watching.process import Process


class Watch:
    """What is known of a running exchange, for those who watch it."""

    def __init__(self) -> None:
        self._parts: list[Measured] = []
        self._exposition = Exposition(self._parts)

    def metrics(self) -> bytes:
        """Return all figures in the text format of Prometheus."""
        return self._exposition.text()

    def add(self, *parts: Measured) -> None:
        """Watch some more parts."""
        self._parts += parts


@asynccontextmanager
async def watching(
    watch: Watch, port: HttpPort, deliveries: Deliveries, clock: Clock, health: Health
) -> AsyncIterator[None]:
    """Have the parts of an exchange watched while the block runs."""
    process = Process(port.exchange)
    watch.add(
        process,
        port.traffic,
        *port.exchange.measured,
        Caches({"answers": port.cached.counts, "books": port.books.counts}),
        ReadModelFigures(port.projector, clock),
        Notices(deliveries),
    )
    looking = asyncio.create_task(kept_running(process.run, health=health, part="watch on the event loop"))
    try:
        yield
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
