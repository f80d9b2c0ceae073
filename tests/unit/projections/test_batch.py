"""Batches cut in two, and what is left of them on either side of a position."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from application.log.landmarks import landmark_of
from application.ports.codec import UnreadableEvent
from application.ports.event_store import Page, Position, RecordedEvent
from domain.market.vocabulary import Side
from projections.running.batch import PIECE, Batch, Unreadable, batches, gathered, pieces
from tests.unit.projections.events import Log, leg, trade


def five() -> Batch:
    log = Log()
    for _ in range(5):
        log.add("market-M", trade(leg("ann", Side.YES), leg("bob", Side.NO), 5_000, 1))
    return Batch(log.events, Position(9), caught_up=True)


def shape(batch: Batch) -> tuple[list[int], int, bool]:
    return [entry.position for entry in batch.entries], batch.position, batch.caught_up


def test_what_stands_before_a_position_ends_with_its_own_last_event() -> None:
    assert shape(five().before(Position(4), otherwise=Position(0))) == ([1, 2, 3], 3, False)
    assert shape(five().before(Position(1), otherwise=Position(0))) == ([], 0, False)


def test_what_stands_after_a_position_ends_where_the_batch_does() -> None:
    assert shape(five().after(Position(2))) == ([3, 4, 5], 9, True)
    assert shape(five().after(Position(1))) == ([2, 3, 4, 5], 9, True)
    assert shape(five().after(Position(0))) == ([1, 2, 3, 4, 5], 9, True)
    assert shape(five().after(Position(5))) == ([], 9, True)


def test_a_batch_was_decided_when_its_last_event_was() -> None:
    log = Log()
    for at_us in (5, 7):
        log.add("market-M", trade(leg("ann", Side.YES), leg("bob", Side.NO), 5_000, 1), at_us=at_us)
    assert Batch(log.events, Position(2), caught_up=True).at_us == 7
    assert Batch([], Position(2), caught_up=True).at_us == 0


def test_two_halves_are_the_whole() -> None:
    first, second = map(shape, five().halves())
    assert (first, second) == (([1, 2], 2, False), ([3, 4, 5], 9, True))
    assert five().before(Position(2), otherwise=Position(0)).halves() == ()


def stored(number: int) -> RecordedEvent:
    return RecordedEvent(
        id=UUID(int=number),
        type="MarketMoonShot",
        data=b"{}",
        metadata=b"{}",
        recorded_at_us=0,
        stream="market-M",
        revision=number - 1,
        position=Position(number),
    )


def test_a_batch_is_known_again_by_its_last_event_be_it_readable_or_not() -> None:
    assert Batch([], Position(9), caught_up=True).landmark is None
    landmark = five().landmark
    assert landmark is not None
    assert (landmark.position, landmark.event_id.int, landmark.stream, landmark.revision) == (
        5,
        5,
        "market-M",
        4,
    )
    unreadable = Unreadable(stored=stored(6), error=UnreadableEvent("newer"))
    batch = Batch([*five().entries, unreadable], Position(9), caught_up=True)
    assert batch.landmark == landmark_of(stored(6))
    assert ([each.position for each in batch.events], batch.unreadable) == ([1, 2, 3, 4, 5], [unreadable])


def test_what_comes_again_or_too_early_is_passed_over() -> None:
    entries = five().entries
    again = Batch([*entries[:3], *entries[1:4], entries[2], entries[4]], Position(9), caught_up=False)
    assert shape(again) == ([1, 2, 3, 4, 5], 9, False)
    assert shape(Batch([entries[0], entries[0]], Position(1), caught_up=False)) == ([1], 1, False)


@pytest.mark.parametrize(
    ("many", "lengths"), [(0, [0]), (1, [1]), (400, [400]), (401, [400, 1]), (1_000, [400, 400, 200])]
)
def test_others_have_their_turn_after_every_four_hundred(many: int, lengths: list[int]) -> None:
    cut = list(pieces(range(many)))
    assert list(map(len, cut)) == lengths
    assert [each for piece in cut for each in piece] == list(range(many))
    assert PIECE == 400


class Decoding:
    """A codec that reads nothing."""

    def decode(self, _event: RecordedEvent) -> None:
        raise UnreadableEvent("newer")


@pytest.mark.parametrize("caught_up", [True, False])
@pytest.mark.parametrize(
    ("events", "ends"), [(0, [(0, 9)]), (3, [(3, 9)]), (4, [(3, 3), (1, 9)]), (6, [(3, 3), (3, 9)])]
)
async def test_a_page_is_cut_into_batches_of_which_only_the_last_goes_to_its_end(
    events: int, ends: list[tuple[int, int]], *, caught_up: bool
) -> None:
    page = Page(events=[stored(1 + n) for n in range(events)], position=Position(9), caught_up=caught_up)
    cut = [batch async for batch in batches(page, Decoding(), 3)]  # type: ignore[arg-type]
    assert [(len(batch.entries), batch.position) for batch in cut] == ends
    assert [batch.caught_up for batch in cut] == [False] * (len(ends) - 1) + [caught_up]
    assert [entry.position for batch in cut for entry in batch.entries] == list(range(1, events + 1))


async def test_pages_are_put_together_until_there_are_enough_or_no_more() -> None:
    async def read(*pages: tuple[int, bool]) -> AsyncIterator[Page]:
        last = 0
        for count, caught_up in pages:
            events = [stored(last + number) for number in range(1, count + 1)]
            last += count
            yield Page(events=events, position=Position(last + 100), caught_up=caught_up)

    async def put_together(*pages: tuple[int, bool]) -> list[tuple[int, int, bool]]:
        return [(len(page.events), page.position, page.caught_up) async for page in gathered(read(*pages), 3)]

    assert await put_together((2, False), (1, False), (1, True)) == [(3, 103, False), (1, 104, True)]
    assert await put_together((2, False), (3, False), (0, True)) == [(5, 105, False), (0, 105, True)]
    assert await put_together((1, False), (1, False)) == [(2, 2, False)], "what is left when the reader ends"
    assert await put_together((3, False)) == [(3, 103, False)]
