"""The checks of the invariants find what is wrong, and say where."""

from collections.abc import Callable

import pytest

from domain.identifiers import OrderId, Ticker
from domain.invariants import violations
from domain.ledger.state import LedgerState, OrderGroup, Reservation
from domain.market import commands as c
from domain.market.state import GroupHere, MarketState
from domain.market.vocabulary import Result, Side
from domain.quantities import MAX_DEPOSITS, Quantity
from tests.properties.mini_exchange import MiniExchange
from tests.unit.domain.money_words import ledger
from tests.unit.domain.trading_words import ANN, BOB, BOTH_PAY, TICKER, buy, listing, sell, ticks

PARENT = Ticker("CLOUDS")


def healthy() -> tuple[MarketState, LedgerState]:
    """Return a conditional market with holders, open orders, fees and a lock, and its ledger."""
    exchange = MiniExchange(partitions=1)
    exchange.ledgers = [ledger(ann=100, bob=100, cat=100).state]
    setup = [
        listing(fees=BOTH_PAY),
        c.LinkCondition(parent=PARENT, required=Result.YES, ancestors=(PARENT,)),
        c.ActivateMarket(),
    ]
    for command in setup:
        exchange.ask_market(TICKER, command)
    for order in (
        buy("a", ANN, 10, 80, side=Side.NO),
        buy("b", BOB, 10, 20),
        buy("c", "cat", 15, 60),
        sell("d", BOB, 10, 60),
        buy("e", ANN, 5, 30),
    ):
        assert exchange.place(TICKER, order) is None
    exchange.settle()
    assert violations(exchange.markets, exchange.ledgers) == []
    return exchange.markets[TICKER], exchange.ledgers[0]


Damage = Callable[[MarketState, LedgerState], object]


def spoil(**changes: int) -> Damage:
    """Return a damage to the ledger's totals."""
    return lambda _, book: [setattr(book, name, getattr(book, name) + by) for name, by in changes.items()]


DAMAGES: dict[str, tuple[Damage, str]] = {
    "a cent appears": (lambda _, book: credit(book, 1), "came in, and"),
    "a deposit is forgotten": (spoil(deposited=-5), "came in, and"),
    "cash below zero": (lambda _, book: credit(book, -(10**9)), "ann has -"),
    "fees go missing": (spoil(fees_held=-1, fees_earned=1), "holders have paid"),
    "fees below zero": (spoil(fees_earned=-1, deposited=-1), "1 more was taken out of the fees"),
    "money in no market": (spoil(in_markets=7, deposited=7), "their collateral is"),
    "an event nobody saw": (lambda _, book: book.booked.update({TICKER: 10**6}), "has not happened"),
    "reserved for nothing": (lambda _, book: book.reservations.pop(OrderId("e")), "nothing set aside"),
    "set aside below zero": (
        lambda _, book: setattr(book.reservations[OrderId("e")], "amount", -1),
        "order e has -1 and for amendments 0 set aside",
    ),
    "set aside for amendments below zero": (
        lambda _, book: setattr(book.reservations[OrderId("e")], "extra", -1),
        "and for amendments -1 set aside",
    ),
    "reserved for a stranger": (
        lambda _, book: setattr(book.reservations[OrderId("e")], "account_id", BOB),
        "of bob is set aside",
    ),
    "reserved for a ghost": (
        lambda _, book: book.reservations.update({OrderId("ghost"): ghost()}),
        "is not open in RAIN",
    ),
    "for sale and not open": (
        lambda _, book: sell_ghost(book),
        "has 5 for sale and is not open in RAIN",
    ),
    "for sale though bought": (
        lambda _, book: setattr(book.reservations[OrderId("e")], "for_sale", 5),
        "has 0 for sale, and its ledger knows of 5",
    ),
    "one order counted twice": (
        lambda _, book: setattr(book.accounts[ANN], "open_orders", book.accounts[ANN].open_orders + 1),
        "open orders, ",
    ),
    "an order its ledger does not know of": (
        lambda _, book: setattr(book.reservations[OrderId("e")], "pending", True),
        "its ledger does not know",
    ),
    "a lock is lost": (lambda _, book: book.accounts[BOB].locked.clear(), "bob has 0 locked"),
    "a lock below zero": (lambda _, book: book.accounts[BOB].locked.update({TICKER: -1}), "has -1 locked"),
    "a share appears": (lambda market, _: setattr(market.positions[ANN], "yes", 1), "shares are held"),
    "pairs are miscounted": (lambda market, _: setattr(market, "outstanding", 3), "are outstanding"),
    "somebody paid less": (lambda market, _: setattr(market.positions[ANN], "paid", 0), "holders put in"),
    "an order is larger than it was": (
        lambda market, _: setattr(market.orders[OrderId("e")], "remaining", 600),
        "has 600 left and 500 resting",
    ),
    "an order holds too little": (
        lambda market, _: setattr(market.orders[OrderId("e")], "reserved", 1),
        "order e has 1 reserved and needs",
    ),
    "a bid is not counted": (
        lambda market, _: setattr(market.positions[ANN], "bid_yes", 0),
        "ann bids for 500 yes, 0 is counted",
    ),
    "an offer is counted that is not there": (
        lambda market, _: setattr(market.positions[ANN], "offered_no", 5),
        "ann offers 0 no, 5 is counted",
    ),
    "shares below zero": (lambda market, _: setattr(market.positions[ANN], "yes", -5), "ann holds -5 yes"),
    "an order is miscounted": (
        lambda market, _: setattr(market.positions[ANN], "open_orders", 9),
        "1 open orders, 9 are counted",
    ),
    "an order is not among those of its account": (
        lambda market, _: market.orders_by_account.pop(ANN),
        "ann has 1 open orders, 0 are found by its name",
    ),
    "an order that has ended is among those of its account": (
        lambda market, _: market.orders_by_account.update(
            {BOB: {OrderId("gone"): market.orders[OrderId("e")]}}
        ),
        "bob has 0 open orders, 1 are found by its name",
    ),
    "a holder is forgotten": (lambda market, _: market.positions.pop(ANN), "open orders and no position"),
    "a level is miscounted": (
        lambda market, _: setattr(market.book.yes.levels[3_000], "total", 1),
        "yes bids at 3000 are counted as 1",
    ),
    "an order is nowhere on the book": (
        lambda market, _: market.book.yes.reduce(market.orders[OrderId("e")], 0) or forget(market),
        "rests nowhere",
    ),
    "an order at another price": (
        lambda market, _: setattr(market.orders[OrderId("e")], "book_ticks", 1),
        "does not belong",
    ),
    "a crossed book": (lambda market, _: setattr(market.book.no, "mask", 1 << 9_000), "crossed"),
    "orders that only reduce are miscounted": (
        lambda market, _: setattr(market.positions[ANN], "reducing_yes", 5),
        "ann has orders that only reduce, counted as (5, 0)",
    ),
    "orders reduce more than there is": (
        lambda market, _: setattr(market.positions[ANN], "reducing_yes", 10**6),
        "ann has orders that only reduce and are for more than its position",
    ),
    "a stop is counted that does not wait": (
        lambda market, _: setattr(market.positions[ANN], "stops", 3),
        "ann has 0 stops waiting, 3 are counted",
    ),
    "an order of a group that is not there": (
        lambda market, _: setattr(market.orders[OrderId("e")], "order_group_id", "g"),
        "order e is of order group g, which does not know it",
    ),
    "an order that its group knows and that knows no group": (
        lambda market, _: market.order_groups.update({"g": spent(market)}),
        "order e is of order group None, which does not know it",
    ),
    "a group of which no more may fill": (
        lambda market, _: market.order_groups.update({"g": spent(market)}),
        "order group g may fill no more and has 1 open orders",
    ),
    "a group that was not triggered": (
        lambda _, book: book.order_groups.update({"g": filled()}),
        "order group g has filled 100 of 100 and was not triggered",
    ),
    "more than there ever is": (
        spoil(deposited=3 * MAX_DEPOSITS, in_markets=3 * MAX_DEPOSITS),
        "in markets is more than is ever counted",
    ),
    "fees that are owed": (spoil(fees_held=-(10**12)), "are held"),
    "fees paid below zero": (lambda market, _: setattr(market.positions[ANN], "fees", -1), "paid fees of -1"),
}


