"""The book that a bot keeps."""

from decimal import Decimal
from typing import Any

from presage.client import BookMirror, Told


def snapshot(revision: int, yes: dict[str, str], no: dict[str, str] | None = None) -> Told:
    book = {"yes_dollars_fp": list(yes.items()), "no_dollars_fp": list((no or {}).items())}
    return Told("orderbook_delta", "orderbook_snapshot", revision, (book,))


def change(revision: int, *changes: tuple[str, str, str]) -> Told:
    messages: tuple[dict[str, Any], ...] = tuple(
        {"side": side, "price_dollars": price, "delta_fp": count} for side, price, count in changes
    )
    return Told("orderbook_delta", "orderbook_delta", revision, messages)


def test_levels_come_grow_and_go() -> None:
    book = BookMirror("T")
    assert book.take(snapshot(4, {"0.4500": "10.00"}, {"0.5000": "3.50"}))
    assert book.take(change(6, ("yes", "0.4500", "-10.00"), ("yes", "0.4600", "10.25")))
    assert (book.revision, book.bids("yes")) == (6, [(Decimal("0.46"), Decimal("10.25"))])
    assert (book.best("no"), book.middle) == (Decimal("0.50"), Decimal("0.48"))


def test_a_side_without_bids_has_no_best_and_the_market_no_middle() -> None:
    book = BookMirror("T")
    book.take(snapshot(0, {"0.4500": "10.00"}))
    assert (book.best("no"), book.middle, book.bids("no")) == (None, None, [])


def test_an_equal_snapshot_is_a_check_and_no_change() -> None:
    book = BookMirror("T")
    book.take(snapshot(0, {"0.4500": "10.00"}))
    assert not book.take(snapshot(3, {"0.4500": "10.00"}))
    assert (book.checked, book.differences, book.revision) == (1, 0, 3)


def test_a_book_that_differs_is_noticed_and_replaced() -> None:
    book = BookMirror("T")
    book.take(snapshot(0, {"0.4500": "10.00"}))
    book.take(change(1, ("yes", "0.4500", "-11.00")))  # as if a message had been lost
    assert book.take(snapshot(1, {"0.4400": "1.00"}))
    assert (book.checked, book.differences) == (1, 1)
    assert book.bids("yes") == [(Decimal("0.44"), Decimal("1.00"))]
