"""Takes snapshots of a stream while it grows, beside the work of its owner.

The owner only waits while the state is copied. Hashing the copy goes on in small steps between everything
else, and writing it is the store's business.
"""

import asyncio
import gc
import logging
from typing import Generic

from application.ports.clock import Clock
from application.ports.event_store import NO_STREAM
from application.ports.snapshots import Document, Snapshots
from application.snapshots.form import Form, State
from application.snapshots.keeper import SnapshotKeeper
from application.snapshots.policy import EVENTS_LEFT, EVENTS_MIN, Pace, should_snapshot
from application.snapshots.standing import Tip
from application.snapshots.steps import gently, metered

log = logging.getLogger(__name__)

WRITING = 1
"""Compressing and writing a snapshot is taken to cost as much as hashing it: it is done in another thread."""

_US_PER_S = 1_000_000


class SnapshotTaker(Generic[State]):
    """Decides when a snapshot is due, and sees to it."""

    def __init__(
        self, stream: str, form: Form[State], *, snapshots: Snapshots, clock: Clock, pace: Pace
    ) -> None:
        self._stream = stream
        self._form = form
        self._keeper = SnapshotKeeper(stream, form, snapshots)
        self._clock = clock
        self._pace = pace
        self._task: asyncio.Task[None] | None = None
        self._last = NO_STREAM
        self._last_us = 0
        self._cost_us = 0

    def begin(self, kept: int) -> None:
        """Take note that the latest snapshot is the one at revision ``kept``."""
        self._last = kept
        self._last_us = 0

    def consider(self, state: State, tip: Tip) -> None:
        """Take a snapshot of a state that is all in the log, if one is due."""
        since = tip.revision - self._last
        if since <= EVENTS_MIN or self._task is not None:
            return
        begun_us = self._clock.now_us()
        if not self._pace.allows(begun_us, since):
            return
        events_per_s = since * _US_PER_S / max(1, begun_us - self._last_us)
        if not should_snapshot(since, events_per_s=events_per_s, cost_s=self._cost_us / _US_PER_S):
            return
        document = self._captured(state)
        self._last, self._last_us = tip.revision, begun_us
        copying_us = self._clock.now_us() - begun_us
        self._pace.spent(begun_us, copying_us)
        self._task = asyncio.create_task(
            self._keep(document, tip, copying_us), name=f"snapshot of {self._stream}"
        )

    def _captured(self, state: State) -> Document:
        """Copy a state; the collector looks through the copy in a turn of its own.

        Of a market with ten thousand orders either takes hundredths of a second, for which all else waits.
        """
        collects = gc.isenabled()
        gc.disable()
        try:
            return self._form.capture(state)
        finally:
            if collects:
                asyncio.get_running_loop().call_soon(gc.enable)

    async def close(self, state: State | None, tip: Tip) -> None:
        """Finish what is under way, and keep the last state if the next start would have much to replay."""
        if self._task is not None:
            await asyncio.wait([self._task])
        if state is not None and tip.revision - self._last > EVENTS_LEFT:
            await self._keeper.keep(self._form.capture(state), tip)
            self._last = tip.revision

    async def _keep(self, document: Document, tip: Tip, copying_us: int) -> None:
        try:
            steps_us: list[int] = []
            digest = await gently(metered(self._keeper.digesting(document), self._clock, steps_us))
            later_us = sum(steps_us) * (1 + WRITING)
            self._pace.spent(self._clock.now_us(), later_us)
            self._cost_us = copying_us + later_us
            await self._keeper.keep(document, tip, digest)
        except Exception:
            # It would only have made a later start shorter.
            log.exception("the snapshot of %s could not be kept", self._stream)
        finally:
            self._task = None
