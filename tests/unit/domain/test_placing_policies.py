"""Exercise 9: every rule of placing an order, and that it refuses."""

from typing import Any

import pytest
from msgspec.structs import replace

from domain.identifiers import OrderId
from domain.limits import AccountLimits
from domain.market import commands as c
from domain.market import events as e
from domain.market import policies
from domain.market.policies import PLACEMENT, reservation_for
from domain.market.vocabulary import OrderType, Side, TimeInForce
from domain.quantities import MAX_QUANTITY, MAX_VOLUME, Money, Quantity, Ticks
from domain.rejections import Reason
from tests.unit.domain.trading_words import (
    ANN,
    BOB,
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

GTC, GTD = TimeInForce.GOOD_TILL_CANCELED, TimeInForce.GOOD_TILL_DATE
IOC, FOK = TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL
LIMIT, MARKET, STOP = OrderType


def refused(market: Market, command: c.PlaceOrder, policy: policies.Policy, reason: Reason) -> None:
    """Check that this policy, by itself and through the market, refuses for this reason."""
    refusal = policy(command, market.state)
    assert refusal is not None
    assert refusal.reason is reason
    assert policy in PLACEMENT
    market.when(command).then(reason)


@pytest.mark.parametrize("quantity", [0, -100, MAX_QUANTITY + 1])
def test_quantity_is_possible(quantity: int) -> None:
    command = buy("a", ANN, quantity / 100, 50)
    refused(trading(), command, policies.quantity_is_possible, Reason.INVALID_QUANTITY)


@pytest.mark.parametrize("price", [0, -1, 10_000, 12_345])
def test_prices_are_possible(price: int) -> None:
    policy, reason = policies.prices_are_possible, Reason.INVALID_PRICE
    refused(trading(), buy("a", ANN, 1, price / 100), policy, reason)
    refused(trading(), buy("a", ANN, 1, 50, order_type=STOP, stop_price_ticks=Ticks(price)), policy, reason)


def test_volume_is_bounded() -> None:
    market = trading()
    market.state.volume = MAX_VOLUME - 99
    refused(market, buy("a", ANN, 1, 50), policies.volume_is_bounded, Reason.VOLUME_LIMIT)
    market.when(buy("b", ANN, 0.99, 50)).then(e.OrderPlaced)


CONTRADICTIONS: list[tuple[float | None, dict[str, Any]]] = [
    (None, {"order_type": LIMIT}),
    (50, {"order_type": MARKET}),
    (None, {"order_type": MARKET, "time_in_force": GTD, "expires_at_us": 9}),
    (50, {"order_type": STOP}),
    (50, {"stop_price_ticks": ticks(60)}),
    (50, {"post_only": True, "time_in_force": IOC}),
    (50, {"post_only": True, "time_in_force": FOK}),
    (50, {"post_only": True, "order_type": STOP, "stop_price_ticks": ticks(60)}),
    (50, {"post_only": True, "buy_max_cost": dollars(1)}),
    (50, {"time_in_force": GTD}),
    (50, {"expires_at_us": 9}),
    (50, {"time_in_force": GTD, "expires_at_us": 9, "now_us": 9}),
    (50, {"buy_max_cost": Money(0)}),
    (50, {"buy_max_cost": dollars(1), "order_type": STOP, "stop_price_ticks": ticks(60)}),
]


@pytest.mark.parametrize(("cents", "more"), CONTRADICTIONS)
def test_order_is_whole(cents: float | None, more: dict[str, Any]) -> None:
    refused(trading(), buy("a", ANN, 1, cents, **more), policies.order_is_whole, Reason.INVALID_ORDER)


def test_order_is_whole_a_sale_has_no_highest_cost() -> None:
    command = sell("s", ANN, 1, 50, buy_max_cost=dollars(1))
    refused(holding(trading(), ANN, 1), command, policies.order_is_whole, Reason.INVALID_ORDER)


def test_order_is_new() -> None:
    market = trading().and_then(buy("a", ANN, 1, 50))
    refused(market, buy("a", ANN, 1, 50), policies.order_is_new, Reason.ORDER_EXISTS)


def test_market_trades() -> None:
    market = trading().and_then(c.PauseMarket())
    refused(market, buy("a", ANN, 1, 50), policies.market_trades, Reason.MARKET_PAUSED)


def test_market_has_not_moved_on() -> None:
    market = trading()
    seen = market.state.revision
    market.and_then(buy("a", ANN, 1, 50, market_revision=seen))
    late = buy("b", ANN, 1, 50, market_revision=seen)
    refused(market, late, policies.market_has_not_moved_on, Reason.MARKET_VERSION_CHANGED)


def test_order_is_in_time() -> None:
    market = trading().and_then(buy("a", ANN, 1, 50, deadline_us=100, now_us=100))
    late = buy("b", ANN, 1, 50, deadline_us=100, now_us=101)
    refused(market, late, policies.order_is_in_time, Reason.TOO_LATE)


def test_price_is_on_the_grid() -> None:
    policy = policies.price_is_on_the_grid
    refused(trading(), buy("a", ANN, 1, 50.5), policy, Reason.PRICE_OFF_TICK)
    stop = buy("a", ANN, 1, 50, order_type=STOP, stop_price_ticks=Ticks(5_001))
    refused(trading(), stop, policy, Reason.PRICE_OFF_TICK)


def test_price_is_within_the_range_in_yes_terms() -> None:
    market, policy = (
        trading(price_min_ticks=ticks(10), price_max_ticks=ticks(80)),
        policies.price_is_on_the_grid,
    )
    for command in (
        buy("a", ANN, 1, 9),
        buy("a", ANN, 1, 81),
        buy("a", ANN, 1, 19, side=Side.NO),
        buy("a", ANN, 1, 91, side=Side.NO),
        buy("a", ANN, 1, 50, order_type=STOP, stop_price_ticks=ticks(81)),
    ):
        refused(market, command, policy, Reason.PRICE_OUT_OF_RANGE)
    market.and_then(buy("b", ANN, 1, 10), buy("c", ANN, 1, 20, side=Side.NO))


def test_quantity_is_on_the_step() -> None:
    market = trading(quantity_min=hundredths(2), quantity_step=hundredths(0.5))
    policy = policies.quantity_is_on_the_step
    refused(market, buy("a", ANN, 1.5, 50), policy, Reason.QUANTITY_OFF_STEP)
    refused(market, buy("a", ANN, 2.25, 50), policy, Reason.QUANTITY_OFF_STEP)
    market.and_then(buy("a", ANN, 2.5, 50))


def test_position_stays_within_limit() -> None:
    market = holding(trading(position_limit=hundredths(10)), ANN, 4).and_then(buy("b", ANN, 3, 50))
    policy = policies.position_stays_within_limit
    refused(market, buy("c", ANN, 3.01, 50), policy, Reason.POSITION_LIMIT)
    market.and_then(buy("d", ANN, 3, 50), buy("other side", ANN, 10, 40, side=Side.NO))
    refused(market, buy("e", BOB, 10.01, 50), policy, Reason.POSITION_LIMIT)


def test_seller_has_the_shares() -> None:
    market, policy = (
        holding(trading(), ANN, 5).and_then(sell("o", ANN, 2, 90)),
        policies.seller_has_the_shares,
    )
    refused(market, sell("s", ANN, 3.01, 90), policy, Reason.INSUFFICIENT_SHARES)
    refused(market, sell("s", ANN, 1, 90, side=Side.NO), policy, Reason.INSUFFICIENT_SHARES)
    refused(market, sell("s", BOB, 1, 90), policy, Reason.INSUFFICIENT_SHARES)
    market.and_then(sell("s", ANN, 3, 90))


def test_reduction_is_possible() -> None:
    market, policy = (
        holding(trading(), ANN, 5).and_then(sell("o", ANN, 5, 90)),
        policies.reduction_is_possible,
    )
    refused(market, sell("s", ANN, 1, 90, reduce_only=True), policy, Reason.REDUCE_ONLY)
    refused(market, buy("s", ANN, 1, 90, reduce_only=True), policy, Reason.REDUCE_ONLY)
    refused(market, buy("s", BOB, 1, 90, reduce_only=True), policy, Reason.REDUCE_ONLY)


def test_order_group_has_room() -> None:
    def grouped(name: str, allowance: float, version: int = 0) -> c.PlaceOrder:
        told = c.BoundOrderGroup(
            order_group_id="g",
            account_id=ANN,
            round=0,
            version=version,
            closed_at=0,
            allowance=hundredths(allowance),
        )
        return buy(name, ANN, 1, 50, order_group_id="g", allotment=told)

    market, policy = trading(), policies.order_group_has_room
    refused(market, grouped("a", 0), policy, Reason.ORDER_GROUP_TRIGGERED)
    market.and_then(grouped("b", 1), buy("t", BOB, 1, 50, side=Side.NO))
    refused(market, grouped("c", 1), policy, Reason.ORDER_GROUP_TRIGGERED)
    market.when(grouped("c", 2, version=1)).then(e.OrderGroupBounded, e.OrderPlaced)


def test_open_orders_are_bounded() -> None:
    market = trading().and_then(buy("a", ANN, 1, 50), buy("b", ANN, 1, 50))
    policy = policies.open_orders_are_bounded
    few, enough = AccountLimits(open_orders=2), AccountLimits(open_orders=3)
    refused(market, buy("c", ANN, 1, 50, limits=few), policy, Reason.TOO_MANY_OPEN_ORDERS)
    market.when(buy("c", ANN, 1, 50, limits=enough)).then(e.OrderPlaced)
    market.when(buy("d", BOB, 1, 50, limits=few)).then(e.OrderPlaced)


def test_stops_are_bounded() -> None:
    def stop(name: str, most: int) -> c.PlaceOrder:
        limits = AccountLimits(stops=most)
        return buy(name, ANN, 1, 90, order_type=OrderType.STOP, stop_price_ticks=ticks(80), limits=limits)

    market = trading().and_then(stop("a", 1))
    refused(market, stop("b", 1), policies.stops_are_bounded, Reason.TOO_MANY_STOPS)
    market.when(buy("c", ANN, 1, 50, limits=AccountLimits(stops=1))).then(e.OrderPlaced)
    market.and_then(c.CancelOrder(order_id=OrderId("a"), account_id=ANN))
    market.when(stop("b", 1)).then(e.OrderPlaced)


def test_an_account_may_have_as_much_open_as_memory_allows_for() -> None:
    assert AccountLimits() == AccountLimits(
        open_orders=100_000, open_orders_in_all=200_000, stops=10_000, order_groups=1_000, keys=100
    )


def test_money_is_reserved() -> None:
    market = trading(TAKER_FEES)
    needed = dollars(10 * 0.60 + 0.18)
    assert reservation_for(buy("a", ANN, 10, 60), market.state) == needed
    short = buy("a", ANN, 10, 60, reserved=Money(needed - 1))
    assert policies.money_is_reserved(short, needed) is not None
    market.when(short).then(Reason.RESERVATION_TOO_SMALL)
    market.and_then(buy("a", ANN, 10, 60, reserved=needed))


def test_what_was_reserved_without_need_is_not_kept() -> None:
    outcome = trading().when(buy("a", ANN, 10, 60, reserved=dollars(100)))
    assert outcome.of(e.OrderPlaced)[0].reserved == dollars(6)


def test_no_rule_is_left_out() -> None:
    """Every policy has its test above, by name."""
    names = set(globals())
    assert [p.__name__ for p in PLACEMENT if f"test_{p.__name__}" not in names] == []


def test_the_first_refusal_wins_in_the_order_of_the_reasons() -> None:
    """An order with everything wrong is refused for one thing after the other as they are put right."""
    market = holding(trading(position_limit=hundredths(10), quantity_step=hundredths(1)), ANN, 2)
    market.and_then(buy("taken", ANN, 1, 10))
    wrong: dict[str, Any] = {
        "order_id": "taken",
        "quantity": Quantity(0),
        "price_ticks": Ticks(0),
        "stop_price_ticks": ticks(60),
        "market_revision": 1,
        "deadline_us": -1,
        "reserved": Money(0),
    }
    right: list[tuple[Reason, dict[str, Any]]] = [
        (Reason.INVALID_QUANTITY, {"quantity": Quantity(1_150)}),
        (Reason.INVALID_PRICE, {"price_ticks": Ticks(5_050)}),
        (Reason.INVALID_ORDER, {"stop_price_ticks": None}),
        (Reason.ORDER_EXISTS, {"order_id": "new"}),
        (Reason.MARKET_VERSION_CHANGED, {"market_revision": None}),
        (Reason.TOO_LATE, {"deadline_us": None}),
        (Reason.PRICE_OFF_TICK, {"price_ticks": ticks(50)}),
        (Reason.QUANTITY_OFF_STEP, {"quantity": hundredths(8)}),
        (Reason.POSITION_LIMIT, {"quantity": hundredths(1)}),
        (Reason.RESERVATION_TOO_SMALL, {"reserved": dollars(1)}),
    ]
    reasons = list(Reason)
    assert [reasons.index(reason) for reason, _ in right] == sorted(reasons.index(r) for r, _ in right)
    for reason, correction in right:
        market.when(replace(buy("x", ANN, 1, 50), **wrong)).then(reason)
        wrong |= correction
    market.when(replace(buy("x", ANN, 1, 50), **wrong)).then(e.OrderPlaced)
