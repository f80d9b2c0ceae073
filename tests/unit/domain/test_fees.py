"""Fees: exact per fill, rounded once per order, never more than a sale brings in."""

from fractions import Fraction

from domain.fees import fee_rate, fee_schedule
from domain.identifiers import AccountId, OrderId
from domain.market import commands as c
from domain.market import events as e
from domain.market.book import required_reservation
from domain.market.vocabulary import Action, Side
from domain.quantities import CENT, Money, Quantity, Ticks
from tests.unit.domain.trading_words import (
    ANN,
    BOB,
    BOTH_PAY,
    TAKER_FEES,
    Market,
    buy,
    dollars,
    holding,
    hundredths,
    sell,
    ticks,
    trading,
)


def paid_fees(market: Market, account: AccountId) -> int:
    return market.state.positions[account].fees


def test_the_quadratic_fee_is_rate_times_p_times_one_less_p() -> None:
    exact = fee_rate(quadratic_bps=700).exact(ticks(30), hundredths(100))
    assert Fraction(exact, 10**8) == Fraction(7, 100) * Fraction(3, 10) * Fraction(7, 10) * 100 * 1_000_000


def test_the_flat_fee_is_an_amount_per_contract() -> None:
    exact = fee_rate(flat_ticks=25).exact(ticks(30), hundredths(100))
    assert Fraction(exact, 10**8) == dollars(0.25)


def test_a_fee_is_the_same_for_yes_at_a_price_and_no_at_the_other() -> None:
    rate = fee_rate(quadratic_bps=700, flat_ticks=3)
    assert rate.exact(ticks(20), hundredths(1)) == rate.exact(ticks(80), hundredths(1))


def test_a_sum_of_fees_is_rounded_up_to_the_grain() -> None:
    assert TAKER_FEES.rounded(0) == 0
    assert TAKER_FEES.rounded(1) == CENT
    assert TAKER_FEES.rounded(CENT * 10**8) == CENT
    assert TAKER_FEES.rounded(CENT * 10**8 + 1) == 2 * CENT
    assert fee_schedule(grain=Money(1)).rounded(10**8 + 1) == 2


def test_the_taker_pays_and_a_free_maker_does_not() -> None:
    market = trading(TAKER_FEES).and_then(buy("a", ANN, 10, 50, side=Side.NO), buy("b", BOB, 10, 50))
    # 0.07 x 0.5 x 0.5 x 10 = $0.175, rounded up to a cent.
    assert (paid_fees(market, ANN), paid_fees(market, BOB)) == (0, dollars(0.18))


def test_makers_pay_their_own_rate() -> None:
    market = trading(BOTH_PAY).and_then(buy("a", ANN, 100, 50, side=Side.NO), buy("b", BOB, 100, 50))
    assert (paid_fees(market, ANN), paid_fees(market, BOB)) == (dollars(0.44), dollars(1.75))


def test_an_order_that_fills_in_a_hundred_pieces_pays_what_it_pays_in_one() -> None:
    whole = trading(TAKER_FEES).and_then(buy("a", ANN, 100, 30, side=Side.NO), buy("b", BOB, 100, 70))
    pieces = trading(TAKER_FEES)
    for number in range(100):
        pieces.and_then(buy(f"a{number}", ANN, 1, 30, side=Side.NO))
    outcome = pieces.when(buy("b", BOB, 100, 70))
    fees = [trade.taker.fee for trade in outcome.of(e.TradeExecuted)]
    assert sum(fees) == paid_fees(pieces, BOB) == paid_fees(whole, BOB) == dollars(1.47)
    assert fees[:3] == [dollars(0.02), dollars(0.01), dollars(0.02)]


def test_a_resting_order_goes_on_adding_up_its_fees_across_fills() -> None:
    market = trading(BOTH_PAY).and_then(buy("a", ANN, 10, 50, side=Side.NO))
    charged = []
    for number in range(10):
        outcome = market.when(buy(f"b{number}", BOB, 1, 50))
        charged.append(outcome.of(e.TradeExecuted)[0].maker.fee)
    # 0.0175 x 0.25 = $0.004375 a contract: a cent falls due whenever the sum passes one.
    assert charged == [dollars(cents / 100) for cents in (1, 0, 1, 0, 1, 0, 1, 0, 0, 1)]


def test_a_purchase_reserves_its_worst_fee_and_keeps_only_what_it_may_still_need() -> None:
    market = trading(BOTH_PAY)
    market.and_then(buy("b", BOB, 100, 80))
    # The curve peaks at half a dollar: 80 cents x 100 + 0.07 x 0.25 x 100.
    assert market.state.orders[OrderId("b")].reserved == dollars(80 + 1.75)
    market.and_then(buy("a", ANN, 40, 20, side=Side.NO))
    # As a maker it paid 0.0175 x 0.16 x 40 = $0.112, so $0.12; $0.112 + $1.05 is the worst for the whole.
    assert paid_fees(market, BOB) == dollars(0.12)
    assert market.state.orders[OrderId("b")].reserved == dollars(60 * 0.80 + 1.17 - 0.12)


def test_below_half_a_dollar_the_worst_fee_is_at_the_limit() -> None:
    required = required_reservation(
        TAKER_FEES, action=Action.BUY, price_ticks=ticks(10), quantity=hundredths(100)
    )
    assert required == dollars(10 + 0.63)


def test_a_sale_reserves_nothing() -> None:
    assert (
        required_reservation(TAKER_FEES, action=Action.SELL, price_ticks=Ticks(1), quantity=Quantity(1)) == 0
    )


def test_a_sale_never_pays_more_in_fees_than_it_brings_in() -> None:
    market = holding(trading(fee_schedule(taker=fee_rate(flat_ticks=300))), ANN, 4)
    market.and_then(buy("high", BOB, 2, 10), buy("low", BOB, 2, 1))
    outcome = market.when(sell("s", ANN, 4, 1))
    # 3 cents a contract: six for the first two, and of six for the last two only what they bring in.
    assert [trade.taker.fee for trade in outcome.of(e.TradeExecuted)] == [dollars(0.06), dollars(0.02)]


def test_what_a_sale_could_not_pay_it_pays_from_its_next_fill() -> None:
    market = holding(trading(fee_schedule(maker=fee_rate(flat_ticks=300))), ANN, 4)
    market.and_then(sell("s", ANN, 4, 1))
    [first] = market.when(buy("b1", BOB, 2, 1)).of(e.TradeExecuted)
    market.and_then(
        c.AmendOrder(amendment_id="first", order_id=OrderId("s"), account_id=ANN, price_ticks=ticks(10))
    )
    [second] = market.when(buy("b2", BOB, 2, 10)).of(e.TradeExecuted)
    assert (first.maker.fee, second.maker.fee) == (dollars(0.02), dollars(0.12 - 0.02))


def test_a_schedule_that_would_pay_fees_out_is_not_possible() -> None:
    assert BOTH_PAY.possible
    assert not fee_schedule(maker=fee_rate(flat_ticks=-1)).possible
    assert not fee_schedule(taker=fee_rate(quadratic_bps=-1)).possible
    assert not fee_schedule(grain=Money(0)).possible
