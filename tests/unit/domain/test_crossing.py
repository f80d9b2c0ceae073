"""Two accounts trade with each other at an agreed price: by the book's rules, and past nobody on the book."""

from typing import Any

import pytest

from application.snapshots.market_form import MARKET_FORM
from application.snapshots.steps import at_once
from domain.identifiers import AccountId, OrderId
from domain.market import commands as c
from domain.market import events as e
from domain.market import state as market_state
from domain.market.events import CrossedOrder
from domain.market.invariants import market_violations
from domain.market.vocabulary import Action, FillKind, OrderType, Side
from domain.quantities import Money, Quantity
from domain.rejections import Reason
from tests.unit.domain.trading_words import (
    ANN,
    BOB,
    BOTH_PAY,
    CAT,
    PLENTY,
    Market,
    buy,
    depth,
    dollars,
    fills,
    holding,
    hundredths,
    sell,
    ticks,
    trading,
)

BUY, SELL, YES, NO = Action.BUY, Action.SELL, Side.YES, Side.NO


def part(name: str, account: AccountId, side: Side, action: Action) -> CrossedOrder:
    return CrossedOrder(order_id=OrderId(name), account_id=account, side=side, action=action)


MAKER, TAKER = part("m", BOB, YES, BUY), part("t", ANN, NO, BUY)


def crossing(
    cents: float = 50,
    contracts: float = 5,
    maker: CrossedOrder = MAKER,
    taker: CrossedOrder = TAKER,
    **more: Any,
) -> c.CrossOrders:
    return c.CrossOrders(
        **{
            "quote_id": "q",
            "price_ticks": ticks(cents),
            "quantity": hundredths(contracts),
            "maker": maker,
            "taker": taker,
            "maker_reserved": PLENTY,
            "taker_reserved": PLENTY,
            "now_us": 0,
            **more,
        }
    )


def held(market: Market, account: AccountId) -> tuple[int, int]:
    position = market.state.positions.get(account)
    return (position.yes, position.no) if position else (0, 0)


def test_two_buyers_make_pairs_and_no_order_of_the_book_is_touched() -> None:
    market = trading().and_then(buy("bid", CAT, 7, 45), buy("ask", CAT, 9, 45, side=NO))
    outcome = market.when(crossing())
    assert [type(each) for each in outcome.events] == [
        e.OrdersCrossed,
        e.OrderPlaced,
        e.OrderPlaced,
        e.TradeExecuted,
    ]
    assert fills(outcome) == [("m", "t", 50, 5)]
    assert outcome.of(e.TradeExecuted)[0].kind is FillKind.MINT
    assert (held(market, BOB), held(market, ANN)) == ((500, 0), (0, 500))
    assert (depth(market), depth(market, NO)) == ([(45, 7)], [(45, 9)])
    assert list(market_violations(market.state)) == []


@pytest.mark.parametrize(
    ("maker", "taker", "kind"),
    [
        (part("m", BOB, YES, BUY), part("t", ANN, YES, SELL), FillKind.NORMAL),
        (part("m", BOB, NO, SELL), part("t", ANN, YES, SELL), FillKind.MERGE),
        (part("m", BOB, NO, SELL), part("t", ANN, NO, BUY), FillKind.NORMAL),
    ],
)
def test_shares_change_hands_or_are_redeemed_as_on_the_book(
    maker: CrossedOrder, taker: CrossedOrder, kind: FillKind
) -> None:
    market = holding(holding(trading(BOTH_PAY), ANN, 10), BOB, 10, NO)
    outcome = market.when(crossing(60, 4, maker, taker))
    assert outcome.of(e.TradeExecuted)[0].kind is kind
    assert list(market_violations(market.state)) == []
    # Whichever way it is done, the maker has gained four yes against no, and the asker has lost them.
    assert [yes - no for yes, no in (held(market, BOB), held(market, ANN))] == [-600, 600]


def test_pairs_are_redeemed_in_the_same_decision() -> None:
    market = holding(trading(), ANN, 10)
    outcome = market.when(crossing(60, 4))
    (redeemed,) = outcome.of(e.PairsRedeemed)
    assert (redeemed.account_id, redeemed.quantity) == (ANN, 400)
    assert held(market, ANN) == (600, 0)


def test_both_pay_the_fees_of_maker_and_taker() -> None:
    (trade,) = trading(BOTH_PAY).when(crossing(50, 100)).of(e.TradeExecuted)
    (maker,) = (
        trading(BOTH_PAY)
        .and_then(buy("m", BOB, 100, 50))
        .when(buy("t", ANN, 100, 50, side=NO))
        .of(e.TradeExecuted)
    )
    assert (trade.maker.fee, trade.taker.fee) == (maker.maker.fee, maker.taker.fee) != (0, 0)


