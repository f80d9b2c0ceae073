"""Batches cut in two, and what is left of them on either side of a position."""

from application.ports.event_store import Position
from domain.market.vocabulary import Side
from projections.running.batch import Batch
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
    assert shape(five().after(Position(0))) == ([1, 2, 3, 4, 5], 9, True)
    assert shape(five().after(Position(5))) == ([], 9, True)


def test_two_halves_are_the_whole() -> None:
    first, second = map(shape, five().halves())
    assert (first, second) == (([1, 2], 2, False), ([3, 4, 5], 9, True))
    assert five().before(Position(2), otherwise=Position(0)).halves() == ()
