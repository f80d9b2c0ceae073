"""What the ledger makes of what markets decided."""

from domain.identifiers import OrderId, Ticker, TradeId
from domain.ledger import events as e
from domain.ledger.aggregate import LEDGER
from domain.market import events as m
from domain.market.vocabulary import Action, Result, Side
from domain.quantities import Money, Quantity
from tests.unit.domain.money_words import (
    Ledger,
    begin,
    book,
    canceled,
    give_up,
    ledger,
    leg,
    money,
    placed,
    reserve,
    trade,
)
from tests.unit.domain.trading_words import ANN, BOB, CAT, TICKER, dollars, hundredths, ticks

PARENT = Ticker("CLOUDS")


def bought() -> Ledger:
    """Ann and Bob have bid for yes and no at 50 cents, 10 contracts, and nothing has traded."""
    return ledger(ann=10, bob=10).and_then(
        reserve("a", 6),
        reserve("b", 6, BOB),
        book(placed("a", 5.50), placed("b", 5.50, BOB, side=Side.NO)),
    )


def test_a_placed_order_is_confirmed_and_what_it_does_not_need_is_released() -> None:
    book_ = ledger(ann=10).and_then(reserve("a", 6))
    book_.when(book(placed("a", 5.50), first=3)).then(
        e.OrderConfirmed(
            order_id=OrderId("a"),
            account_id=ANN,
            ticker=TICKER,
            released=dollars(0.50),
            market_revision=3,
        )
    )
    assert money(book_.state) == (4.5, 5.5, 0)
    assert not book_.state.reservations[OrderId("a")].pending


def test_a_fill_moves_reserved_money_into_the_market_and_improvement_back_to_cash() -> None:
    book_ = bought()
    fill = trade(
        1,
        40,
        4,
        leg("b", BOB, side=Side.NO, reserved=dollars(3.30)),
        leg("a", reserved=dollars(3.30), fee=dollars(0.07)),
    )
    outcome = book_.when(book(fill, first=2))
    outcome.then(
        e.FillBooked(
            order_id=OrderId("b"),
            account_id=BOB,
            ticker=TICKER,
            trade_id=TradeId("RAIN:1"),
            side=Side.NO,
            action=Action.BUY,
            price_ticks=ticks(60),
            quantity=hundredths(4),
            value=dollars(2.40),
            fee=Money(0),
            cash_delta=dollars(-0.20),
            reserved_delta=dollars(-2.20),
            locked_delta=Money(0),
            order_group_id=None,
            market_revision=2,
        ),
        e.FillBooked(
            order_id=OrderId("a"),
            account_id=ANN,
            ticker=TICKER,
            trade_id=TradeId("RAIN:1"),
            side=Side.YES,
            action=Action.BUY,
            price_ticks=ticks(40),
            quantity=hundredths(4),
            value=dollars(1.60),
            fee=dollars(0.07),
            cash_delta=dollars(0.53),
            reserved_delta=dollars(-2.20),
            locked_delta=Money(0),
            order_group_id=None,
            market_revision=2,
        ),
    )
    state = book_.state
    assert (state.in_markets, state.fees_held) == (dollars(4), dollars(0.07))
    assert sum(account.total for account in state.accounts.values()) == dollars(20 - 4.07)


def test_a_sale_brings_cash_in() -> None:
    book_ = ledger(ann=1, bob=10).and_then(reserve("s", 0), book(placed("s", 0, action=Action.SELL)))
    fill = trade(1, 70, 2, leg("s", action=Action.SELL, fee=dollars(0.03)), leg("b", BOB))
    book_.and_then(book(fill, first=1, accounts=(ANN,)))
    assert money(book_.state) == (1 + 1.40 - 0.03, 0, 0)
    assert (book_.state.in_markets, book_.state.fees_held) == (dollars(-1.40), dollars(0.03))


def test_a_ledger_books_only_its_own_accounts() -> None:
    fill = trade(1, 50, 10, leg("b", BOB, side=Side.NO), leg("a"))
    outcome = bought().when(book(fill, first=2, accounts=(ANN,)))
    assert [event.account_id for event in outcome.events] == [ANN]


def test_a_fill_of_the_whole_order_ends_its_reservation() -> None:
    book_ = bought().and_then(book(trade(1, 50, 10, leg("b", BOB, side=Side.NO), leg("a")), first=2))
    assert book_.state.reservations == {}
    assert money(book_.state) == money(book_.state, BOB) == (5, 0, 0)


def test_what_a_cancelled_order_held_comes_back() -> None:
    book_ = bought()
    book_.when(book(canceled("a"), first=2)).then(
        e.ReservationReleased(
            order_id=OrderId("a"),
            account_id=ANN,
            ticker=TICKER,
            amount=dollars(5.50),
            market_revision=2,
        )
    )
    assert money(book_.state) == (10, 0, 0)


