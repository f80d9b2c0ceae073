"""Market and stop orders, times in force, post-only, reduce-only, highest cost."""

from typing import Any

import pytest

from domain.identifiers import OrderId
from domain.market import commands as c
from domain.market import events as e
from domain.market.book import Order
from domain.market.vocabulary import OrderType, SelfTradePrevention, Side, TimeInForce
from domain.quantities import MAX_VOLUME
from domain.rejections import Reason
from tests.unit.domain.trading_words import (
    ANN,
    BOB,
    CAT,
    TAKER_FEES,
    Market,
    buy,
    depth,
    dollars,
    ends,
    fills,
    holding,
    hundredths,
    sell,
    ticks,
    trading,
)

FOK, IOC = TimeInForce.FILL_OR_KILL, TimeInForce.IMMEDIATE_OR_CANCEL
GTD = TimeInForce.GOOD_TILL_DATE
STOP = OrderType.STOP


def offered(*levels: tuple[float, float]) -> Market:
    """Return a market in which Ann offers yes: contracts at cents."""
    market = trading()
    for number, (contracts, cents) in enumerate(levels):
        market.and_then(buy(f"a{number}", ANN, contracts, 100 - cents, side=Side.NO))
    return market


# ------------------------------------------------------------------------------------------ market


def test_a_market_order_takes_what_there_is_and_never_rests() -> None:
    market = offered((2, 60), (3, 97))
    outcome = market.when(buy("m", BOB, 10))
    assert fills(outcome) == [("a0", "m", 60, 2), ("a1", "m", 97, 3)]
    assert ends(outcome) == [("m", 5, "immediate_or_cancel")]
    assert market.state.orders == {}


def test_a_market_order_has_the_worst_price_on_the_grid_reserved() -> None:
    outcome = offered((2, 60)).when(buy("m", BOB, 10))
    [placed] = outcome.of(e.OrderPlaced)
    assert (placed.terms.price_ticks, placed.reserved) == (ticks(99), dollars(9.90))
    assert placed.time_in_force is IOC


def test_a_market_sale_takes_the_best_bids() -> None:
    market = holding(trading(), ANN, 5).and_then(buy("b", BOB, 2, 20), buy("c", CAT, 2, 30))
    assert fills(market.when(sell("m", ANN, 3))) == [("c", "m", 30, 2), ("b", "m", 20, 1)]


def test_market_orders_for_no_take_the_best_on_their_side() -> None:
    market = holding(trading(), ANN, 5, Side.NO).and_then(buy("b", BOB, 2, 30, side=Side.NO))
    outcome = market.when(sell("m", ANN, 3, side=Side.NO))
    assert fills(outcome) == [("b", "m", 70, 2)]
    assert outcome.of(e.OrderPlaced)[0].terms.price_ticks == ticks(1)
    bought = market.and_then(buy("y", BOB, 1, 40)).when(buy("n", CAT, 1, side=Side.NO))
    assert fills(bought) == [("y", "n", 40, 1)]
    assert bought.of(e.OrderPlaced)[0].terms.price_ticks == ticks(99)


def test_a_market_order_into_an_empty_book_is_taken_and_lapses_whole() -> None:
    outcome = trading().when(buy("m", BOB, 10))
    outcome.then(e.OrderPlaced, e.OrderCanceled)
    assert ends(outcome) == [("m", 10, "immediate_or_cancel")]


# ------------------------------------------------------------------------------- times in force


def test_immediate_or_cancel_trades_what_it_can_and_the_rest_lapses() -> None:
    outcome = offered((2, 60)).when(buy("i", BOB, 5, 60, time_in_force=IOC))
    assert (fills(outcome), ends(outcome)) == (
        [("a0", "i", 60, 2)],
        [("i", 3, "immediate_or_cancel")],
    )


def test_fill_or_kill_trades_whole() -> None:
    market = offered((2, 60), (3, 61))
    assert len(fills(market.when(buy("f", BOB, 5, 61, time_in_force=FOK)))) == 2
    assert market.state.orders == {}


def test_fill_or_kill_that_cannot_trade_whole_is_refused_and_changes_nothing() -> None:
    market = offered((2, 60), (3, 61))
    before = market.state.digest()
    market.when(buy("f", BOB, 6, 61, time_in_force=FOK)).then(Reason.FILL_OR_KILL)
    market.when(buy("f", BOB, 5, 60, time_in_force=FOK)).then(Reason.FILL_OR_KILL)
    assert market.state.digest() == before


def test_fill_or_kill_does_not_count_on_its_own_accounts_orders() -> None:
    market = offered((2, 60)).and_then(buy("b", BOB, 2, 41, side=Side.NO))
    for who in SelfTradePrevention:
        order = buy("f", BOB, 3, 60, time_in_force=FOK, self_trade_prevention=who)
        market.when(order).then(Reason.FILL_OR_KILL)


