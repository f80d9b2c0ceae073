"""Setting an exchange up, or finding out how it was set up."""

from contextlib import suppress
from uuid import UUID, uuid5

from application.events import Cause
from application.ports.clock import Clock
from application.ports.codec import EventCodec
from application.ports.event_store import (
    NO_STREAM,
    EventStore,
    StoreUnavailable,
    StreamReader,
    WrongExpectedRevision,
)
from application.streams import EXCHANGE
from domain.founding import ExchangeFounded

_FOUNDING = UUID("0d6a6d0e-3f0f-5c55-9c1e-7a5d0b8f2a10")


async def found(store: EventStore, codec: EventCodec, clock: Clock, *, partitions: int) -> ExchangeFounded:
    """Return how the exchange in ``store`` was set up, setting it up with ``partitions`` if it is new."""
    founded = await founding_of(store, codec)
    if founded is not None:
        return founded
    event = ExchangeFounded(partitions=partitions)
    cause = Cause(command_id=_FOUNDING, correlation_id=_FOUNDING, at_us=clock.now_us())
    with suppress(WrongExpectedRevision):
        await store.append(
            EXCHANGE, [codec.encode(event, uuid5(_FOUNDING, "founded"), cause)], expected=NO_STREAM
        )
    # Two may found it at once: the store acknowledges either, under one id, and keeps what came first.
    founded = await founding_of(store, codec)
    if founded is None:
        raise StoreUnavailable("the exchange is being set up, and the store does not show it yet; try again")
    return founded


async def founding_of(store: StreamReader, codec: EventCodec) -> ExchangeFounded | None:
    """Return how the exchange was set up, ``None`` for an empty log."""
    async for page in store.read_stream(EXCHANGE, limit=1):
        for stored in page:
            event = codec.decode(stored).event
            assert isinstance(event, ExchangeFounded)
            return event
    return None
