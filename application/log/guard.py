"""Nothing is appended to a log that is not the one that was opened.

A log can be replaced under a running exchange: its file is moved away, or the server behind it comes back
with a backup. What is decided then rests on events that the log does not hold. So the last event that is
known is looked for again and again, and after every append that failed; while it is missing, nothing is
written.
"""

import asyncio
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Protocol

from application.health import Health, Trouble
from application.log.landmarks import Landmark, last_landmark, stands
from application.ports.event_store import (
    Appended,
    AppendTooLarge,
    EventStoreError,
    LogReader,
    LogReplaced,
    NewEvent,
    StreamAppender,
    StreamReader,
    WrongExpectedRevision,
)
from application.streams import EXCHANGE_EVENTS
from application.watching.appends import Appends

PART = "event log"
WRITING = "event log, writing"
LOOK_S = 0.5
"""How often to look whether the log is still the one that was opened."""

UNWRITABLE_S = 10.0
"""For how long after it could not be written this is told, unless it can before: only who tries will see."""

ADVICE = "nothing is written any more: stop this process, put the right log in its place, and start again"


class GuardedLog(StreamReader, LogReader, StreamAppender, Protocol):
    """A log that can be read and appended to."""


class LogGuard:
    """Appends to a log while it is the one that was opened.

    ``in_place`` raises :class:`LogReplaced` if its files are not where they were. ``losses`` tells how many
    times the server behind the log was lost.
    """

    def __init__(
        self,
        log: GuardedLog,
        health: Health,
        in_place: Callable[[], None] = lambda: None,
        losses: Callable[[], int] = lambda: 0,
    ) -> None:
        self.appends = Appends()
        self._log = log
        self._health = health
        self._in_place = in_place
        self._losses = losses
        self._lost = losses()
        self._end: Landmark | None = None
        self._in_doubt = True
        self._failed_s: float | None = None

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        """Append all events or none. Raises :class:`LogReplaced` too."""
        if self._in_doubt or self._losses() != self._lost:
            await self.look()
        began = perf_counter()
        try:
            appended = await self._log.append(stream, events, expected=expected)
        except LogReplaced as error:
            self._report(error)
            self.appends.failed(error)
            raise
        except AppendTooLarge:
            raise
        except WrongExpectedRevision as error:
            self.appends.failed(error)
            # Whoever was faster leaves more than was expected; less is another log.
            self._in_doubt = error.current is None or error.current < expected
            raise
        except EventStoreError as error:
            self.appends.failed(error)
            self._in_doubt = True
            self._failed_s = asyncio.get_running_loop().time()
            self._health.report(WRITING, Trouble.EVENT_STORE_UNAVAILABLE, f"it cannot be written: {error}")
            raise
        if self._failed_s is not None:
            self._written()
        self.appends.done(len(events), perf_counter() - began)
        if self._end is None or appended.position > self._end.position:
            self._end = Landmark(
                position=appended.position,
                event_id=events[-1].id,
                stream=stream,
                revision=appended.revision,
            )
        return appended

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                await self.look()
            except LogReplaced:
                pass  # which is reported
            except EventStoreError as error:
                self._in_doubt = True
                self._health.report(PART, Trouble.EVENT_STORE_UNAVAILABLE, f"it cannot be read: {error}")
            else:
                self._health.clear(PART, Trouble.EVENT_STORE_UNAVAILABLE)
            if self._failed_s is not None and loop.time() - self._failed_s > UNWRITABLE_S:
                self._written()
            await asyncio.sleep(LOOK_S)

    def _written(self) -> None:
        self._failed_s = None
        self._health.clear(WRITING, Trouble.EVENT_STORE_UNAVAILABLE)

    async def look(self) -> None:
        """Raise :class:`LogReplaced` if the log is not the one that was opened."""
        lost = self._losses()
        try:
            self._in_place()
            await self._check_end()
        except LogReplaced as error:
            self._report(error)
            raise
        self._in_doubt, self._lost = False, lost
        self._health.clear(PART, Trouble.LOG_REPLACED)

    async def _check_end(self) -> None:
        if self._end is None:
            self._end = await last_landmark(self._log, EXCHANGE_EVENTS)
        end = self._end
        if end is not None and not await stands(self._log, end):
            raise LogReplaced(f"{end}, which was in the log, is not: it is another log or an old copy")

    def _report(self, error: LogReplaced) -> None:
        self._in_doubt = True
        self._health.report(PART, Trouble.LOG_REPLACED, f"{error}; {ADVICE}")
