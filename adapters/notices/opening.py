"""Opens what tells traders of their orders: the log line, and webhooks that are sent until they are taken."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.notices.destinations import Destinations
from adapters.notices.outbox import SqliteOutbox
from adapters.notices.sender import HttpSender
from adapters.notices.signing import Signer
from adapters.notices.timer import SystemTimer
from adapters.notices.wording import worded
from adapters.settings import Settings
from adapters.telemetry.tracing.untraced import Untraced
from application.health import Health
from application.notices.deliveries import Deliveries
from application.notices.log_line import LogLine
from application.notices.telling import Telling
from application.notices.webhooks import Webhooks
from application.ports.clock import Clock
from application.ports.codec import EventCodec
from application.ports.event_store import EventStore


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenNotices:
    """What tells traders of their orders, where to, and the key by which they know that it was us."""

    telling: Telling
    deliveries: Deliveries
    destinations: Destinations
    public_key: str


@asynccontextmanager
async def open_notices(
    settings: Settings,
    webhooks: Webhooks,
    *,
    store: EventStore,
    codec: EventCodec,
    clock: Clock,
    key: Ed25519PrivateKey,
    tracing: Untraced,
    health: Health,
) -> AsyncIterator[OpenNotices]:
    """Open what tells of orders; start its ``telling`` once the exchange trades."""
    destinations = Destinations(own_machine=settings.for_this_machine, private=settings.webhooks_private)
    signer = Signer(key)
    outbox = SqliteOutbox(settings.notices_file)
    sender = HttpSender(destinations, signer, clock, tracing.headers)
    deliveries = Deliveries(webhooks, outbox, tracing.sender(sender), SystemTimer(clock), worded, health)
    try:
        yield OpenNotices(
            telling=Telling(store, codec, webhooks, outbox, [LogLine(), deliveries], health),
            deliveries=deliveries,
            destinations=destinations,
            public_key=signer.public_key,
        )
    finally:
        await sender.close()
        await outbox.close()
