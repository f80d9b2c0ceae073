"""The writer thread: what it groups, refuses, postpones and forgets."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest

from adapters.event_stores.embedded.group_writer import CommittedGroup, GroupWriter
from adapters.event_stores.embedded.log import PendingAppend, SyncFailed
from application.ports.event_store import (
    Appended,
    AppendOutcomeUnknown,
    NewEvent,
    Position,
    RecordedEvent,
    StoreUnavailable,
    WrongExpectedRevision,
)


class ListLog:
    """A log in a list. It can be held up at the gate, and told to fail its next writes."""

    def __init__(self) -> None:
        self.events: list[RecordedEvent] = []
        self.writes: list[int] = []
        self.failures: list[Exception] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def last_revision(self, stream: str) -> int:
        return sum(event.stream == stream for event in self.events) - 1

    def slots(self, stream: str, *, first: int, count: int) -> Sequence[RecordedEvent]:
        return [event for event in self.events if event.stream == stream][first : first + count]

    def write(self, appends: Sequence[PendingAppend], recorded_at_us: int) -> list[RecordedEvent]:
        self.entered.set()
        self.gate.wait()
        self.writes.append(len(appends))
        if self.failures:
            raise self.failures.pop(0)
        written: list[RecordedEvent] = []
        for append in appends:
            for offset, event in enumerate(append.events, start=1):
                written.append(self._record(append, event, offset, len(written), recorded_at_us))
        self.events += written
        return written

    def _record(
        self, append: PendingAppend, event: NewEvent, offset: int, before: int, recorded_at_us: int
    ) -> RecordedEvent:
        return RecordedEvent(
            id=event.id,
            type=event.type,
            data=event.data,
            metadata=event.metadata,
            stream=append.stream,
            revision=append.expected + offset,
            position=Position(len(self.events) + before + 1),
            recorded_at_us=recorded_at_us,
        )

    def close(self) -> None:
        pass


class Desk:
    """Submits appends to a writer over a :class:`ListLog` and hands its outcomes to the callers."""

    def __init__(self) -> None:
        self.log = ListLog()
        self.groups: list[CommittedGroup] = []
        self.loop = asyncio.get_running_loop()
        self.writer = GroupWriter(self.log, last_recorded_at_us=0, loop=self.loop, on_group=self._on_group)

    def submit(self, stream: str, *numbers: int, expected: int) -> asyncio.Future[Appended]:
        events = [NewEvent(id=UUID(int=number), type="Noted", data=b"{}") for number in numbers]
        answer: asyncio.Future[Appended] = self.loop.create_future()
        self.writer.submit(
            PendingAppend(stream=stream, events=events, expected=expected, size_bytes=2, answer=answer)
        )
        return answer

    def _on_group(self, group: CommittedGroup) -> None:
        self.groups.append(group)
        for append, outcome in group.outcomes:
            if isinstance(outcome, Appended):
                append.answer.set_result(outcome)
            else:
                append.answer.set_exception(outcome)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    yield desk
    await desk.writer.close()


async def hold(desk: Desk) -> asyncio.Future[Appended]:
    """Keep the writer busy with one append, so that what is submitted now forms the next group."""
    desk.log.gate.clear()
    desk.log.entered.clear()
    held = desk.submit("held", 1, expected=-1)
    await asyncio.to_thread(desk.log.entered.wait)
    return held


async def outcomes(desk: Desk, *answers: asyncio.Future[Appended]) -> list[Appended | BaseException]:
    desk.log.gate.set()
    return await asyncio.gather(*answers, return_exceptions=True)


async def test_appends_that_wait_are_written_together_and_the_loop_is_told_once(desk: Desk) -> None:
    held = await hold(desk)
    answers = [desk.submit(f"s{n}", n, expected=-1) for n in range(50)]
    await outcomes(desk, held, *answers)
    assert desk.log.writes == [1, 50]
    assert len(desk.groups) == 2


async def test_appends_to_one_stream_follow_each_other_within_a_group(desk: Desk) -> None:
    held = await hold(desk)
    first, second = desk.submit("a", 2, 3, expected=-1), desk.submit("a", 4, expected=1)
    await outcomes(desk, held, first, second)
    assert desk.log.writes == [1, 2]
    assert (first.result().revision, second.result().revision) == (1, 2)


async def test_a_refused_append_does_not_fail_its_group(desk: Desk) -> None:
    await desk.submit("a", 2, expected=-1)
    held = await hold(desk)
    good, stale = desk.submit("b", 3, expected=-1), desk.submit("a", 4, expected=-1)
    await outcomes(desk, held, good, stale)
    assert good.result().revision == 0
    assert isinstance(stale.exception(), WrongExpectedRevision)


async def test_a_rival_in_the_same_group_is_refused_only_after_the_winner_is_durable(desk: Desk) -> None:
    held = await hold(desk)
    winner, rival = desk.submit("a", 2, expected=-1), desk.submit("a", 3, expected=-1)
    await outcomes(desk, held, winner, rival)
    assert isinstance(rival.exception(), WrongExpectedRevision)
    told = [[append.answer for append, _ in group.outcomes] for group in desk.groups]
    assert told == [[held], [winner], [rival]]


async def test_a_retry_in_the_same_group_waits_for_its_original(desk: Desk) -> None:
    held = await hold(desk)
    original, retry = desk.submit("a", 2, 3, expected=-1), desk.submit("a", 2, 3, expected=-1)
    await outcomes(desk, held, original, retry)
    assert original.result() == retry.result()
    assert len(desk.log.events) == 3


async def test_a_failed_write_fails_the_whole_group_and_nothing_of_it_is_remembered(desk: Desk) -> None:
    held = await hold(desk)
    desk.log.failures = [StoreUnavailable("held"), StoreUnavailable("disk full")]
    answers = [desk.submit("a", 2, expected=-1), desk.submit("b", 3, expected=-1)]
    answers += [desk.submit("a", 4, expected=-1)]
    for outcome in await outcomes(desk, held, *answers):
        assert isinstance(outcome, StoreUnavailable)
    assert desk.groups[-1].events == ()
    assert (await desk.submit("a", 5, expected=-1)).revision == 0


async def test_after_a_failed_sync_the_writer_stops(desk: Desk) -> None:
    desk.log.failures = [SyncFailed("the disk did not answer")]
    with pytest.raises(AppendOutcomeUnknown):
        await desk.submit("a", 2, expected=-1)
    with pytest.raises(StoreUnavailable, match="open the store again"):
        await desk.submit("a", 2, expected=-1)
    assert desk.log.writes == [1]


async def test_a_fault_of_the_storage_reaches_who_waits_and_the_writer_lives_on(desk: Desk) -> None:
    desk.log.failures = [RuntimeError("a bug")]
    with pytest.raises(AppendOutcomeUnknown, match="a bug"):
        await desk.submit("a", 2, expected=-1)
    assert (await desk.submit("a", 2, expected=-1)).revision == 0


async def test_recorded_times_never_go_back(desk: Desk) -> None:
    for n in range(20):
        await desk.submit("a", n, expected=n - 1)
    times = [event.recorded_at_us for event in desk.log.events]
    assert times == sorted(times)
