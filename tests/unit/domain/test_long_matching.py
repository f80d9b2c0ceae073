"""Orders that meet more others than one step takes: the bound is an append's, not an order's."""

from domain.market import commands as c
from domain.market import events as e
from domain.market.aggregate import MARKET
from domain.market.invariants import market_violations
from domain.market.matching import STEP
from domain.market.state import MarketState
from domain.market.vocabulary import OrderType, SelfTradePrevention, Side, TimeInForce
from domain.quantities import Money, Quantity
from domain.rejections import Reason
from tests.unit.domain.specification import Given, Outcome
from tests.unit.domain.trading_words import ANN, BOB, CAT, Market, buy, depth, ends, fills, ticks, trading

IOC, FOK = TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL
MANY = 2 * STEP + 3


def crowded(*more: c.MarketCommand, orders: int = MANY) -> Market:
    """Return a market with many offers of a hundredth of a contract at 60, and then one of 100 at 61."""
    return trading().and_then(
        *(buy(f"m{number}", ANN, 0.01, 40, side=Side.NO) for number in range(orders)),
        buy("behind", ANN, 100, 39, side=Side.NO),
        *more,
    )


def filled(outcome: Outcome[MarketState, e.MarketEvent]) -> int:
    return sum(trade.quantity for trade in outcome.of(e.TradeExecuted))


def test_an_order_meets_every_other_however_small_and_gets_to_those_behind() -> None:
    market = crowded()
    outcome = market.when(buy("t", BOB, 50, 61))
    assert filled(outcome) == 5_000
    assert fills(outcome)[-1] == ("behind", "t", 61, 50 - MANY / 100)
    assert ends(outcome) == []
    assert len(outcome.of(e.MatchingContinued)) == 2
    assert list(market_violations(market.state)) == []


def test_what_is_left_rests_when_nothing_more_is_to_be_met() -> None:
    for orders in (STEP, STEP + 1, 2 * STEP):
        market = crowded(orders=orders)
        outcome = market.when(buy("t", BOB, 50, 60))
        assert len(fills(outcome)) == orders
        assert depth(market) == [(60, 50 - orders / 100)]
        assert outcome.of(e.MatchingContinued)[-1].rests == 5_000 - orders
        assert list(market_violations(market.state)) == []


def test_every_step_fits_into_an_append() -> None:
    outcome = crowded().when(buy("t", BOB, 50, 61))
    steps = [index for index, event in enumerate(outcome.events) if isinstance(event, e.MatchingContinued)]
    assert max(b - a for a, b in zip([0, *steps], [*steps, len(outcome.events)], strict=True)) == STEP + 1


def test_fill_or_kill_is_decided_on_all_of_the_book() -> None:
    whole = 100 + MANY / 100
    crowded().when(buy("t", BOB, whole + 0.01, 61, time_in_force=FOK)).then(Reason.FILL_OR_KILL)
    outcome = crowded().when(buy("t", BOB, whole, 61, time_in_force=FOK))
    assert outcome.rejected is None
    assert filled(outcome) == 100 * whole


def test_a_highest_cost_is_checked_over_all_of_the_book() -> None:
    cost = MANY * 6_000 + 100 * 100 * 6_100
    everything = Quantity(MANY + 100 * 100)

    def order(most: int) -> c.PlaceOrder:
        return buy("t", BOB, everything / 100, 61, buy_max_cost=Money(most))

    crowded().when(order(cost - 1)).then(Reason.MAX_COST_EXCEEDED)
    outcome = crowded().when(order(cost))
    assert outcome.rejected is None
    assert sum(t.price_ticks * t.quantity for t in outcome.of(e.TradeExecuted)) == cost


def test_market_orders_and_immediate_ones_meet_all_they_can_and_then_lapse() -> None:
    for order in (buy("t", BOB, 200), buy("t", BOB, 200, 61, time_in_force=IOC)):
        outcome = crowded().when(order)
        assert len(fills(outcome)) == MANY + 1
        assert ends(outcome) == [("t", 100 - MANY / 100, "immediate_or_cancel")]


def test_a_stop_that_comes_to_life_meets_all_it_can() -> None:
    for tif in (TimeInForce.GOOD_TILL_CANCELED, FOK):
        stop = buy(
            "s", CAT, 100, 61, order_type=OrderType.STOP, stop_price_ticks=ticks(60), time_in_force=tif
        )
        outcome = crowded(stop).when(buy("t", BOB, 0.01, 60))
        assert filled(outcome) == 10_001


def test_an_amended_order_meets_all_it_can() -> None:
    market = crowded(buy("t", BOB, 50, 10))
    amended = c.AmendOrder(
        amendment_id="first",
        order_id=market.state.orders["t"].order_id,
        account_id=BOB,
        price_ticks=ticks(61),
        extra=Money(10**9),
    )
    outcome = market.when(amended)
    assert filled(outcome) == 5_000
    assert list(market_violations(market.state)) == []


def test_own_orders_that_give_way_count_as_met() -> None:
    market = crowded()
    outcome = market.when(buy("t", ANN, 1, 61, self_trade_prevention=SelfTradePrevention.MAKER))
    assert len(outcome.of(e.OrderCanceled)) == MANY + 1
    assert depth(market) == [(61, 1)]
    blocked = crowded(buy("b", BOB, 1, 38, side=Side.NO)).when(buy("t", ANN, 1, 61))
    assert ends(blocked) == [("t", 1, "self_trade_prevention")]


def test_the_order_that_is_being_matched_goes_before_whatever_comes_next() -> None:
    """A log may end anywhere, in the middle of a step too: what is left of the order is matched first."""
    market = trading().and_then(
        *(buy(f"m{number}", ANN, 0.01, 40, side=Side.NO) for number in range(STEP + 9)),
        buy("s", CAT, 1, 70, order_type=OrderType.STOP, stop_price_ticks=ticks(60)),
        buy("g", CAT, 1, 20, time_in_force=TimeInForce.GOOD_TILL_DATE, expires_at_us=500),
    )
    before = len(market.past)
    market.and_then(buy("t", BOB, 10, 60))
    after = market.past[before:]
    for length in (1, 2, STEP - 1, STEP, STEP + 1, STEP + 2, STEP + 5, STEP + 10):
        broken_off = Given(MARKET, *market.past[: before + length])
        next_one = buy("n", CAT, 10, 60)
        outcome = broken_off.when(next_one, at=1_000)
        assert outcome.rejected is None
        takers = [trade.taker.order_id for trade in outcome.of(e.TradeExecuted)]
        assert takers == ["t"] * (STEP + 9 - sum(isinstance(a, e.TradeExecuted) for a in after[:length]))
        assert depth(broken_off)[-1] == (60, 20 - (STEP + 9) / 100), length
        assert list(market_violations(broken_off.state)) == []


def test_two_logs_that_broke_off_in_different_places_end_in_the_same_state() -> None:
    market = crowded()
    start = len(market.past)
    market.and_then(buy("t", BOB, 30, 60))
    for length in range(1, len(market.past) - start, 97):
        again = Given(MARKET, *market.past[: start + length]).and_then(
            c.ChangeTickSize(tick_size_ticks=ticks(1))
        )
        assert again.state.orders["t"].remaining == 3_000 - MANY, length
        assert again.state.positions[BOB].yes == MANY
        assert again.state.orders["t"].reserved == market.state.orders["t"].reserved