def test_a_good_till_date_order_goes_when_its_time_comes() -> None:
    market = trading().and_then(buy("g", ANN, 3, 40, time_in_force=GTD, expires_at_us=1_000))
    market.when(c.ChangeTickSize(tick_size_ticks=ticks(1)), at=999).then()
    outcome = market.when(buy("b", BOB, 3, 60, side=Side.NO), at=1_000)
    outcome.then(e.OrderCanceled, e.OrderPlaced)
    assert ends(outcome) == [("g", 3, "expired")]


def test_an_order_that_was_cancelled_before_does_not_expire_again() -> None:
    market = trading().and_then(buy("g", ANN, 3, 40, time_in_force=GTD, expires_at_us=1_000))
    market.and_then(c.CancelOrder(order_id=OrderId("g"), account_id=ANN))
    market.when(buy("b", BOB, 3, 60), at=2_000).then(e.OrderPlaced)


# ---------------------------------------------------------------------------------------- stops


def last_price(market: Market, cents: float) -> None:
    """Have a contract trade at a price between two who leave nothing behind."""
    number = market.state.revision
    market.and_then(buy(f"x{number}", ANN, 1, 100 - cents, side=Side.NO), buy(f"y{number}", BOB, 1, cents))


def test_a_stop_order_waits_off_the_book_until_the_price_gets_there() -> None:
    market = trading()
    market.when(buy("s", CAT, 5, 70, order_type=STOP, stop_price_ticks=ticks(60))).then(e.OrderPlaced)
    assert depth(market) == []
    last_price(market, 59)
    assert depth(market) == []
    last_price(market, 60)
    assert depth(market) == [(70, 5)]


def test_a_trade_triggers_stops_in_the_same_breath() -> None:
    market = trading().and_then(
        buy("a", ANN, 1, 40, side=Side.NO),
        buy("deep", ANN, 9, 35, side=Side.NO),
        buy("s", CAT, 5, 70, order_type=STOP, stop_price_ticks=ticks(60)),
    )
    outcome = market.when(buy("t", BOB, 1, 60))
    outcome.then(e.OrderPlaced, e.TradeExecuted, e.StopTriggered, e.TradeExecuted)
    assert fills(outcome)[1] == ("deep", "s", 65, 5)


def test_a_stop_that_would_pass_the_markets_volume_is_taken_off() -> None:
    market = trading().and_then(
        buy("a", ANN, 1, 40, side=Side.NO),
        buy("deep", ANN, 9, 35, side=Side.NO),
        buy("s", CAT, 5, 70, order_type=STOP, stop_price_ticks=ticks(60)),
    )
    market.state.volume = MAX_VOLUME - 599
    outcome = market.when(buy("t", BOB, 1, 60))
    outcome.then(e.OrderPlaced, e.TradeExecuted, e.StopTriggered, e.OrderCanceled)
    assert market.state.volume == MAX_VOLUME - 499
    assert "s" not in market.state.orders


def test_a_sell_stop_waits_for_the_price_to_fall() -> None:
    market = holding(trading(), ANN, 5)
    market.and_then(sell("s", ANN, 5, 30, order_type=STOP, stop_price_ticks=ticks(40)))
    last_price(market, 41)
    assert "s" in market.state.stops
    last_price(market, 40)
    assert "s" not in market.state.stops


def test_a_stop_for_no_looks_at_the_price_of_no() -> None:
    market = trading().and_then(
        buy("s", CAT, 5, 70, side=Side.NO, order_type=STOP, stop_price_ticks=ticks(60))
    )
    last_price(market, 41)
    assert "s" in market.state.stops
    last_price(market, 40)
    assert depth(market, Side.NO) == [(70, 5)]


def test_a_stop_whose_price_was_reached_before_comes_to_life_at_once() -> None:
    market = trading()
    last_price(market, 60)
    outcome = market.when(buy("s", CAT, 5, 70, order_type=STOP, stop_price_ticks=ticks(60)))
    outcome.then(e.OrderPlaced, e.StopTriggered)


def test_stops_can_set_each_other_off() -> None:
    market = trading().and_then(
        buy("a", ANN, 1, 40, side=Side.NO),
        buy("b", ANN, 1, 35, side=Side.NO),
        buy("c", ANN, 1, 30, side=Side.NO),
        buy("second", CAT, 1, 99, order_type=STOP, stop_price_ticks=ticks(65)),
        buy("first", CAT, 1, 99, order_type=STOP, stop_price_ticks=ticks(60)),
    )
    outcome = market.when(buy("t", BOB, 1, 60))
    assert [s.order_id for s in outcome.of(e.StopTriggered)] == ["first", "second"]
    assert [fill[2] for fill in fills(outcome)] == [60, 65, 70]