def test_what_a_smaller_order_no_longer_needs_comes_back() -> None:
    decreased = m.OrderDecreased(
        order_id=OrderId("a"), account_id=ANN, quantity=hundredths(4), reserved=dollars(3.30)
    )
    book_ = bought().and_then(book(decreased, first=2))
    assert money(book_.state) == (10 - 3.30, 3.30, 0)


def amended(reserved: float, extra: float, contracts: float = 10) -> m.OrderAmended:
    return m.OrderAmended(
        order_id=OrderId("a"),
        account_id=ANN,
        client_order_id="a",
        price_ticks=ticks(60),
        remaining=hundredths(contracts),
        rests=hundredths(contracts),
        reserved=dollars(reserved),
        extra=dollars(extra),
        amendment_id="first",
    )


def test_an_amended_order_keeps_what_it_needs_of_what_was_added() -> None:
    book_ = bought().and_then(begin("a", 2))
    assert money(book_.state) == (2.5, 7.5, 0)
    book_.when(book(amended(6.60, 2), first=2)).then(
        e.ReservationAmended(
            order_id=OrderId("a"),
            account_id=ANN,
            ticker=TICKER,
            reserved=dollars(6.60),
            extra=dollars(2),
            released=dollars(0.90),
            market_revision=2,
            amendment_id="first",
        )
    )
    assert money(book_.state) == (3.4, 6.6, 0)
    assert book_.state.reservations[OrderId("a")].extra == 0


def test_an_amendment_that_was_made_is_no_longer_under_way_and_keeps_its_client_id() -> None:
    book_ = bought().and_then(begin("a", 2, key=OrderId("key"), request_digest="digest"))
    book_.and_then(book(amended(6.60, 2), first=2))
    assert book_.state.amendments == {}
    assert book_.state.orders.get("key") == ("digest", TICKER, "a")


def test_an_order_that_was_only_renamed_gives_back_all_that_was_added() -> None:
    renamed = m.OrderRenamed(
        order_id=OrderId("a"), account_id=ANN, client_order_id="new", amendment_id="first"
    )
    book_ = bought().and_then(begin("a", 2, key=OrderId("key"), request_digest="digest"))
    book_.when(book(renamed, first=2)).then(
        e.ReservationAmended(
            order_id=OrderId("a"),
            account_id=ANN,
            ticker=TICKER,
            reserved=dollars(5.50),
            extra=dollars(2),
            released=dollars(2),
            market_revision=2,
            amendment_id="first",
        )
    )
    assert (money(book_.state), book_.state.amendments) == ((4.5, 5.5, 0), {})


def test_an_order_amended_to_need_less_gives_the_rest_back() -> None:
    book_ = bought().and_then(book(amended(2.20, 0), first=2))
    assert money(book_.state) == (7.8, 2.2, 0)


def test_changes_of_a_sale_move_no_money() -> None:
    book_ = sale()
    book_.when(book(amended(0, 0, 20), canceled("a", contracts=20), first=1)).then(
        e.ReservationAmended(
            order_id=OrderId("a"),
            account_id=ANN,
            ticker=TICKER,
            reserved=Money(0),
            extra=Money(0),
            released=Money(0),
            market_revision=1,
            amendment_id="first",
            for_sale=hundredths(20),
        ),
        e.ReservationReleased(
            order_id=OrderId("a"), account_id=ANN, ticker=TICKER, amount=Money(0), market_revision=2
        ),
    )
    assert (money(book_.state), book_.state.reservations) == ((1, 0, 0), {})


# ------------------------------------------------------------------------------- how many are open


def sale(name: str = "a") -> Ledger:
    """Ann offers 10 contracts."""
    return ledger(ann=1, bob=1).and_then(reserve(name, 0), book(placed(name, 0, action=Action.SELL)))


def open_orders(book_: Ledger) -> int:
    return book_.state.accounts[ANN].open_orders


def test_a_sale_counts_until_it_is_canceled_filled_or_cut_to_nothing() -> None:
    book_ = sale()
    assert (open_orders(book_), book_.state.reservations[OrderId("a")].for_sale) == (1, 1_000)
    sold = trade(1, 50, 3, leg("a", action=Action.SELL), leg("x", BOB))
    smaller = m.OrderDecreased(
        order_id=OrderId("a"), account_id=ANN, quantity=hundredths(5), reserved=Money(0)
    )
    book_.when(book(sold, smaller, first=1, accounts=(ANN,))).then(
        e.FillBooked,
        e.ReservationReleased(
            order_id=OrderId("a"),
            account_id=ANN,
            ticker=TICKER,
            amount=Money(0),
            market_revision=2,
            for_sale=hundredths(2),
        ),
    )
    assert (open_orders(book_), book_.state.reservations[OrderId("a")].for_sale) == (1, 200)
    last = trade(2, 50, 2, leg("a", action=Action.SELL), leg("x", BOB))
    book_.and_then(book(last, first=3, accounts=(ANN,)))
    assert (open_orders(book_), book_.state.reservations) == (0, {})
    assert open_orders(sale().and_then(book(canceled("a"), first=1))) == 0


