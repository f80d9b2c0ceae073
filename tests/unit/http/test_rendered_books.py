"""Books as they were sent: kept once, and never more of them than there is room for."""

from adapters.http.answers.rendered_books import RenderedBooks, rendered_book
from domain.identifiers import Ticker
from domain.quantities import Quantity, Ticks
from projections.reading.views import BookView

TICKER = Ticker("T")


def book(levels: int, revision: int = 1) -> BookView:
    bids = tuple((Ticks(9_000 - level), Quantity(100)) for level in range(levels))
    return BookView(ticker=TICKER, yes=bids, no=(), revision=revision)


def test_whoever_asks_for_every_depth_makes_no_memory_grow() -> None:
    kept = RenderedBooks(bytes_max=100_000)
    for depth in range(1, 1_000):
        rendered_book(kept, book(depth), depth)
        assert kept.size_bytes <= 100_000
    assert kept.size_bytes == sum(len(rendered) for _, rendered in kept._kept.values())


def test_depths_beyond_the_book_are_one_rendering() -> None:
    kept = RenderedBooks()
    for depth in (0, *range(11, 500)):
        rendered_book(kept, book(10), depth)
    assert len(kept._kept) == 1


def test_a_new_revision_takes_the_place_of_the_old_one() -> None:
    kept = RenderedBooks()
    old, new = rendered_book(kept, book(10, 1), 0), rendered_book(kept, book(9, 2), 0)
    assert old != new
    assert kept.size_bytes == len(new)
