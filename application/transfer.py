"""Copies a whole log from one event store to another and proves that the copy is the same.

Ids, streams, revisions, order, data and metadata are kept. Positions are the target's own. No store lets
anybody choose when an event was recorded, so metadata that does not say ``at_us`` gets the source's time.
"""

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from application.ports.event_store import EventStore, Filter, LogReader, NewEvent, RecordedEvent

RUN_EVENTS = 500
RUN_BYTES = 256 * 1024

Progress = Callable[[int], None]


class TransferRefused(Exception):
    """The log cannot be copied, or was not copied truly; the message says which event and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred:
    """What was copied and compared. ``digest`` is the SHA-256 of the events in order, equal on both sides."""

    events: int
    streams: int
    digest: str


@dataclass(slots=True)
class _Run:
    """Consecutive events of one stream, to be appended together."""

    stream: str
    first_revision: int
    events: list[NewEvent] = field(default_factory=list)
    size_bytes: int = 0

    def takes(self, event: RecordedEvent) -> bool:
        return (
            event.stream == self.stream
            and len(self.events) < RUN_EVENTS
            and self.size_bytes + len(event.data) + len(event.metadata) <= RUN_BYTES
        )

    def add(self, event: RecordedEvent) -> None:
        self.events.append(_to_append(event))
        self.size_bytes += len(event.data) + len(event.metadata)


async def transfer_log(
    source: LogReader,
    target: EventStore,
    *,
    progress: Progress,
    in_flight: int = 1,
    matching: Filter = Filter(),
) -> Transferred:
    """Copy the matching events of ``source`` to ``target``, which must hold none, then read both and compare.

    ``progress`` is told the number of events copied so far. More than one append ``in_flight`` is for
    targets that write in the order of calls, as the embedded ones do; elsewhere the comparison would fail.
    Raises :class:`TransferRefused`.
    """
    await refuse_unless_empty(target, matching)
    copied = 0
    async for number in _appended(source, target, in_flight, matching):
        copied += number
        progress(copied)
    return await compare_logs(source, target, events=copied, matching=matching)


async def refuse_unless_empty(target: LogReader, matching: Filter = Filter()) -> None:
    """Raise :class:`TransferRefused` for a store that holds matching events."""
    async for page in target.read_all(limit=1, matching=matching):
        if page.events:
            raise TransferRefused("the target already holds events; copy into an empty store")


async def compare_logs(
    source: LogReader, target: LogReader, *, events: int, matching: Filter = Filter()
) -> Transferred:
    """Compare the first ``events`` matching events of the source with all of the target."""
    digest = hashlib.sha256()
    streams: set[str] = set()
    copies = _events(target, matching)
    compared = 0
    async for original in _events(source, matching):
        if compared == events:
            break
        copy = await anext(copies, None)
        if copy is None or _content(copy) != _content(original):
            raise TransferRefused(
                f"event {compared + 1} is not the same: "
                f"{_name(original)} in the source, {_name(copy)} in the copy"
            )
        compared += 1
        streams.add(original.stream)
        digest.update(_content(original))
    surplus = await anext(copies, None)
    if compared < events or surplus is not None:
        raise TransferRefused(
            f"{compared} events compared, {events} copied; then {_name(surplus)} in the copy"
        )
    return Transferred(events=compared, streams=len(streams), digest=digest.hexdigest())


async def _runs(source: LogReader, matching: Filter) -> AsyncIterator[_Run]:
    run: _Run | None = None
    async for event in _events(source, matching):
        if run is None or not run.takes(event):
            if run is not None:
                yield run
            run = _Run(stream=event.stream, first_revision=event.revision)
        run.add(event)
    if run is not None:
        yield run


async def _appended(
    source: LogReader, target: EventStore, in_flight: int, matching: Filter
) -> AsyncIterator[int]:
    """Append run after run, because the order between streams is part of the log; yield what is durable."""
    waiting: deque[asyncio.Task[int]] = deque()
    try:
        async for run in _runs(source, matching):
            if len(waiting) >= in_flight:
                yield await waiting.popleft()
            waiting.append(asyncio.create_task(_append(target, run)))
        while waiting:
            yield await waiting.popleft()
    finally:
        await asyncio.gather(*waiting, return_exceptions=True)


async def _append(target: EventStore, run: _Run) -> int:
    await target.append(run.stream, run.events, expected=run.first_revision - 1)
    return len(run.events)


async def _events(log: LogReader, matching: Filter) -> AsyncIterator[RecordedEvent]:
    async for page in log.read_all(matching=matching):
        for event in page.events:
            yield event


def _to_append(event: RecordedEvent) -> NewEvent:
    return NewEvent(id=event.id, type=event.type, data=event.data, metadata=_with_time(event))


def _with_time(event: RecordedEvent) -> bytes:
    try:
        metadata = json.loads(event.metadata or b"{}")
    except ValueError:
        return event.metadata
    if not isinstance(metadata, dict) or "at_us" in metadata:
        return event.metadata
    return json.dumps(metadata | {"at_us": event.recorded_at_us}, separators=(",", ":")).encode()


def _content(event: RecordedEvent) -> bytes:
    """Everything that a copy must keep, each part with its length."""
    parts = (
        event.id.bytes,
        event.type.encode(),
        event.stream.encode(),
        b"%d" % event.revision,
        _with_time(event),
        event.data,
    )
    return b"".join(b"%d:%b" % (len(part), part) for part in parts)


def _name(event: RecordedEvent | None) -> str:
    return "nothing" if event is None else f"{event.stream}@{event.revision} ({event.type}, id {event.id})"