def test_a_sale_that_sets_out_and_ends_in_one_booking_is_counted_and_gone() -> None:
    sold = trade(1, 50, 4, leg("x", BOB), leg("a", action=Action.SELL))
    book_ = ledger(ann=1, bob=1).and_then(reserve("a", 0))
    assert open_orders(book_) == 1
    book_.and_then(
        book(placed("a", 0, action=Action.SELL), sold, canceled("a", contracts=6), accounts=(ANN,))
    )
    assert (open_orders(book_), book_.state.reservations) == (0, {})


def test_a_sale_from_before_sales_were_counted_is_not_in_the_way() -> None:
    book_ = ledger(ann=1).and_then(reserve("a", 0))
    LEDGER.evolve(
        book_.state,
        e.OrderConfirmed(
            order_id=OrderId("a"), account_id=ANN, ticker=TICKER, released=Money(0), market_revision=0
        ),
    )
    assert open_orders(book_) == 0
    book_.when(book(amended(0, 0), canceled("a"), first=1)).then()


def test_an_amendment_is_not_one_more_order() -> None:
    book_ = bought().and_then(begin("a", 2))
    assert open_orders(book_) == 1
    book_.and_then(book(amended(5.50, 2), first=2))
    assert open_orders(book_) == 1


def test_an_amendment_of_an_order_that_filled_counts_until_its_money_is_back() -> None:
    filled = trade(1, 50, 10, leg("a"), leg("b", BOB, side=Side.NO))
    book_ = bought().and_then(begin("a", 2), book(filled, first=2, accounts=(ANN,)))
    assert open_orders(book_) == 1
    assert open_orders(book_.and_then(give_up())) == 0


def test_an_order_this_ledger_never_reserved_for_is_not_confirmed() -> None:
    ledger(ann=1).when(book(placed("a", 0))).then()


# ---------------------------------------------------------------------------------- exactly once


def test_events_booked_before_are_passed_over() -> None:
    events = placed("a", 5.50), trade(1, 50, 10, leg("a"), leg("x", CAT)), canceled("a")
    book_ = ledger(ann=10).and_then(reserve("a", 6))
    book_.and_then(book(*events, accounts=(ANN,)))
    before = book_.state.digest()
    book_.when(book(*events, accounts=(ANN,))).then()
    book_.when(book(events[1], first=1, accounts=(ANN,))).then()
    assert book_.state.digest() == before


def test_a_delivery_that_overlaps_the_last_books_only_what_is_new() -> None:
    events = placed("a", 5.50), trade(1, 50, 4, leg("a", reserved=dollars(3.3)), leg("x", CAT)), canceled("a")
    book_ = ledger(ann=10).and_then(reserve("a", 6))
    book_.and_then(book(*events[:2], accounts=(ANN,)))
    book_.when(book(*events, accounts=(ANN,))).then(e.ReservationReleased)


def test_markets_are_booked_each_for_itself() -> None:
    other = Ticker("SNOW")
    book_ = ledger(ann=10).and_then(reserve("a", 1), reserve("b", 1, ticker=other))
    book_.and_then(book(placed("a", 1), first=7))
    book_.when(book(placed("b", 1), first=2, ticker=other)).then(e.OrderConfirmed)
    assert book_.state.booked == {TICKER: 7, other: 2}


def test_all_of_an_orders_life_can_be_booked_at_once() -> None:
    book_ = ledger(ann=10, bob=10).and_then(reserve("a", 6), reserve("b", 6, BOB))
    outcome = book_.when(
        book(
            placed("b", 5, BOB, side=Side.NO),
            placed("a", 5),
            trade(1, 50, 4, leg("b", BOB, side=Side.NO, reserved=dollars(3)), leg("a", reserved=dollars(3))),
            trade(
                2, 50, 3, leg("b", BOB, side=Side.NO, reserved=dollars(1.5)), leg("a", reserved=dollars(1.5))
            ),
            canceled("a"),
        )
    )
    assert [type(event) for event in outcome.events] == [
        e.OrderConfirmed,
        e.OrderConfirmed,
        *[e.FillBooked] * 4,
        e.ReservationReleased,
    ]
    assert (money(book_.state), money(book_.state, BOB)) == ((6.5, 0, 0), (5, 1.5, 0))


