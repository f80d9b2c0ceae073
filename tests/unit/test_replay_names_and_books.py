"""Tickers made from people's words, and books compared level by level."""

import re

import pytest

from application.replay.book import Book, Level, LevelDifference, differences
from application.replay.tickers import outcome_ticker, ticker_text


@pytest.mark.parametrize(
    ("text", "ticker"),
    [("mlb-ari_tor 2025", "MLB-ARI-TOR-2025"), ("..a//b--", "A-B"), ("1.23-45", "1.23-45"), ("é", "")],
)
def test_ticker_text_keeps_only_what_a_ticker_may_hold(text: str, ticker: str) -> None:
    assert ticker_text(text) == ticker


def test_plain_yes_needs_no_label() -> None:
    assert outcome_ticker("12", "*Yes") == "GJP-12"


def test_outcomes_that_shorten_alike_keep_different_tickers() -> None:
    long = "Between 10% and 15%, inclusive of both ends"
    tickers = {outcome_ticker("12", text) for text in (long, long + " and more", long.replace("15", "16"))}
    assert len(tickers) == 3
    assert all(re.fullmatch(r"GJP-12-BETWEEN-10-AND-1[56]?-[-A-Z0-9]+", ticker) for ticker in tickers)


def test_equal_books_have_no_differences() -> None:
    assert differences(Book.of({5: 1, 4: 0}, {}), Book.of({5: 1}, {6: 0})) == ()


def test_every_level_that_differs_is_named_best_first() -> None:
    recorded = Book(bids=(Level(price_ticks=5, quantity=1), Level(price_ticks=3, quantity=1)))
    replayed = Book.of({5: 2, 4: 7, 3: 1}, {9: 1})
    assert differences(recorded, replayed) == (
        LevelDifference(side="bid", price_ticks=5, recorded=1, replayed=2),
        LevelDifference(side="bid", price_ticks=4, recorded=0, replayed=7),
        LevelDifference(side="ask", price_ticks=9, recorded=0, replayed=1),
    )
