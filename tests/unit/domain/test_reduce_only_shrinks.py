"""An order that only reduces never does more: it shrinks, or lapses, as the position does."""

from domain.identifiers import OrderId
from domain.market import commands as c
from domain.market import events as e
from domain.market.invariants import market_violations
from domain.market.trading import trimmed
from domain.market.vocabulary import EndReason, OrderType, Side, TimeInForce
from domain.quantities import Money
from tests.unit.domain.trading_words import (
    ANN,
    BOB,
    CAT,
    Market,
    buy,
    depth,
    ends,
    fills,
    holding,
    sell,
    ticks,
    trading,
)


def net(market: Market) -> float:
    position = market.state.positions.get(ANN)
    return (position.yes - position.no) / 100 if position else 0


def long(contracts: float = 10) -> Market:
    return holding(trading(), ANN, contracts)


def test_a_resting_order_lapses_when_its_position_is_sold() -> None:
    market = long().and_then(buy("r", ANN, 10, 40, side=Side.NO, reduce_only=True), sell("s", ANN, 10, 55))
    outcome = market.when(buy("t", BOB, 10, 55))
    assert fills(outcome) == [("s", "t", 55, 10)]
    assert ends(outcome) == [("r", 10, "reduce_only")]
    assert net(market) == 0
    assert list(market_violations(market.state)) == []


def test_it_shrinks_by_as_much_as_the_position_did_and_keeps_its_place() -> None:
    market = long().and_then(
        buy("r", ANN, 10, 40, side=Side.NO, reduce_only=True),
        buy("later", CAT, 10, 40, side=Side.NO),
        sell("s", ANN, 4, 55),
    )
    outcome = market.when(buy("t", BOB, 4, 55))
    [shrunk] = outcome.of(e.OrderDecreased)
    assert (shrunk.order_id, shrunk.quantity, shrunk.reserved) == ("r", 400, 6 * 400_000)
    assert fills(market.when(buy("u", BOB, 7, 60)))[0] == ("r", "u", 60, 6)
    assert net(market) == 0


def test_one_order_that_meets_both_fills_no_more_than_the_position() -> None:
    market = long().and_then(
        sell("s", ANN, 7, 55),
        buy("r", ANN, 10, 40, side=Side.NO, reduce_only=True),
        buy("c", CAT, 9, 40, side=Side.NO),
    )
    outcome = market.when(buy("t", BOB, 20, 60))
    assert fills(outcome) == [("s", "t", 55, 7), ("r", "t", 60, 3), ("c", "t", 60, 9)]
    assert ends(outcome) == [("r", 7, "reduce_only")]
    assert depth(market) == [(60, 1)]
    assert net(market) == 0


def test_fill_or_kill_does_not_count_on_what_would_lapse() -> None:
    market = long().and_then(sell("s", ANN, 7, 55), buy("r", ANN, 10, 40, side=Side.NO, reduce_only=True))
    killed = market.when(buy("t", BOB, 11, 60, time_in_force=TimeInForce.FILL_OR_KILL))
    assert killed.rejected is not None
    filled = market.when(buy("t", BOB, 10, 60, time_in_force=TimeInForce.FILL_OR_KILL))
    assert filled.rejected is None
    assert net(market) == 0


def test_a_taker_of_the_same_account_shrinks_it_too() -> None:
    market = long().and_then(buy("b", BOB, 10, 50), buy("r", ANN, 10, 40, side=Side.NO, reduce_only=True))
    outcome = market.when(sell("s", ANN, 6, 50))
    assert [(d.order_id, d.quantity) for d in outcome.of(e.OrderDecreased)] == [("r", 600)]


def test_buying_the_other_side_shrinks_what_would_sell() -> None:
    market = long().and_then(sell("r", ANN, 10, 60, reduce_only=True), buy("b", BOB, 8, 50))
    outcome = market.when(buy("n", ANN, 8, 50, side=Side.NO))
    assert [(d.order_id, d.quantity) for d in outcome.of(e.OrderDecreased)] == [("r", 800)]
    market.and_then(buy("t", CAT, 5, 60))
    assert net(market) == 0


def test_a_waiting_stop_shrinks_and_lapses_as_well() -> None:
    stop = sell("r", ANN, 10, 20, order_type=OrderType.STOP, stop_price_ticks=ticks(30), reduce_only=True)
    market = long().and_then(stop, buy("b", BOB, 9, 50))
    outcome = market.when(buy("n", ANN, 6, 50, side=Side.NO))
    assert [(d.order_id, d.quantity) for d in outcome.of(e.OrderDecreased)] == [("r", 600)]
    outcome = market.when(buy("n2", ANN, 4, 50, side=Side.NO, client_order_id="n2"))
    assert fills(outcome) == [("b", "n2", 50, 3)]
    assert market.state.orders["r"].remaining == 100
    assert list(market_violations(market.state)) == []


def test_an_amended_order_stays_within_the_position() -> None:
    market = long().and_then(buy("r", ANN, 10, 40, side=Side.NO, reduce_only=True), sell("s", ANN, 10, 70))
    market.and_then(
        c.AmendOrder(
            amendment_id="first", order_id=OrderId("r"), account_id=ANN, price_ticks=ticks(35), extra=Money(0)
        ),
    )
    outcome = market.when(buy("t", BOB, 10, 70))
    assert fills(outcome) == [("r", "t", 65, 10)]
    assert net(market) == 0


def test_of_several_the_latest_gives_way_first() -> None:
    market = long().and_then(
        buy("r1", ANN, 4, 40, side=Side.NO, reduce_only=True),
        sell("r2", ANN, 6, 80, reduce_only=True),
        buy("b", BOB, 7, 50),
    )
    outcome = market.when(buy("n", ANN, 7, 50, side=Side.NO))
    assert ends(outcome) == [("r2", 6, "reduce_only")]
    assert [(d.order_id, d.quantity) for d in outcome.of(e.OrderDecreased)] == [("r1", 100)]
    assert list(market_violations(market.state)) == []


def test_once_enough_has_shrunk_the_older_orders_are_not_gone_through() -> None:
    market = trading().and_then(*(buy(name, BOB, 10, 40) for name in "abcd"))
    latest_first = reversed(market.state.orders.values())
    events = trimmed(latest_first, {"any": 2_000}, lambda _: "any", EndReason.REDUCE_ONLY, market.state)
    assert [each.order_id for each in events if isinstance(each, e.OrderCanceled)] == ["d", "c"]
    assert [order.order_id for order in latest_first] == ["a"], "one was looked at to find that it is enough"