def test_stops_wait_while_the_market_is_paused() -> None:
    market = trading().and_then(
        buy("s", CAT, 5, 70, order_type=STOP, stop_price_ticks=ticks(60)), c.PauseMarket()
    )
    market.state.last_price = ticks(65)
    market.when(c.CancelOrder(order_id=OrderId("none"), account_id=ANN)).then(Reason.ORDER_NOT_FOUND)
    market.when(c.ResumeMarket()).then(e.MarketResumed, e.StopTriggered)


@pytest.mark.parametrize("tif", [TimeInForce.GOOD_TILL_CANCELED, IOC, GTD])
def test_a_stop_without_a_limit_never_rests(tif: TimeInForce) -> None:
    expires = 1_000 if tif is GTD else None
    market = trading().and_then(
        buy("a", ANN, 1, 40, side=Side.NO),
        buy("deep", ANN, 2, 20, side=Side.NO),
        buy(
            "s",
            CAT,
            5,
            order_type=STOP,
            stop_price_ticks=ticks(60),
            time_in_force=tif,
            expires_at_us=expires,
        ),
    )
    outcome = market.when(buy("t", BOB, 1, 60))
    assert fills(outcome)[1:] == [("deep", "s", 80, 2)]
    assert ends(outcome) == [("s", 3, "immediate_or_cancel")]


def test_a_stop_that_must_fill_whole_lapses_whole_where_it_cannot() -> None:
    market = trading().and_then(
        buy("a", ANN, 1, 40, side=Side.NO),
        buy("deep", ANN, 2, 20, side=Side.NO),
        buy("s", CAT, 5, 90, order_type=STOP, stop_price_ticks=ticks(60), time_in_force=FOK),
    )
    outcome = market.when(buy("t", BOB, 1, 60))
    outcome.then(e.OrderPlaced, e.TradeExecuted, e.StopTriggered, e.OrderCanceled)
    assert ends(outcome) == [("s", 5, "fill_or_kill")]
    assert depth(market, Side.NO) == [(20, 2)]


# ------------------------------------------------------------------------- post-only, reduce-only


def test_a_post_only_order_rests() -> None:
    market = offered((2, 60))
    market.and_then(buy("p", BOB, 5, 59, post_only=True))
    assert depth(market) == [(59, 5)]


@pytest.mark.parametrize("who", list(SelfTradePrevention))
@pytest.mark.parametrize("account", [BOB, ANN])
def test_a_post_only_order_that_meets_another_is_refused_even_its_own_accounts(
    account: str, who: SelfTradePrevention
) -> None:
    market = offered((2, 60))
    order = buy("p", account, 5, 60, post_only=True, self_trade_prevention=who)
    market.when(order).then(Reason.POST_ONLY_WOULD_CROSS)


def test_a_reduce_only_sale_is_cut_to_what_is_held_and_not_offered() -> None:
    market = holding(trading(), ANN, 5).and_then(sell("o", ANN, 2, 90))
    outcome = market.when(sell("r", ANN, 50, 80, reduce_only=True))
    assert outcome.of(e.OrderPlaced)[0].terms.quantity == hundredths(3)


def test_a_reduce_only_purchase_is_cut_to_what_offsets_the_other_side_and_reserves_no_more() -> None:
    market = holding(trading(), ANN, 5).and_then(buy("o", ANN, 2, 10, side=Side.NO))
    outcome = market.when(buy("r", ANN, 50, 20, side=Side.NO, reduce_only=True))
    [placed] = outcome.of(e.OrderPlaced)
    assert placed.terms.quantity == hundredths(3)
    assert placed.reserved == dollars(3 * 0.20)


def test_a_reduce_only_order_without_a_position_is_refused() -> None:
    market = trading()
    market.when(sell("r", ANN, 1, 80, reduce_only=True)).then(Reason.REDUCE_ONLY)
    market.when(buy("r", ANN, 1, 80, reduce_only=True)).then(Reason.REDUCE_ONLY)


def test_a_reduce_only_order_can_only_get_smaller() -> None:
    market = holding(trading(), ANN, 5).and_then(sell("r", ANN, 3, 80, reduce_only=True))
    grown = c.AmendOrder(amendment_id="first", order_id=OrderId("r"), account_id=ANN, total=hundredths(4))
    market.when(grown).then(Reason.REDUCE_ONLY)
    smaller = c.AmendOrder(amendment_id="first", order_id=OrderId("r"), account_id=ANN, total=hundredths(2))
    market.when(smaller).then(e.OrderDecreased)


def test_a_reduce_only_order_is_not_held_back_by_the_maximum_position() -> None:
    market = trading(position_limit=hundredths(5))
    market = holding(market, ANN, 5)
    market.when(buy("r", ANN, 50, 20, side=Side.NO, reduce_only=True)).then(e.OrderPlaced)


