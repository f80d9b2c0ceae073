"""What is put in front of the parts of an exchange whose orders are followed."""

from opentelemetry.sdk.trace import TracerProvider
from starlette.applications import Starlette
from starlette.types import ASGIApp

from adapters.telemetry.tracing.codec import TracedCodec
from adapters.telemetry.tracing.parts import TracedIds, TracedOnlooker, TracedSender, TracedStore
from adapters.telemetry.tracing.requests import Traced
from adapters.telemetry.tracing.spans import Tracing
from adapters.telemetry.tracing.untraced import Sending, Untraced
from application.ports.clock import Ids
from application.ports.codec import EventCodec
from application.ports.event_store import EventStore
from projections.live.market_board import MarketBoard


class Instruments(Untraced):
    """Puts spans around what parts do."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self.spans = self._tracing = Tracing(provider)

    def flush(self) -> None:
        """Send what was noted so far."""
        self._provider.force_flush()

    def codec(self, codec: EventCodec) -> EventCodec:
        """Return a codec whose events say to which trace they belong."""
        return TracedCodec(codec, self._tracing)

    def store(self, store: EventStore) -> EventStore:
        """Return a store whose appends are spans."""
        return TracedStore(store, self._tracing)

    def ids(self, ids: Ids) -> Ids:
        """Return ids that belong to the span in which they were made."""
        return TracedIds(ids, self._tracing)

    def sender(self, sender: Sending) -> Sending:
        """Return a sender whose notices are spans."""
        return TracedSender(sender, self._tracing)

    def headers(self) -> dict[str, str]:
        """Return the headers that tell others of the present span."""
        return self._tracing.headers()

    def feed(self, board: MarketBoard) -> None:
        """Make a span of each event that listeners are told of."""
        if board.onlooker is not None:
            board.onlooker = TracedOnlooker(board.onlooker, self._tracing)

    def requests(self, app: Starlette) -> Starlette:
        """Return an application whose requests are spans."""
        app.add_middleware(Traced, tracing=self._tracing)
        return app

    def endpoint(self, endpoint: ASGIApp, path: str) -> ASGIApp:
        """Return what requests for a route lead to, each in a span."""
        return Traced(endpoint, self._tracing, named=path)