def test_what_needs_no_booking_leaves_no_trace() -> None:
    bought().when(book(m.MarketPaused(reason=""), m.MarketClosed(), first=2)).then()


# ------------------------------------------------------------------------------- ends of markets


def ended(event: m.MarketEvent, *, fee: float = 0.25, locked: float = 0) -> Ledger:
    """Book a purchase of Ann's at 50 cents a piece, and the end of the market."""
    fill = trade(1, 50, 10, leg("a", fee=dollars(fee), locked=dollars(locked)), leg("x", CAT))
    book_ = ledger(ann=10).and_then(reserve("a", 6), book(placed("a", 6), fill, accounts=(ANN,)))
    return book_.and_then(book(event, first=2, accounts=(ANN,)))


def test_a_payout_is_cash_and_the_fees_are_the_houses() -> None:
    state = ended(paid(payout=10, fees=0.25, returned=False)).state
    assert money(state) == (10 - 5.25 + 10, 0, 0)
    assert (state.fees_held, state.fees_earned, state.in_markets) == (0, dollars(0.25), dollars(-5))


def paid(*, payout: float, fees: float, returned: bool) -> m.PositionSettled:
    return m.PositionSettled(
        account_id=ANN,
        yes=hundredths(10),
        no=Quantity(0),
        payout=dollars(payout),
        fees=dollars(fees),
        fees_returned=returned,
    )


def test_a_void_gives_the_fees_back() -> None:
    state = ended(paid(payout=5, fees=0.25, returned=True)).state
    assert money(state) == (10, 0, 0)
    assert (state.fees_held, state.fees_earned) == (0, 0)


def test_a_void_frees_what_is_locked() -> None:
    state = ended(paid(payout=5, fees=0.25, returned=True), locked=2).state
    assert money(state) == (10, 0, 0)


def test_an_unwound_account_gets_back_what_it_put_in_fees_included() -> None:
    unwound = m.PositionUnwound(
        account_id=ANN, yes=hundredths(10), no=Quantity(0), refund=dollars(5.25), fees=dollars(0.25)
    )
    state = ended(unwound).state
    assert money(state) == (10, 0, 0)
    assert (state.in_markets, state.fees_held, state.fees_earned) == (0, 0, 0)


def test_who_took_money_out_of_a_called_off_market_pays_it_back_from_what_was_locked() -> None:
    sold = trade(1, 90, 10, leg("s", action=Action.SELL, locked=dollars(4)), leg("x", CAT))
    unwound = m.PositionUnwound(
        account_id=ANN, yes=Quantity(0), no=Quantity(0), refund=dollars(-4), fees=Money(0)
    )
    book_ = ledger(ann=1).and_then(reserve("s", 0), book(placed("s", 0), sold, accounts=(ANN,)))
    assert money(book_.state) == (6, 0, 4)
    book_.when(book(unwound, first=2, accounts=(ANN,))).then(
        e.UnwindBooked(
            account_id=ANN,
            ticker=TICKER,
            refund=dollars(-4),
            fees=Money(0),
            cash_delta=Money(0),
            locked_delta=dollars(-4),
            market_revision=2,
        )
    )
    assert money(book_.state) == (6, 0, 0)


def test_once_the_condition_is_met_everything_locked_there_is_free() -> None:
    sold = trade(1, 90, 10, leg("s", action=Action.SELL, locked=dollars(4)), leg("x", CAT))
    book_ = ledger(ann=1).and_then(reserve("s", 0), book(placed("s", 0), sold, accounts=(ANN,)))
    book_.when(book(m.ConditionMet(parent=PARENT), first=2, accounts=())).then(
        e.ProceedsUnlocked(ticker=TICKER, market_revision=2)
    )
    assert money(book_.state) == (10, 0, 0)


def test_locks_follow_the_market_within_one_booking() -> None:
    def sold(number: int, locked: float) -> m.TradeExecuted:
        part = leg("s", action=Action.SELL, locked=dollars(locked))
        return trade(number, 90, 1, part, leg("x", CAT))

    book_ = ledger(ann=1).and_then(reserve("s", 0))
    book_.and_then(book(placed("s", 0), sold(1, 0.40), sold(2, 1.30), accounts=(ANN,)))
    assert money(book_.state) == (1.50, 0, 1.30)
    book_.and_then(book(sold(3, 2), m.ConditionMet(parent=PARENT), sold(4, 0), first=3, accounts=(ANN,)))
    assert money(book_.state) == (4.60, 0, 0)


def test_a_final_result_moves_nothing_by_itself() -> None:
    bought().when(book(m.MarketFinalized(result=Result.YES), first=2)).then()
