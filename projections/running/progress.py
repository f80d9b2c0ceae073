"""How far the read models have come: for readers who wait, and for those who watch."""

import asyncio
import heapq
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from application.events import DomainEvent, Recorded
from application.ports.event_store import START, Position
from application.watching.histogram import Histogram

_US_PER_S = 1_000_000

RATE_HOLDS_S = 5.0
"""How long a rate is believed that no event has come after."""

RATED_OVER_S = 1.0
"""The shortest time a rate is taken over."""

BEHIND_S = (0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0)
"""The bounds between which it is counted how late events became visible."""


UNSEEN_MOST = 100_000
"""So many events may wait to be seen; of more, the oldest count as late as they are by then."""


class Progress:
    """The position up to which everything is visible, and the readers waiting for a later one."""

    def __init__(self) -> None:
        self._position = START
        self._at_us = 0
        self._waiting: list[tuple[Position, int, asyncio.Future[None]]] = []
        self._gone = 0
        self._turn = count()

    @property
    def position(self) -> Position:
        """The position up to which every event is visible in every read model."""
        return self._position

    @property
    def at_us(self) -> int:
        """When the last visible event was decided; zero before the first."""
        return self._at_us

    def reach(self, position: Position, at_us: int) -> None:
        """Make known that everything up to a position is visible, and wake those who wait for it."""
        self._position = position
        self._at_us = max(self._at_us, at_us)
        while self._waiting and self._waiting[0][0] <= position:
            waiter = heapq.heappop(self._waiting)[2]
            if waiter.done():
                self._gone -= 1
            else:
                waiter.set_result(None)

    async def await_position(self, position: Position, timeout_s: float) -> bool:
        """Wait until everything up to ``position`` is visible; return whether it is within the time."""
        if position <= self._position:
            return True
        waiter = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (position, next(self._turn), waiter))
        try:
            async with asyncio.timeout(timeout_s):
                await waiter
        except TimeoutError:
            return position <= self._position
        finally:
            self._leave(waiter)
        return True

    def _leave(self, waiter: "asyncio.Future[None]") -> None:
        """Forget those who went away before their position came, once they are more than the others."""
        if waiter.cancelled():
            self._gone += 1
        if 2 * self._gone > len(self._waiting):
            self._waiting = [waiting for waiting in self._waiting if not waiting[2].done()]
            heapq.heapify(self._waiting)
            self._gone = 0


@dataclass(slots=True, kw_only=True)
class RunnerStats:
    """What a projector has done since it, or whoever watches it, started.

    ``rate`` is in events a second, and was measured at ``rated_s`` of the monotonic clock, when there were
    ``rated_events``.
    ``unavailable`` says why the database does not take writes, ``failed`` what has stopped the projector.
    ``behind_s`` counts events by how long after their decision readers could see them.
    ``halted`` holds for each projection that stands still the error that stopped it, ``parked`` how many
    events each left out.
    """

    position: Position = START
    events: int = 0
    batches: int = 0
    rate: float = 0.0
    rated_s: float = 0.0
    rated_events: int = 0
    caught_up: bool = False
    last_event_at_us: int = 0
    unavailable: str = ""
    failed: str = ""
    halted: dict[str, str] = field(default_factory=dict)
    parked: dict[str, int] = field(default_factory=dict)
    behind_s: Histogram = field(default_factory=lambda: Histogram(BEHIND_S))
    _unseen: deque[tuple[Position, int]] = field(default_factory=deque)
    _noted: Position = START

    def decided(self, events: Iterable[Recorded[DomainEvent]], *, since_us: int) -> None:
        """Note when events were decided, each once; what was before ``since_us`` could not be shown in time.

        They are counted by :meth:`showed` once readers can see them.
        """
        for recorded in events:
            if recorded.position > self._noted:
                self._noted = recorded.position
                if recorded.cause.at_us >= since_us:
                    self._unseen.append((recorded.position, recorded.cause.at_us))

    def showed(self, position: Position, now_us: int) -> None:
        """Count how late those events are that readers can see now: all up to a position."""
        unseen, took = self._unseen, Counter[int]()
        while unseen and (unseen[0][0] <= position or len(unseen) > UNSEEN_MOST):
            took[unseen.popleft()[1]] += 1
        for decided_us, events in took.items():
            self.behind_s.observe(max(0, now_us - decided_us) / _US_PER_S, events)

    def left_out(self, projections: Iterable[str]) -> None:
        """Count an event for each of the projections that left it out."""
        for name in projections:
            self.parked[name] = self.parked.get(name, 0) + 1

    def took(self, events: int, monotonic_s: float) -> None:
        """Count a transaction with so many events."""
        self.events += events
        self.batches += bool(events)
        if self.rated_s and monotonic_s - self.rated_s < RATED_OVER_S:
            return
        if self.rated_s:
            self.rate = (self.events - self.rated_events) / (monotonic_s - self.rated_s)
        self.rated_s, self.rated_events = monotonic_s, self.events

    def recent_rate(self, monotonic_s: float) -> float:
        """Return how many events a second were taken in of late, zero if there were none."""
        return self.rate if monotonic_s - self.rated_s < RATE_HOLDS_S else 0.0

    def lag_us(self, now_us: int) -> int:
        """Return how old the last visible event is, zero while nothing newer is known of.

        While something stands still nobody knows that, so it counts as if there were something newer.
        """
        stands_still = self.unavailable or self.failed or self.halted
        known = self.last_event_at_us and (stands_still or not self.caught_up)
        return max(0, now_us - self.last_event_at_us) if known else 0
