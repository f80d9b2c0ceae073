"""An event store inside this process, over any storage that has a writer and a reader."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

from adapters.event_stores.append_rules import check_append, store_closed
from adapters.event_stores.data_files import OpenedPlace
from adapters.event_stores.embedded.group_writer import CommittedGroup, GroupWriter
from adapters.event_stores.embedded.log import LogQuery, LogReader, LogWriter, PendingAppend
from adapters.event_stores.embedded.reading import PAGE_EVENTS, EmbeddedReading
from adapters.event_stores.embedded.recent_events import RecentEvents
from adapters.event_stores.embedded.wakeups import Wakeups
from adapters.event_stores.filtering import admits
from application.ports.event_store import START, Appended, Filter, NewEvent, Page, Position


class EmbeddedEventStore(EmbeddedReading):
    """Appends through one writer thread; reads and follows in the event loop it was made in."""

    def __init__(
        self,
        writer: LogWriter,
        reader: LogReader,
        *,
        release: Callable[[], None],
        place: OpenedPlace | None = None,
    ) -> None:
        super().__init__(reader)
        last = reader.last_event()
        self._release = release
        self._place = place
        self._loop = asyncio.get_running_loop()
        self._recent = RecentEvents(last.position if last else START)
        self._wakeups = Wakeups()
        self._closed = False
        self._writer = GroupWriter(
            writer,
            last_recorded_at_us=last.recorded_at_us if last else 0,
            loop=self._loop,
            on_group=self._on_group,
        )

    def check_place(self) -> None:
        """Raise :class:`application.ports.event_store.LogReplaced` if the files were moved or replaced."""
        if self._place is not None:
            self._place.check()

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        """Append all events or none, and return once they are durable."""
        size_bytes = check_append(stream, events, expected)
        self._check_open()
        answer: asyncio.Future[Appended] = self._loop.create_future()
        self._writer.submit(
            PendingAppend(
                stream=stream, events=events, expected=expected, size_bytes=size_bytes, answer=answer
            )
        )
        return await answer

    async def subscribe(
        self, *, after: Position = START, matching: Filter = Filter(), system: bool = False
    ) -> AsyncGenerator[Page, None]:
        """Yield pages after ``after``, then new ones as they commit.

        A live page comes for every commit, empty when the filter admits none of it, so that its position
        tells how far the log has been followed.
        """
        with self._wakeups.waiter() as woken:
            position, announced = after, False
            while True:
                self._check_open()
                woken.clear()
                page = self._page_after(position, matching, system=system)
                if page.position > position or not announced:
                    position, announced = page.position, page.caught_up
                    yield page
                else:
                    await woken.wait()
                if not announced:
                    # Catching up never waits for anything else, and others have work to do.
                    await asyncio.sleep(0)

    async def close(self) -> None:
        """Write what was accepted, end the subscriptions, release the files."""
        if self._closed:
            return
        self._closed = True
        self._wakeups.wake()
        await self._writer.close()
        self._reader.close()
        self._release()

    def _end(self) -> Position:
        return self._recent.head

    def _check_open(self) -> None:
        if self._closed:
            raise store_closed()

    def _page_after(self, position: Position, matching: Filter, *, system: bool) -> Page:
        head = self._recent.head
        recent = self._recent.after(position, PAGE_EVENTS)
        if recent is None:
            found = self._reader.read_log(
                LogQuery(
                    after=position,
                    before=head + 1,
                    backwards=False,
                    limit=PAGE_EVENTS,
                    matching=matching,
                    system=system,
                )
            )
            return Page(events=found.events, position=found.position, caught_up=found.position >= head)
        reached = recent[-1].position if recent else position
        events = [e for e in recent if admits(matching, e.stream, e.type, system=system)]
        return Page(events=events, position=reached, caught_up=reached >= head)

    def _on_group(self, group: CommittedGroup) -> None:
        if group.events:
            self._recent.extend(group.events)
            self._wakeups.wake()
        for append, outcome in group.outcomes:
            if append.answer.done():
                continue
            if isinstance(outcome, Appended):
                append.answer.set_result(outcome)
            else:
                append.answer.set_exception(outcome)
