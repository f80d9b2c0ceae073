"""When snapshots are taken, and which are kept."""

from collections.abc import Sequence
from math import ceil

EVENTS_MIN = 100
"""A snapshot is due after more events than this since the last one, however slowly they come."""

EVENTS_LEFT = 1_000
"""How many events a stream may be left with when it is closed: replaying them takes next to no time."""

SHARE = 0.05
"""The part of its time a process may spend on snapshots of one stream, or of all with a history together."""

SHARE_WITHOUT_HISTORY = 0.02
"""The part for all streams together whose past nobody asks for: their snapshots only make starts shorter."""

SPACING = 500
"""How far apart the snapshots of a stream's past are kept, in events: what a look at the past replays."""

PATIENCE_US = 1_000_000
"""How long a turn is kept for the stream that has grown furthest: it may have gone quiet."""

LATEST = 2
"""How many snapshots are kept of a stream whose past nobody asks for."""


def snapshot_interval(events_per_s: float, cost_s: float) -> int:
    """Return how many events should pass from one snapshot to the next.

    At least :data:`EVENTS_MIN`. When events come fast, as many more as it takes for snapshots of
    ``cost_s`` each to take no more than :data:`SHARE` of the time.
    """
    return max(EVENTS_MIN, ceil(events_per_s * cost_s / SHARE))


def should_snapshot(events_since: int, *, events_per_s: float, cost_s: float) -> bool:
    """Return whether a stream that has grown by ``events_since`` events should have a new snapshot."""
    return events_since > snapshot_interval(events_per_s, cost_s)


class Pace:
    """Keeps the snapshots of many streams together within their share of a process's time.

    When there is time again, it is the turn of the stream that has grown furthest since its last snapshot:
    none is forgotten among others that are as busy.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._free_at_us = 0
        self._furthest = 0

    def allows(self, now_us: int, events_since: int) -> bool:
        """Return whether the time spent so far has been made up for, and the turn is this stream's."""
        if now_us < self._free_at_us:
            self._furthest = max(self._furthest, events_since)
            return False
        return events_since >= self._furthest or now_us >= self._free_at_us + PATIENCE_US

    def spent(self, now_us: int, cost_us: int) -> None:
        """Take note of what a snapshot cost."""
        self._free_at_us = max(now_us, self._free_at_us) + round(cost_us / self._share)
        self._furthest = 0


def superseded(revisions: Sequence[int], *, history: bool) -> list[int]:
    """Return which of a stream's snapshots, given in order, are not needed any more.

    The latest stays. Of a stream with a history so does the first one in every :data:`SPACING` events.
    """
    if not history:
        return list(revisions[:-LATEST])
    older, landmark = [], -1
    for revision in revisions[:-1]:
        stretch = revision // SPACING
        if stretch > landmark:
            landmark = stretch
        else:
            older.append(revision)
    return older
