"""A book set up from a market's state is the one that its events make."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

from domain.identifiers import AccountId
from domain.market.aggregate import MARKET
from domain.market.events import PairsRedeemed, PositionSettled
from domain.market.state import MarketState
from domain.quantities import Money, Quantity
from projections.folds.market_book import BOOK_EVENTS, MarketBook
from projections.folds.past_book import book_of
from tests.unit.projections.test_rows_of_a_log import events


def test_after_every_event_the_state_s_book_is_what_the_events_made() -> None:
    states: dict[str, MarketState] = defaultdict(MARKET.initial)
    books: dict[str, MarketBook] = {}
    seen = {"sells": 0, "stops": 0, "queued": 0}
    for recorded in events():
        ticker = recorded.stream.removeprefix("market-")
        if ticker == recorded.stream:
            continue
        state, book = states[ticker], books.setdefault(ticker, MarketBook.empty(ticker))
        event: Any = recorded.event
        MARKET.evolve(state, event)
        if type(event) in BOOK_EVENTS:
            book.apply(event, revision=recorded.revision, sequence=recorded.position)
        past = book_of(state)
        assert replace(past.top, revision=0) == replace(book.top, revision=0)
        assert past.top.revision == state.revision
        assert {key: replace(row, sequence=0) for key, row in past.orders.items()} == {
            key: replace(row, sequence=0) for key, row in book.orders.items()
        }
        for order_id, row in book.orders.items():
            assert past.queue_ahead(order_id) == book.queue_ahead(order_id)
            seen["sells"] += row.sells
            seen["stops"] += not row.resting
            seen["queued"] += bool(book.queue_ahead(order_id))
    assert all(seen.values()), "there is something of everything"


def test_pairs_that_are_redeemed_or_paid_are_not_outstanding_any_more() -> None:
    book = MarketBook.empty("M")
    book.top.open_interest = 500
    redeemed = PairsRedeemed(
        account_id=AccountId("ann"),
        quantity=Quantity(120),
        payout=Money(1_200_000),
        locked=Money(0),
        trade_id=None,
    )
    paid = PositionSettled(
        account_id=AccountId("ann"),
        yes=Quantity(80),
        no=Quantity(7),
        payout=Money(800_000),
        fees=Money(0),
        fees_returned=False,
    )
    assert book.apply(redeemed, revision=3, sequence=1) is None
    assert (book.top.open_interest, book.top.revision) == (380, 3)
    assert book.apply(paid, revision=4, sequence=2) is None
    assert (book.top.open_interest, book.top.revision) == (300, 4)
