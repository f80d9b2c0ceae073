"""A gap in the revisions of a stream is noticed, told, and read again."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from uuid import UUID

import pytest

from adapters.event_stores.memory import MemoryEventStore
from application.health import Health, Trouble
from application.log.whole_streams import EventsMissing, followed
from application.ports.event_store import START, Filter, NewEvent, Page, Position, RecordedEvent

EVERYTHING = Filter()


class Gappy(MemoryEventStore):
    """Delivers all but some positions, and may have lost them for good."""

    def __init__(self, left_out: set[int], *, lost: bool = False) -> None:
        super().__init__()
        self.left_out = left_out
        self.lost = lost

    async def subscribe(
        self, *, after: Position = START, matching: Filter = Filter(), system: bool = False
    ) -> AsyncGenerator[Page, None]:
        async for page in super().subscribe(after=after, matching=matching, system=system):
            yield self._without(page)

    async def read_all(self, **asked: object) -> AsyncGenerator[Page, None]:  # type: ignore[override]
        async for page in super().read_all(**asked):  # type: ignore[arg-type]
            yield self._without(page) if self.lost else page

    async def read_stream(self, stream: str, **asked: object) -> AsyncIterator[Sequence[RecordedEvent]]:  # type: ignore[override]
        async for page in super().read_stream(stream, **asked):  # type: ignore[arg-type]
            kept = [event for event in page if not self.lost or event.position not in self.left_out]
            if kept:
                yield kept

    def _without(self, page: Page) -> Page:
        kept = [event for event in page.events if event.position not in self.left_out]
        return Page(events=kept, position=page.position, caught_up=page.caught_up)


async def filled(log: MemoryEventStore, *streams: str) -> None:
    revisions: dict[str, int] = {}
    for number, stream in enumerate(streams, 1):
        event = NewEvent(id=UUID(int=number), type="Event", data=b"{}")
        appended = await log.append(stream, [event], expected=revisions.get(stream, -1))
        revisions[stream] = appended.revision


async def taken(log: MemoryEventStore, after: Position = START, health: Health | None = None) -> list[int]:
    """Return the positions of what a follower is given until it has caught up."""
    positions: list[int] = []
    pages = followed(log, after=after, matching=EVERYTHING, health=health or Health(), part="test")
    async for page in pages:
        positions += [event.position for event in page.events]
        if positions and positions[-1] == await log.head():
            break
    await pages.aclose()
    return positions


async def test_streams_without_gaps_pass_as_they_are() -> None:
    log = Gappy(set())
    await filled(log, "a", "b", "a", "b")
    assert await taken(log) == [1, 2, 3, 4]


@pytest.mark.parametrize("left_out", [{1}, {3}, {2, 3}, {1, 2, 3}])
async def test_what_a_subscription_leaves_out_is_told_and_read_again(
    left_out: set[int], caplog: pytest.LogCaptureFixture
) -> None:
    log = Gappy(left_out)
    await filled(log, "a", "b", "a", "b", "a")
    assert sorted(set(await taken(log))) == [1, 2, 3, 4, 5]
    assert "were not delivered: read from the log again (events_missing)" in caplog.text


async def test_what_is_missing_right_after_the_place_where_one_begins_is_noticed_too() -> None:
    log = Gappy({3})
    await filled(log, "a", "b", "a", "b", "a")
    assert sorted(set(await taken(log, Position(2)))) == [3, 4, 5]


async def test_what_is_missing_before_what_was_given_out_already_comes_by_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log, health = Gappy({1, 3}), Health()
    await filled(log, "a", "b", "a", "b")
    pages = followed(log, after=START, matching=EVERYTHING, health=health, part="test")
    first = await anext(pages)
    assert [event.position for event in first.events] == [2, 4], "nobody can know yet"
    await log.append("a", [NewEvent(id=UUID(int=9), type="Event", data=b"{}")], expected=1)
    late, present = await anext(pages), await anext(pages)
    assert [event.position for event in late.events] == [1, 3]
    assert late.position == 4, "nobody goes back"
    assert [event.position for event in present.events] == [5]
    assert "a: revisions 0 to 1 were not delivered: read from the log again (events_missing)" in caplog.text
    await pages.aclose()


async def test_whoever_cannot_go_back_is_given_it_apart() -> None:
    log, late = Gappy({1}), []
    await filled(log, "a", "b")

    async def take(events: Sequence[RecordedEvent]) -> None:
        late.extend(event.position for event in events)

    pages = followed(log, after=START, matching=EVERYTHING, health=Health(), part="test", late=take)
    assert [event.position for event in (await anext(pages)).events] == [2]
    await log.append("a", [NewEvent(id=UUID(int=9), type="Event", data=b"{}")], expected=0)
    assert [event.position for event in (await anext(pages)).events] == [3]
    assert late == [1]
    await pages.aclose()


async def test_a_log_that_lost_events_is_told_each_time_that_one_begins_anew() -> None:
    log = Gappy({3}, lost=True)
    await filled(log, "a", "b", "a", "b", "a")
    for _ in range(2):
        with pytest.raises(EventsMissing, match="a: revisions 1 to 1 were not in the log"):
            await taken(log, Position(2))


async def test_nothing_is_given_out_past_events_that_the_log_lost() -> None:
    log, health = Gappy({3}, lost=True), Health()
    await filled(log, "a", "b", "a", "b", "a")
    with pytest.raises(EventsMissing, match="a: revisions 1 to 1 were not in the log"):
        await taken(log, health=health)
    assert [each.code for each in health.conditions] == [Trouble.EVENTS_MISSING]
