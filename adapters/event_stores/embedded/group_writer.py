"""The writer thread: takes waiting appends together, fences each one, writes them in one transaction."""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from adapters.event_stores.append_rules import refuse_unless_repeated
from adapters.event_stores.clock import wall_clock_us
from adapters.event_stores.embedded.log import LogWriter, PendingAppend, SyncFailed
from application.ports.event_store import (
    Appended,
    AppendOutcomeUnknown,
    EventStoreError,
    RecordedEvent,
    StoreUnavailable,
    WrongExpectedRevision,
)

MAX_GROUP_APPENDS = 2048
MAX_GROUP_BYTES = 8 * 1024 * 1024
MAX_KNOWN_STREAMS = 100_000

_log = logging.getLogger(__name__)

Outcome = tuple[PendingAppend, Appended | Exception]


@dataclass(slots=True)
class CommittedGroup:
    """What one round of the writer did: the events it made durable, and an outcome for each caller."""

    events: Sequence[RecordedEvent] = ()
    outcomes: list[Outcome] = field(default_factory=list)


class GroupWriter:
    """Owns a :class:`LogWriter` and the only thread that writes to it.

    ``on_group`` is called in ``loop`` once per round, after the commit: nothing is acknowledged or visible
    before it is durable, and the event loop is woken once, however many appends were in the group.
    """

    def __init__(
        self,
        log: LogWriter,
        *,
        last_recorded_at_us: int,
        loop: asyncio.AbstractEventLoop,
        on_group: Callable[[CommittedGroup], None],
    ) -> None:
        self._log = log
        self._loop = loop
        self._on_group = on_group
        self._inbox: SimpleQueue[PendingAppend | None] = SimpleQueue()
        self._postponed: list[PendingAppend] = []
        self._revisions: dict[str, int] = {}
        self._last_recorded_at_us = last_recorded_at_us
        self._broken: str | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="event-log-writer", daemon=True)
        self._thread.start()

    def submit(self, append: PendingAppend) -> None:
        """Hand an append to the writer thread."""
        self._inbox.put(append)

    async def close(self) -> None:
        """Write what was submitted, then stop."""
        self._inbox.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while not self._closing or self._postponed:
            group = self._write_group(self._take_group())
            try:
                self._loop.call_soon_threadsafe(self._on_group, group)
            except RuntimeError:
                _log.warning("the event loop ended before the event store was closed")
                break
        self._log.close()

    def _take_group(self) -> list[PendingAppend]:
        taken, self._postponed = self._postponed, []
        size_bytes = 0
        while len(taken) < MAX_GROUP_APPENDS and size_bytes < MAX_GROUP_BYTES:
            try:
                append = self._inbox.get_nowait() if taken else self._inbox.get()
            except Empty:
                break
            if append is None:
                self._closing = True
                break
            size_bytes += append.size_bytes
            taken.append(append)
        return taken

    def _write_group(self, taken: Sequence[PendingAppend]) -> CommittedGroup:
        if self._broken is not None:
            return _all_failed(taken, StoreUnavailable(self._broken))
        try:
            return self._commit(taken)
        except SyncFailed as error:
            self._broken = f"stopped after a failed write, open the store again: {error}"
            failure: EventStoreError = error
        except EventStoreError as error:
            failure = error
        except Exception as error:  # noqa: BLE001  # whoever waits must hear of every fault
            _log.exception("the event store failed to write a group of %d appends", len(taken))
            failure = AppendOutcomeUnknown(f"the event store failed: {error!r}")
        # What was known may be ahead of the disk or behind it: look again.
        self._revisions.clear()
        self._postponed.clear()
        return _all_failed(taken, failure)

    def _commit(self, taken: Sequence[PendingAppend]) -> CommittedGroup:
        group = CommittedGroup()
        accepted, ends = self._fence(taken, group.outcomes)
        if not accepted:
            return group
        now_us = max(wall_clock_us(), self._last_recorded_at_us)
        group.events = self._log.write(accepted, now_us)
        self._last_recorded_at_us = now_us
        self._revisions.update(ends)
        count = 0
        for append in accepted:
            count += len(append.events)
            group.outcomes.append((append, _answer(group.events[count - 1])))
        return group

    def _fence(
        self, taken: Sequence[PendingAppend], outcomes: list[Outcome]
    ) -> tuple[list[PendingAppend], dict[str, int]]:
        """Split off the appends that may be written, and where they would take their streams."""
        accepted: list[PendingAppend] = []
        ends: dict[str, int] = {}
        for append in taken:
            stream = append.stream
            current = ends[stream] if stream in ends else self._revision(stream)
            if append.expected == current:
                accepted.append(append)
                ends[stream] = current + len(append.events)
            elif stream in ends:
                # Only what is durable may refuse an append, so it waits for this group's commit.
                self._postponed.append(append)
            else:
                outcomes.append((append, self._judge(append, current)))
        return accepted, ends

    def _judge(self, append: PendingAppend, current: int) -> Appended | Exception:
        count = len(append.events) if append.expected < current else 0
        slots = self._log.slots(append.stream, first=append.expected + 1, count=count)
        try:
            refuse_unless_repeated(
                append.stream,
                expected=append.expected,
                current=current,
                stored_ids=[event.id for event in slots],
                ids=[event.id for event in append.events],
            )
        except WrongExpectedRevision as refusal:
            return refusal
        return _answer(slots[-1])

    def _revision(self, stream: str) -> int:
        revision = self._revisions.get(stream)
        if revision is None:
            if len(self._revisions) >= MAX_KNOWN_STREAMS:
                self._revisions.clear()
            revision = self._revisions[stream] = self._log.last_revision(stream)
        return revision


def _answer(last: RecordedEvent) -> Appended:
    return Appended(revision=last.revision, position=last.position)


def _all_failed(appends: Sequence[PendingAppend], failure: EventStoreError) -> CommittedGroup:
    # One exception object for each caller, because every raise writes its traceback into it.
    return CommittedGroup(outcomes=[(append, type(failure)(str(failure))) for append in appends])
