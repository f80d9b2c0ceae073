"""Another log as it stood at a moment, under other names and with its times moved."""

from collections.abc import AsyncIterator

from msgspec.structs import replace

from application.ports.codec import EventCodec
from application.ports.event_store import START, Filter, LogReader, Page, Position, RecordedEvent
from application.sandbox.disguise import LEFT_OUT, Disguise
from application.streams import EXCHANGE_EVENTS


class DisguisedLog:
    """Reads a log up to the first event that was decided after a moment: a state that the exchange was in."""

    def __init__(self, log: LogReader, codec: EventCodec, disguise: Disguise, *, until_us: int) -> None:
        self._log = log
        self._codec = codec
        self._disguise = disguise
        self._until_us = until_us

    async def read_all(
        self,
        *,
        after: Position = START,
        backwards: bool = False,
        limit: int | None = None,
        matching: Filter = EXCHANGE_EVENTS,
    ) -> AsyncIterator[Page]:
        """Yield the pages of the log, disguised, from its beginning on."""
        whole = after == START and not backwards and limit is None
        assert whole, "it is read whole, as copying does"
        async for page in self._log.read_all(matching=matching):
            events: list[RecordedEvent] = []
            for stored in page.events:
                recorded = self._codec.decode(stored)
                if recorded.cause.at_us > self._until_us:
                    yield Page(events=events, position=page.position)
                    return
                if not stored.stream.startswith(LEFT_OUT):
                    events.append(self._disguised(stored))
            yield Page(events=events, position=page.position)

    async def head(self) -> Position:
        """Return where the log ends."""
        return await self._log.head()

    def _disguised(self, stored: RecordedEvent) -> RecordedEvent:
        recorded, hidden = self._codec.decode(stored), self._disguise
        new = self._codec.encode(
            hidden.message(recorded.event), hidden.id(stored.id), hidden.cause(recorded.cause)
        )
        return replace(stored, id=new.id, type=new.type, data=new.data, metadata=new.metadata)


async def last_moment(log: LogReader, codec: EventCodec) -> int | None:
    """Return when the last event of a log was decided, ``None`` if it holds none."""
    async for page in log.read_all(backwards=True, limit=1, matching=EXCHANGE_EVENTS):
        for stored in page.events:
            return codec.decode(stored).cause.at_us
    return None