# ---------------------------------------------------------------------------------- highest cost


def test_a_highest_cost_makes_a_purchase_fill_whole_or_not_at_all() -> None:
    market = offered((2, 60), (3, 61))
    assert len(fills(market.when(buy("m", BOB, 3, buy_max_cost=dollars(1.81))))) == 2
    market.when(buy("n", BOB, 3, buy_max_cost=dollars(9))).then(Reason.FILL_OR_KILL)


def test_a_highest_cost_is_never_exceeded_fees_included() -> None:
    market = trading(TAKER_FEES).and_then(buy("a", ANN, 10, 40, side=Side.NO))
    # 10 contracts at 60 cents are $6.00; the fee is 0.07 x 0.60 x 0.40 x 10 = $0.168, so $0.17.
    market.when(buy("m", BOB, 10, 60, buy_max_cost=dollars(6.16))).then(Reason.MAX_COST_EXCEEDED)
    outcome = market.when(buy("n", BOB, 10, 60, buy_max_cost=dollars(6.17)))
    assert market.state.positions[BOB].paid == dollars(6.17)
    [placed] = outcome.of(e.OrderPlaced)
    assert (placed.reserved, placed.time_in_force) == (dollars(6.17), FOK)


def test_no_more_than_the_highest_cost_is_reserved() -> None:
    market = offered((2, 60))
    cheap = buy("m", BOB, 2, buy_max_cost=dollars(1.20), reserved=dollars(1.20))
    market.when(cheap).then(e.OrderPlaced, e.TradeExecuted)


def test_stops_come_to_life_by_price_and_then_by_time_whichever_came_first() -> None:
    market = trading()
    last_price(market, 50)
    stops = [("at 63", 63), ("at 61", 61), ("at 62", 62), ("at 61 too", 61), ("idle", 64)]
    market.and_then(
        *(buy(name, CAT, 1, 1, order_type=STOP, stop_price_ticks=ticks(price)) for name, price in stops),
        buy("a", ANN, 1, 37, side=Side.NO),
    )
    outcome = market.when(buy("t", BOB, 1, 63))
    assert [stop.order_id for stop in outcome.of(e.StopTriggered)] == ["at 61", "at 61 too", "at 62", "at 63"]


def test_stops_that_wait_for_a_fall_come_to_life_from_the_highest_down() -> None:
    market = holding(trading(), CAT, 9)
    last_price(market, 50)
    stops = [("at 41", 41), ("at 43", 43), ("at 42", 42), ("idle", 40)]
    market.and_then(
        *(sell(name, CAT, 1, 99, order_type=STOP, stop_price_ticks=ticks(price)) for name, price in stops),
        buy("a", ANN, 1, 59, side=Side.NO),
    )
    outcome = market.when(buy("t", BOB, 1, 41))
    assert [stop.order_id for stop in outcome.of(e.StopTriggered)] == ["at 43", "at 42", "at 41"]


def test_a_trade_looks_at_none_of_the_stops_that_it_does_not_reach() -> None:
    class Untouched(dict[OrderId, Order]):
        def values(self) -> Any:
            raise AssertionError("all of the stops at a price were looked through")

    market = trading()
    last_price(market, 50)
    for number in range(3_000):
        cents = 60 + number % 30
        market.and_then(buy(f"s{number}", CAT, 1, 99, order_type=STOP, stop_price_ticks=ticks(cents)))
    levels = market.state.stops._rising.levels
    for price in list(levels):
        levels[price] = Untouched(levels[price])
    last_price(market, 55)
    assert len(market.state.stops) == 3_000


def test_a_stop_that_was_canceled_never_comes_to_life() -> None:
    market = trading().and_then(buy("s", CAT, 1, 70, order_type=STOP, stop_price_ticks=ticks(60)))
    market.and_then(c.CancelOrder(order_id=OrderId("s"), account_id=CAT))
    last_price(market, 65)
    assert list(market.state.stops) == []
    assert market.state.positions.get(CAT) is None


def test_orders_that_are_gone_are_not_noted_to_expire_for_ever() -> None:
    market = trading()
    for number in range(1_000):
        name = f"o{number}"
        far = 10**15 + number
        market = market.and_then(buy(name, ANN, 1, 40, time_in_force=GTD, expires_at_us=far))
        if number % 100:
            market = market.and_then(c.CancelOrder(order_id=OrderId(name), account_id=ANN))
        assert len(market.state.expirations) <= 2 * len(market.state.orders) + 110
    assert len(market.state.orders) == 10
    assert market.state.next_expiration() == (10**15, OrderId("o0"))
    left = sorted(each for each in market.state.expirations if each[1] in market.state.orders)
    assert left == [(10**15 + number, OrderId(f"o{number}")) for number in range(0, 1_000, 100)]
