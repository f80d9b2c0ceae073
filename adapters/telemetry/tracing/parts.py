"""What stands in front of parts of the exchange while it is traced; without traces none of it is there."""

from collections.abc import Sequence
from time import time_ns
from uuid import UUID

from opentelemetry import trace

from adapters.telemetry.tracing.spans import Tracing
from adapters.telemetry.tracing.untraced import Sending
from application.events import DomainEvent, Recorded
from application.ports.clock import Ids
from application.ports.event_store import Appended, EventStore, NewEvent
from projections.live.market_board import LiveMarket, Onlooker


class TracedIds:
    """Ids: whatever is called by one belongs to the span in which it was made."""

    def __init__(self, ids: Ids, tracing: Tracing) -> None:
        self._ids = ids
        self._tracing = tracing

    def new(self) -> UUID:
        """Return an id that was never given before."""
        made = self._ids.new()
        self._tracing.remember(made, trace.get_current_span().get_span_context())
        return made


class TracedStore:
    """An event store whose appends are spans."""

    def __init__(self, store: EventStore, tracing: Tracing) -> None:
        self._store = store
        self._tracing = tracing
        self.read_stream = store.read_stream
        self.read_all = store.read_all
        self.subscribe = store.subscribe
        self.head = store.head
        self.close = store.close

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        """Append, in a span of the commands that the events belong to."""
        told: dict[str, str | int] = {"presage.stream": stream, "presage.events": len(events)}
        with self._tracing.batch("append", (event.id for event in events), told):
            return await self._store.append(stream, events, expected=expected)


class TracedOnlooker:
    """The feed: telling listeners of an event is a span, if there is anybody to be told."""

    def __init__(self, feed: Onlooker, tracing: Tracing) -> None:
        self._feed = feed
        self._tracing = tracing

    @property
    def messages(self) -> int:
        """How much it has told."""
        return self._feed.messages

    def happened(self, recorded: Recorded[DomainEvent], market: LiveMarket | None) -> None:
        """Tell of an event."""
        began_ns, before = time_ns(), self._feed.messages
        self._feed.happened(recorded, market)
        if self._feed.messages > before:
            told: dict[str, str | int] = {"presage.stream": recorded.stream}
            with self._tracing.batch("feed", [recorded.cause.correlation_id], told, began_ns=began_ns):
                pass

    def lost(self, ticker: str) -> None:
        """Take note that a market is not followed any more."""
        self._feed.lost(ticker)


class TracedSender:
    """A sender whose notices are spans."""

    def __init__(self, sender: Sending, tracing: Tracing) -> None:
        self._sender = sender
        self._tracing = tracing

    async def send(self, url: str, notice_id: str, body: bytes) -> str | None:
        """Send a notice, in a span of the order it tells of."""
        with self._tracing.batch("webhook", [UUID(notice_id)]):
            return await self._sender.send(url, notice_id, body)
