"""How far an engine is behind the log with what follows from events: bookings, payouts, notices."""

from dataclasses import dataclass

from application.ports.codec import EventCodec
from application.ports.event_store import LogReader, Position
from application.streams import EXCHANGE_EVENTS

COUNTED_MAX = 10_000
"""How many events are counted: who is further behind is behind by at least so many."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How many events are still to be seen to, and for how long the oldest of them has been in the log."""

    events: int
    seconds: float


async def lag(log: LogReader, codec: EventCodec, reached: Position, now_us: int) -> Lag:
    """Return how far somebody is behind who has come to a position."""
    events, oldest_us = 0, now_us
    async for page in log.read_all(after=reached, limit=COUNTED_MAX, matching=EXCHANGE_EVENTS):
        if page.events and not events:
            oldest_us = codec.decode(page.events[0]).cause.at_us
        events += len(page.events)
    return Lag(events, max(0, now_us - oldest_us) / 1e6)
