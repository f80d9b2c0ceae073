"""What the book shows."""

from domain.identifiers import OrderId
from domain.market.vocabulary import Side
from tests.unit.domain.trading_words import ANN, BOB, CAT, buy, depth, trading


def test_the_depth_adds_up_each_price_best_first() -> None:
    market = trading().and_then(buy("a", ANN, 1, 40), buy("b", BOB, 2, 42), buy("c", CAT, 3, 40))
    assert depth(market) == [(42, 2), (40, 4)]
    assert market.state.book.depth(Side.YES, levels=1) == [(4_200, 200)]
    assert market.state.book.yes.best_ticks == 4_200
    assert market.state.book.no.best_ticks is None


def test_what_stands_before_an_order_is_what_is_better_and_what_came_earlier() -> None:
    market = trading().and_then(
        buy("better", ANN, 1, 42),
        buy("earlier", BOB, 2, 40),
        buy("mine", CAT, 3, 40),
        buy("later", ANN, 9, 40),
    )
    book, orders = market.state.book, market.state.orders
    assert book.queue_ahead(orders[OrderId("mine")]) == 300
    assert book.queue_ahead(orders[OrderId("better")]) == 0


def test_a_book_knows_what_would_trade_at_once() -> None:
    book = trading().and_then(buy("a", ANN, 1, 40)).state.book
    assert book.crosses(Side.NO, 6_000)
    assert not book.crosses(Side.NO, 5_999)
    assert not book.crosses(Side.YES, 9_999)


def test_an_accounts_orders_can_be_listed() -> None:
    market = trading().and_then(buy("a", ANN, 1, 40), buy("b", BOB, 1, 40), buy("c", ANN, 1, 30))
    assert [order.order_id for order in market.state.orders_of(ANN)] == ["a", "c"]
