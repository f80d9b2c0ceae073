"""Limit orders: price first, then time; mint, merge and normal fills; improvement."""

from domain.identifiers import OrderId, TradeId
from domain.market import events as e
from domain.market.vocabulary import Action, FillKind, OrderType, SelfTradePrevention, Side, TimeInForce
from tests.unit.domain.trading_words import (
    ANN,
    BOB,
    CAT,
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


def test_an_order_that_meets_nobody_rests() -> None:
    market = trading()
    market.when(buy("a", ANN, 10, 60)).then(
        e.OrderPlaced(
            order_id=OrderId("a"),
            account_id=ANN,
            client_order_id="a",
            side=Side.YES,
            action=Action.BUY,
            order_type=OrderType.LIMIT,
            terms=e.Terms(price_ticks=ticks(60), quantity=hundredths(10)),
            time_in_force=TimeInForce.GOOD_TILL_CANCELED,
            expires_at_us=None,
            stop_price_ticks=None,
            post_only=False,
            reduce_only=False,
            self_trade_prevention=SelfTradePrevention.TAKER_AT_CROSS,
            order_group_id=None,
            cancel_on_pause=False,
            rests=hundredths(10),
            reserved=dollars(6),
        )
    )
    assert depth(market) == [(60, 10)]


def test_buyers_of_yes_and_no_mint_pairs_when_their_prices_add_up_to_a_dollar() -> None:
    market = trading().and_then(buy("a", ANN, 10, 40, side=Side.NO))
    outcome = market.when(buy("b", BOB, 10, 60))
    outcome.then(
        e.OrderPlaced,
        e.TradeExecuted(
            trade_id=TradeId("RAIN:1"),
            price_ticks=ticks(60),
            quantity=hundredths(10),
            kind=FillKind.MINT,
            maker=leg("a", ANN, Side.NO, Action.BUY),
            taker=leg("b", BOB, Side.YES, Action.BUY),
            rules_version=1,
        ),
    )
    state = outcome.state
    assert state.outstanding == hundredths(10)
    assert (state.positions[ANN].no, state.positions[BOB].yes) == (1_000, 1_000)
    assert (state.positions[ANN].paid, state.positions[BOB].paid) == (dollars(4), dollars(6))


def leg(name: str, account: str, side: Side, action: Action) -> e.Leg:
    return e.Leg(
        order_id=OrderId(name),
        account_id=account,
        side=side,
        action=action,
        fee=dollars(0),
        fee_accrued=0,
        reserved=dollars(0),
        locked=dollars(0),
        order_group_id=None,
    )


def test_a_buyer_and_a_seller_of_the_same_side_pass_shares_on() -> None:
    market = holding(trading(), ANN, 10).and_then(sell("a", ANN, 10, 70))
    outcome = market.when(buy("b", BOB, 4, 75))
    assert fills(outcome) == [("a", "b", 70, 4)]
    assert [t.kind for t in outcome.of(e.TradeExecuted)] == [FillKind.NORMAL]
    assert outcome.state.outstanding == hundredths(10)
    assert outcome.state.positions[ANN].paid == dollars(10 * 0.50 - 4 * 0.70)


def test_sellers_of_yes_and_no_merge_pairs() -> None:
    market = holding(holding(trading(), ANN, 10), BOB, 10, Side.NO)
    outcome = market.and_then(sell("a", ANN, 8, 45)).when(sell("b", BOB, 10, 50, side=Side.NO))
    assert fills(outcome) == [("a", "b", 45, 8)]
    assert [t.kind for t in outcome.of(e.TradeExecuted)] == [FillKind.MERGE]
    assert outcome.state.outstanding == hundredths(10 - 8)  # who sold both of them theirs has no pair left
    assert depth(market) == [(50, 2)]


def test_a_sale_of_no_stands_on_the_book_as_a_bid_for_yes() -> None:
    market = holding(trading(), ANN, 5, Side.NO).and_then(sell("a", ANN, 5, 30, side=Side.NO))
    assert depth(market, Side.YES) == [(70, 5)]
    assert depth(market, Side.NO) == []


def test_the_best_price_trades_first_and_then_the_earliest() -> None:
    market = trading().and_then(
        buy("later at 40", ANN, 1, 40, side=Side.NO),
        buy("at 41", BOB, 1, 41, side=Side.NO),
        buy("last at 40", BOB, 1, 40, side=Side.NO),
    )
    assert fills(market.when(buy("t", CAT, 3, 60))) == [
        ("at 41", "t", 59, 1),
        ("later at 40", "t", 60, 1),
        ("last at 40", "t", 60, 1),
    ]


def test_a_trade_is_at_the_makers_price_and_the_improvement_is_not_kept() -> None:
    market = trading().and_then(buy("a", ANN, 10, 50, side=Side.NO))
    outcome = market.when(buy("b", BOB, 10, 80))
    [trade] = outcome.of(e.TradeExecuted)
    assert trade.price_ticks == ticks(50)
    assert outcome.of(e.OrderPlaced)[0].reserved == dollars(8)
    assert trade.taker.reserved == 0
    assert outcome.state.positions[BOB].paid == dollars(5)


def test_what_is_left_rests_at_its_own_price_with_its_own_money() -> None:
    market = trading().and_then(buy("a", ANN, 4, 50, side=Side.NO))
    outcome = market.when(buy("b", BOB, 10, 60))
    assert depth(market) == [(60, 6)]
    [trade] = outcome.of(e.TradeExecuted)
    assert trade.taker.reserved == dollars(6 * 0.60) == outcome.state.orders[OrderId("b")].reserved


def test_fractions_of_a_contract_trade_to_the_hundredth() -> None:
    market = trading().and_then(buy("a", ANN, 0.01, 33, side=Side.NO))
    outcome = market.when(buy("b", BOB, 1.25, 67))
    assert fills(outcome) == [("a", "b", 67, 0.01)]
    assert outcome.state.positions[ANN].paid == 3_300


def test_trades_are_numbered_and_remember_the_last_price() -> None:
    market = trading().and_then(buy("a", ANN, 2, 40, side=Side.NO), buy("b", BOB, 1, 60))
    outcome = market.when(buy("c", BOB, 1, 60))
    assert [t.trade_id for t in outcome.of(e.TradeExecuted)] == ["RAIN:2"]
    assert (market.state.trades, market.state.volume, market.state.last_price) == (2, 200, 6_000)


def test_an_account_does_not_trade_with_itself_the_newcomer_gives_way() -> None:
    market = trading().and_then(buy("b", BOB, 2, 41, side=Side.NO), buy("a", ANN, 5, 40, side=Side.NO))
    outcome = market.when(buy("t", ANN, 10, 60))
    assert fills(outcome) == [("b", "t", 59, 2)]
    assert ends(outcome) == [("t", 8, "self_trade_prevention")]
    assert depth(market, Side.NO) == [(40, 5)]


def test_an_account_does_not_trade_with_itself_the_resting_order_gives_way() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40, side=Side.NO), buy("b", BOB, 2, 40, side=Side.NO))
    outcome = market.when(buy("t", ANN, 10, 60, self_trade_prevention=SelfTradePrevention.MAKER))
    outcome.then(e.OrderPlaced, e.OrderCanceled, e.TradeExecuted)
    assert ends(outcome) == [("a", 5, "self_trade_prevention")]
    assert fills(outcome) == [("b", "t", 60, 2)]
    assert depth(market) == [(60, 8)]


def test_an_order_filled_before_it_reaches_its_own_accounts_order_leaves_that_alone() -> None:
    market = trading().and_then(buy("b", BOB, 2, 41, side=Side.NO), buy("a", ANN, 5, 40, side=Side.NO))
    outcome = market.when(buy("t", ANN, 2, 60))
    assert fills(outcome) == [("b", "t", 59, 2)]
    assert ends(outcome) == []
