"""What is put in front of the parts of an exchange so that its orders can be followed: usually nothing."""

from typing import Protocol

from starlette.applications import Starlette
from starlette.types import ASGIApp

from application.ports.clock import Ids
from application.ports.codec import EventCodec
from application.ports.event_store import EventStore
from application.ports.tracing import NO_SPANS, Spans
from projections.live.market_board import MarketBoard


class Sending(Protocol):
    """Sends notices to webhooks."""

    async def send(self, url: str, notice_id: str, body: bytes) -> str | None:
        """Return ``None`` once the notice was taken, and else in a sentence why not."""
        ...


class Untraced:
    """Leaves every part as it is."""

    spans: Spans = NO_SPANS

    def codec(self, codec: EventCodec) -> EventCodec:
        """Return a codec whose events say to which trace they belong."""
        return codec

    def store(self, store: EventStore) -> EventStore:
        """Return a store whose appends are traced."""
        return store

    def ids(self, ids: Ids) -> Ids:
        """Return ids that belong to the trace in which they were made."""
        return ids

    def sender(self, sender: Sending) -> Sending:
        """Return a sender whose notices are traced."""
        return sender

    def headers(self) -> dict[str, str]:
        """Return the headers that tell others of the present trace."""
        return {}

    def feed(self, board: MarketBoard) -> None:
        """Trace what is told to those who look on at a board."""

    def requests(self, app: Starlette) -> Starlette:
        """Return an application whose requests are traced."""
        return app

    def endpoint(self, endpoint: ASGIApp, path: str) -> ASGIApp:  # noqa: ARG002
        """Return what requests for a route lead to, traced."""
        return endpoint
