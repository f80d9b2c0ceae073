"""Sees to it that every trade is booked once in each of its two accounts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from application.events import DomainEvent, Recorded
from application.ports.clock import Clock
from application.ports.event_store import START
from application.ports.measures import Measure, counter, gauge
from domain.ledger.events import FillBooked
from domain.market.events import TradeExecuted

LEGS = 2
PATIENCE_US = 600_000_000
"""How long a trade may wait to be booked before it counts as lost: it waits for a store that is away."""

REMEMBERED = 10_000
"""How many trades that were counted are remembered, so that another booking is noticed."""


@dataclass(slots=True)
class _Waiting:
    """A trade that is not booked in both accounts yet."""

    since_us: int
    orders: set[str] = field(default_factory=set)
    twice: bool = False


class TradeAudit:
    """Counts trades that were booked exactly once, and those that were not.

    It follows the log beside the read models. Bookings of what was traded before it began are passed over.
    """

    def __init__(self, clock: Clock) -> None:
        self.good = 0
        self.bad = 0
        self._clock = clock
        self._seen = START
        self._waiting: dict[str, _Waiting] = {}
        self._counted: dict[str, None] = {}

    def take(self, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Take in events; those already taken in are passed over."""
        for recorded in events:
            event = recorded.event
            if isinstance(event, TradeExecuted | FillBooked) and recorded.position > self._seen:
                if isinstance(event, TradeExecuted):
                    self._traded(event, recorded.cause.at_us)
                else:
                    self._filled(event)
        if events:
            self._seen = max(self._seen, events[-1].position)
            self._give_up()

    def _traded(self, event: TradeExecuted, at_us: int) -> None:
        if event.trade_id in self._waiting or event.trade_id in self._counted:
            self.bad += 1
            return
        self._waiting[event.trade_id] = _Waiting(at_us)

    def _filled(self, event: FillBooked) -> None:
        trade = self._waiting.get(event.trade_id)
        if trade is None:
            self.bad += event.trade_id in self._counted
            return
        trade.twice |= event.order_id in trade.orders
        trade.orders.add(event.order_id)
        if len(trade.orders) == LEGS:
            self._count(event.trade_id, good=not trade.twice)

    def _give_up(self) -> None:
        overdue_us = self._clock.now_us() - PATIENCE_US
        while self._waiting:
            trade_id, trade = next(iter(self._waiting.items()))
            if trade.since_us > overdue_us:
                return
            self._count(trade_id, good=False)

    def _count(self, trade_id: str, *, good: bool) -> None:
        del self._waiting[trade_id]
        self.good += good
        self.bad += not good
        self._counted[trade_id] = None
        if len(self._counted) > REMEMBERED:
            del self._counted[next(iter(self._counted))]

    def measures(self) -> Iterator[Measure]:
        """Yield trades by how they were booked."""
        yield counter(
            "presage_trades_booked",
            "Trades by how they were booked in their two accounts.",
            {("once",): self.good, ("wrongly",): self.bad},
            "how",
        )
        yield gauge("presage_trades_unbooked", "Trades that are not booked in both yet.", len(self._waiting))