def spent(market: MarketState) -> GroupHere:
    group = GroupHere(ANN)
    group.allowance = 0
    group.orders = {OrderId("e"): market.orders[OrderId("e")]}
    return group


def filled() -> OrderGroup:
    group = OrderGroup(ANN, Quantity(100))
    group.filled = 100
    return group


def credit(book: LedgerState, amount: int) -> None:
    book.accounts[ANN].cash += amount


def ghost() -> Reservation:
    held = Reservation(ANN, TICKER, 5)
    held.pending = False
    return held


def sell_ghost(book: LedgerState) -> None:
    held = book.reservations[OrderId("ghost")] = Reservation(ANN, TICKER, 0)
    held.pending, held.for_sale = False, 5


def forget(market: MarketState) -> None:
    market.book.yes.levels.clear()
    market.book.yes.mask = 0


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_wrong_is_found_and_named(name: str) -> None:
    damage, sentence = DAMAGES[name]
    market, book = healthy()
    damage(market, book)
    if name == "a crossed book":
        market.book.no.levels = {9_000: market.book.yes.levels[3_000]}
    found = violations({TICKER: market}, [book])
    assert any(sentence in violation for violation in found), found


def test_money_set_aside_for_orders_under_way_is_in_order() -> None:
    market, book = healthy()
    exchange = MiniExchange(partitions=1, markets={TICKER: market}, history={TICKER: []})
    exchange.ledgers = [book]
    exchange.place(TICKER, buy("pending", ANN, 1, 10), interrupt=True)
    exchange.tickers[OrderId("e")] = TICKER
    amended = c.AmendOrder(amendment_id="first", order_id=OrderId("e"), account_id=ANN, price_ticks=ticks(31))
    exchange.amend(amended, interrupt=True)
    assert book.reservations[OrderId("pending")].pending
    assert book.reservations[OrderId("e")].extra
    assert violations({TICKER: market}, [book]) == []


def test_the_same_money_is_not_set_aside_in_two_ledgers() -> None:
    market, book = healthy()
    other = LedgerState()
    other.reservations[OrderId("e")] = book.reservations[OrderId("e")]
    assert "order e has money set aside twice" in violations({TICKER: market}, [book, other])


def test_shares_of_an_ended_market_that_nobody_holds_are_found() -> None:
    market = MarketState()
    market.status = market.status.FINALIZED
    market.outstanding = 5
    assert violations({TICKER: market}, []) == [
        f"market {TICKER}: 5 shares are outstanding and nobody holds them"
    ]
