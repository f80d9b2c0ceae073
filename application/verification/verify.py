"""Reads a whole log again and checks every invariant."""

from collections.abc import Callable
from dataclasses import dataclass

from application.ports.codec import EventCodec, UnreadableEvent
from application.ports.event_store import Filter, LogReader
from application.streams import EXCHANGE_PREFIXES
from application.verification.folding import FoldedLog
from application.verification.overdue import PATIENCE_US
from domain.invariants import violations


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was read, what does not hold, and a hash over the states of all markets and ledgers."""

    events: int
    streams: int
    violations: list[str]
    state_hash: str


async def verify(
    store: LogReader,
    codec: EventCodec,
    progress: Callable[[int], None] | None = None,
    *,
    patience_us: int = PATIENCE_US,
) -> Report:
    """Fold every aggregate from the log and check what must always hold.

    What the markets decided and the ledgers had not booked when the log ends is booked in memory first,
    as the next start would. What else follows by itself is missed once the exchange was at work for
    ``patience_us`` without it. ``progress`` is told the number of events read.
    """
    folded = FoldedLog(patience_us=patience_us)
    wanted = Filter(stream_prefixes=EXCHANGE_PREFIXES)
    try:
        async for page in store.read_all(matching=wanted):
            for stored in page.events:
                folded.add(codec.decode(stored))
            if progress is not None:
                progress(folded.events)
    except UnreadableEvent as error:
        folded.violations.append(str(error))
    else:
        folded.finish()
        folded.violations.extend(violations(folded.markets, list(folded.ledgers.values()), folded.groups))
    return Report(
        events=folded.events,
        streams=folded.streams,
        violations=folded.violations,
        state_hash=folded.digest(),
    )
