"""Order groups where they trade: the limit holds to the unit inside the decision that fills."""

import pytest

from domain.identifiers import OrderId
from domain.market import commands as c
from domain.market import events as e
from domain.market.invariants import market_violations
from domain.market.matching import STEP
from domain.market.state import CLOSED_GROUPS
from domain.market.trading import BATCH
from domain.market.vocabulary import Side, TimeInForce
from domain.quantities import Money
from domain.rejections import Reason
from tests.unit.domain.trading_words import (
    ANN,
    BOB,
    CAT,
    Market,
    buy,
    depth,
    ends,
    fills,
    hundredths,
    ticks,
    trading,
)


def told(allowance: float, version: int = 0, round_: int = 0, closed_at: int = 0) -> c.BoundOrderGroup:
    return c.BoundOrderGroup(
        order_group_id="g",
        account_id=ANN,
        round=round_,
        version=version,
        closed_at=closed_at,
        allowance=hundredths(allowance),
    )


def closing(version: int = 1) -> c.BoundOrderGroup:
    return told(0, version, closed_at=version)


def grouped(name: str, contracts: float, cents: float, allotment: c.BoundOrderGroup) -> c.PlaceOrder:
    """Return a bid for no by Ann within the group."""
    return buy(name, ANN, contracts, cents, side=Side.NO, order_group_id="g", allotment=allotment)


def five(limit: float = 10) -> Market:
    return trading().and_then(*(grouped(f"o{n}", 10, 40, told(limit)) for n in range(5)))


def test_five_orders_of_ten_fill_ten_of_a_taker_of_fifty_and_are_gone() -> None:
    market = five()
    outcome = market.when(buy("t", BOB, 50, 60))
    assert fills(outcome) == [("o0", "t", 60, 10)]
    assert ends(outcome) == [(f"o{n}", 10, "order_group_triggered") for n in range(1, 5)]
    assert depth(market) == [(60, 40)]
    assert list(market_violations(market.state)) == []


def test_the_limit_falls_within_an_order() -> None:
    market = five(13.37)
    outcome = market.when(buy("t", BOB, 50, 60))
    assert fills(outcome) == [("o0", "t", 60, 10), ("o1", "t", 60, 3.37)]
    assert ends(outcome)[0] == ("o1", 6.63, "order_group_triggered")
    assert sum(quantity for _, quantity, _ in ends(outcome)) == pytest.approx(36.63)


def test_a_taker_that_is_filled_before_the_limit_closes_the_group_all_the_same() -> None:
    outcome = five().when(buy("t", BOB, 10, 60))
    assert [name for name, _, _ in ends(outcome)] == ["o1", "o2", "o3", "o4"]


def test_others_behind_fill_in_the_groups_stead() -> None:
    market = five().and_then(buy("c", CAT, 10, 40, side=Side.NO))
    assert fills(market.when(buy("t", BOB, 15, 60))) == [("o0", "t", 60, 10), ("c", "t", 60, 5)]


def test_orders_of_a_group_that_take_stop_at_the_limit() -> None:
    market = trading().and_then(buy("b", BOB, 100, 60))
    for number in range(20):
        order = grouped(f"o{number}", 4, 40, told(10))
        outcome = market.when(order)
        if number < 3:
            assert outcome.rejected is None
        else:
            outcome.then(Reason.ORDER_GROUP_TRIGGERED)
    assert market.state.positions[ANN].no == 1_000
    assert [(end.order_id, end.quantity) for end in market.past if isinstance(end, e.OrderCanceled)] == [
        ("o2", 200)
    ]


def test_fill_or_kill_and_what_it_meets_count_on_the_limit() -> None:
    fok = TimeInForce.FILL_OR_KILL
    five().when(buy("t", BOB, 10.01, 60, time_in_force=fok)).then(Reason.FILL_OR_KILL)
    assert five().when(buy("t", BOB, 10, 60, time_in_force=fok)).rejected is None
    market = trading().and_then(buy("b", BOB, 100, 60))
    taker = buy("o", ANN, 11, 40, side=Side.NO, order_group_id="g", allotment=told(10), time_in_force=fok)
    market.when(taker).then(Reason.FILL_OR_KILL)