@pytest.mark.parametrize(("cents", "passes"), [(44, False), (45, True), (50, True), (55, True), (56, False)])
def test_nobody_who_offers_a_better_price_on_the_book_is_passed_over(cents: int, passes: bool) -> None:  # noqa: FBT001
    market = trading().and_then(buy("bid", CAT, 7, 45), buy("ask", CAT, 9, 45, side=NO))
    outcome = market.when(crossing(cents))
    if passes:
        assert fills(outcome) == [("m", "t", cents, 5)]
        assert (depth(market), depth(market, NO)) == ([(45, 7)], [(45, 9)])
        assert list(market_violations(market.state)) == []
    else:
        outcome.then(Reason.PRICE_BEYOND_BOOK)


def test_what_was_crossed_is_not_crossed_again() -> None:
    market = trading().and_then(crossing())
    market.when(crossing()).then()
    restored = at_once(MARKET_FORM.rebuild(MARKET_FORM.capture(market.state)))
    assert restored.crossed == {"m": "RAIN:1", "t": "RAIN:1"}
    assert restored.digest() == market.state.digest()


def test_so_many_crossed_orders_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.market.evolve.CROSSED_ORDERS", 4)
    assert market_state.CROSSED_ORDERS > 1_000
    market = trading()
    for number in range(5):
        maker, taker = part(f"m{number}", BOB, YES, BUY), part(f"t{number}", ANN, NO, BUY)
        market.and_then(crossing(50, 1, maker, taker))
    assert list(market.state.crossed) == ["m3", "t3", "m4", "t4"]


@pytest.mark.parametrize("name", ["m", "t"])
def test_an_order_that_was_given_up_is_never_crossed(name: str) -> None:
    market = trading().and_then(c.AbandonPlacement(order_id=OrderId(name), account_id=ANN))
    market.when(crossing()).then(Reason.ORDER_EXISTS)


def test_the_rules_of_orders_hold_for_both() -> None:
    market = trading(position_limit=Quantity(1_000), quantity_step=Quantity(100))
    market.when(crossing(50.5)).then(Reason.PRICE_OFF_TICK)
    market.when(crossing(50, 5.5)).then(Reason.QUANTITY_OFF_STEP)
    market.when(crossing(50, 11)).then(Reason.POSITION_LIMIT)
    market.when(crossing(50, 5, part("m", BOB, NO, SELL))).then(Reason.INSUFFICIENT_SHARES)
    market.when(crossing(50, 5, taker=part("t", ANN, YES, SELL))).then(Reason.INSUFFICIENT_SHARES)
    market.when(crossing(50, 5, maker_reserved=dollars(2.49))).then(Reason.RESERVATION_TOO_SMALL)
    market.when(crossing(50, 5, taker_reserved=dollars(2.49))).then(Reason.RESERVATION_TOO_SMALL)
    market.when(crossing(50, 5, taker=part("t", ANN, YES, BUY))).then(Reason.INVALID_ORDER)
    market.when(crossing(50, 5, taker=part("t", BOB, NO, BUY))).then(Reason.INVALID_ORDER)
    market.and_then(c.PauseMarket()).when(crossing()).then(Reason.MARKET_PAUSED)
    market.and_then(c.CloseMarket()).when(crossing()).then(Reason.MARKET_CLOSED)


def test_just_enough_money_is_enough_and_nothing_stays_reserved() -> None:
    outcome = trading().when(crossing(40, 5, maker_reserved=dollars(2), taker_reserved=dollars(3)))
    (trade,) = outcome.of(e.TradeExecuted)
    assert [placed.reserved for placed in outcome.of(e.OrderPlaced)] == [dollars(2), dollars(3)]
    assert (trade.maker.reserved, trade.taker.reserved) == (Money(0), Money(0))


def test_its_price_wakes_stops_as_any_last_price_does() -> None:
    market = trading().and_then(buy("ask", CAT, 9, 30, side=NO))
    market.and_then(buy("stop", CAT, 1, order_type=OrderType.STOP, stop_price_ticks=ticks(60), side=YES))
    outcome = market.when(crossing(65))
    assert outcome.of(e.StopTriggered)[0].order_id == "stop"
    assert market.state.last_price == ticks(65)


def test_what_only_reduces_gives_way_as_after_any_trade() -> None:
    market = holding(trading(), ANN, 10).and_then(sell("less", ANN, 8, 90, reduce_only=True))
    market.and_then(crossing(60, 4))
    assert list(market_violations(market.state)) == []
    assert market.state.orders[OrderId("less")].remaining == 600
