"""Looks for market manipulation in what is in the log already."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from application.ports.codec import EventCodec
from application.ports.event_store import Filter, LogReader, RecordedEvent, StreamReader
from application.streams import market_stream
from application.surveillance.finding import Finding
from application.surveillance.surveillance import WATCHED, Surveillance
from domain.identifiers import Ticker

_LATE_US = 60_000_000
"""How much later than decided an event may stand in the log, and how far clocks of instances may differ."""


class _Log(LogReader, StreamReader, Protocol): ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when, both included, in microseconds since the Unix epoch; ``None`` has no end."""

    first_us: int | None = None
    last_us: int | None = None


async def surveil(
    log: _Log, codec: EventCodec, surveillance: Surveillance, span: Span, market: Ticker | None = None
) -> AsyncIterator[Finding]:
    """Yield what is found within a span, in the whole exchange or in one market.

    What came before it is looked at as far back as a finding can depend on, so that the findings of a span
    are those of the whole log that lie in it.
    """
    begin_us = 0 if span.first_us is None else span.first_us - surveillance.rules.looks_back_us
    async for stored in _stored(log, codec, market):
        if stored.recorded_at_us < begin_us - _LATE_US:
            continue  # it was decided before, so it need not even be read
        recorded = codec.decode(stored)
        at_us = recorded.cause.at_us
        if span.last_us is not None and at_us > span.last_us:
            if at_us > span.last_us + _LATE_US:
                return
            continue
        if at_us < begin_us:
            continue
        for finding in surveillance.take(recorded):
            if span.first_us is None or finding.at_us >= span.first_us:
                yield finding


async def _stored(log: _Log, codec: EventCodec, market: Ticker | None) -> AsyncIterator[RecordedEvent]:
    wanted = tuple(map(codec.stored_type, WATCHED))
    if market is None:
        async for page in log.read_all(matching=Filter(types=wanted)):
            for stored in page.events:
                yield stored
        return
    async for events in log.read_stream(market_stream(market)):
        for stored in events:
            if stored.type in wanted:
                yield stored