def test_an_amended_order_and_one_of_many_steps_stay_within_the_limit() -> None:
    market = trading().and_then(
        grouped("o", 50, 10, told(6)),
        *(buy(f"b{number}", BOB, 0.01, 60) for number in range(STEP + 200)),
    )
    amended = c.AmendOrder(
        amendment_id="first", order_id=OrderId("o"), account_id=ANN, price_ticks=ticks(40), extra=Money(10**9)
    )
    outcome = market.when(amended)
    assert len(fills(outcome)) == 600
    assert ends(outcome) == [("o", 44, "order_group_triggered")]


def test_a_market_that_is_told_of_the_end_takes_every_order_off_however_many() -> None:
    market = trading().and_then(*(grouped(f"o{n}", 1, 40, told(10**6)) for n in range(BATCH + 50)))
    outcome = market.when(closing())
    assert len(ends(outcome)) == BATCH + 50
    assert market.state.order_groups == {}


def test_an_order_sent_before_the_group_was_closed_is_refused_after() -> None:
    for market in (five(), trading()):
        market.and_then(closing())
        market.when(grouped("late", 1, 40, told(10))).then(Reason.ORDER_GROUP_TRIGGERED)


def test_an_order_sent_before_a_trigger_is_refused_after_a_reset_too() -> None:
    market = trading().and_then(closing(1), grouped("n", 1, 40, told(10, 2, 1, closed_at=1)))
    market.when(grouped("late", 1, 40, told(10))).then(Reason.ORDER_GROUP_TRIGGERED)
    market.when(grouped("n2", 1, 40, told(10, 2, 1, closed_at=1))).then(e.OrderPlaced)


def test_a_market_that_missed_the_end_takes_the_old_orders_off_before_new_ones_come() -> None:
    market = five()
    after_reset = told(10, 2, 1, closed_at=1)
    market.when(grouped("n", 1, 40, after_reset)).then(Reason.ORDER_GROUP_TRIGGERED)
    market.when(told(20, 3, 1, closed_at=1)).then(e.OrderGroupBounded, *[e.OrderCanceled] * 5)
    market.when(closing()).then()
    market.when(grouped("n", 1, 40, after_reset)).then(e.OrderGroupBounded, e.OrderPlaced)


def test_what_is_old_news_changes_nothing() -> None:
    market = five()
    market.when(told(10)).then()
    market.when(told(12)).then()
    market.when(told(8)).then(e.OrderGroupBounded)
    market.when(told(20, 1)).then(e.OrderGroupBounded)
    market.when(told(5)).then()
    market.and_then(buy("t", BOB, 15, 60))
    market.when(told(15, 1)).then(e.OrderGroupBounded, *[e.OrderCanceled] * 4)


def test_a_reset_counts_from_nothing() -> None:
    market = five().and_then(buy("t", BOB, 9, 60), told(10, 1, 1))
    assert fills(market.when(buy("u", BOB, 11, 60)))[-1] == ("o1", "u", 60, 9)


def test_what_fills_elsewhere_is_not_to_fill_here() -> None:
    market = five().and_then(told(4))
    assert fills(market.when(buy("t", BOB, 50, 60))) == [("o0", "t", 60, 4)]


def test_two_groups_that_meet_are_each_held_to_their_own_limit() -> None:
    other = c.BoundOrderGroup(
        order_group_id="h", account_id=BOB, round=0, version=0, closed_at=0, allowance=hundredths(7)
    )
    market = five()
    outcome = market.when(buy("t", BOB, 50, 60, order_group_id="h", allotment=other))
    assert fills(outcome) == [("o0", "t", 60, 7)]
    assert ends(outcome) == [("t", 43, "order_group_triggered")]
    assert market.state.order_groups["g"].room == 300


def test_closed_groups_are_remembered_up_to_a_bound() -> None:
    market = trading()
    for number in range(CLOSED_GROUPS + 1):
        market.and_then(
            c.BoundOrderGroup(
                order_group_id=f"g{number}",
                account_id=ANN,
                round=0,
                version=1,
                closed_at=1,
                allowance=hundredths(0),
            )
        )
    assert len(market.state.closed_groups) == CLOSED_GROUPS
    assert market.state.order_groups == {}


def test_a_market_that_no_longer_trades_takes_no_note() -> None:
    trading().and_then(c.CloseMarket()).when(closing()).then()
