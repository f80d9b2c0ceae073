"""One example of every event of a market."""

from application.events import DomainEvent
from domain.fees import fee_rate, fee_schedule
from domain.identifiers import AccountId, GroupId, OrderId, Ticker, TradeId
from domain.market import events as m
from domain.market.vocabulary import (
    Action,
    EndReason,
    FillKind,
    OrderType,
    Result,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from domain.quantities import Money, Quantity, Ticks

ALICE, BOB = AccountId("alice"), AccountId("bob")
FIRST = OrderId("2f1b6c1e-4c7e-5a55-8a4e-2d1d8a3f6b01")
AMENDMENT = "0193a4f2-7c1e-7b55-9a4e-2d1d8a3f6b0c"
SECOND = OrderId("9d8f0a54-6d0c-5b1e-9f0e-71c2a4f3e002")
CHILD, PARENT = Ticker("RECESSION-27-IF-CUT"), Ticker("FED-26DEC-CUT")

QUOTE = "0193a4f2-7c1e-7b55-9a4e-2d1d8a3f6b0d"
MAKER = m.CrossedOrder(order_id=OrderId(f"{QUOTE}-01-m"), account_id=BOB, side=Side.YES, action=Action.BUY)
TAKER = m.CrossedOrder(order_id=OrderId(f"{QUOTE}-01-t"), account_id=ALICE, side=Side.YES, action=Action.SELL)

LIFECYCLE: dict[str, DomainEvent] = {
    "MarketCreated": m.MarketCreated(
        ticker=CHILD,
        title="Recession in 2027, if the Fed cuts in December?",
        rules="Yes if real GDP falls in two quarters of 2027 in a row. Source: BEA, § 2.",
        category="Economics",
        group_id=GroupId("RECESSION-27"),
        tick_size_ticks=Ticks(100),
        price_min_ticks=Ticks(100),
        price_max_ticks=Ticks(9_900),
        quantity_min=Quantity(100),
        quantity_step=Quantity(1),
        position_limit=Quantity(2_500_000),
        fees=fee_schedule(
            maker=fee_rate(), taker=fee_rate(quadratic_bps=700, flat_ticks=5), grain=Money(10_000)
        ),
        close_at_us=1_798_761_600_000_000,
    ),
    "OpeningRequested": m.OpeningRequested(group_id=GroupId("FED-26DEC")),
    "ConditionLinked": m.ConditionLinked(parent=PARENT, required=Result.YES),
    "ConditionalAttached": m.ConditionalAttached(child=CHILD),
    "ConditionMet": m.ConditionMet(parent=PARENT),
    "MarketCalledOff": m.MarketCalledOff(parent=PARENT, parent_result=Result.NO),
    "MarketActivated": m.MarketActivated(),
    "MarketPaused": m.MarketPaused(reason="the agency's site is down"),
    "MarketResumed": m.MarketResumed(),
    "MarketClosed": m.MarketClosed(),
    "MarketDetermined": m.MarketDetermined(result=Result.YES, evidence="https://www.bea.gov/news"),
    "MarketDisputed": m.MarketDisputed(reason="the figure was revised"),
    "MarketFinalized": m.MarketFinalized(result=Result.YES),
    "MarketVoided": m.MarketVoided(yes_price_ticks=Ticks(10_000), reason="the agency was closed"),
    "RulesAmended": m.RulesAmended(rules="Yes if real GDP falls in any two quarters.", version=2),
    "TickSizeChanged": m.TickSizeChanged(tick_size_ticks=Ticks(10)),
}

ORDERS: dict[str, DomainEvent] = {
    "OrderPlaced": m.OrderPlaced(
        order_id=FIRST,
        account_id=ALICE,
        client_order_id="first:1",
        side=Side.NO,
        action=Action.BUY,
        order_type=OrderType.STOP,
        terms=m.Terms(price_ticks=Ticks(3_500), quantity=Quantity(1_250)),
        time_in_force=TimeInForce.GOOD_TILL_DATE,
        expires_at_us=1_798_000_000_000_000,
        stop_price_ticks=Ticks(3_000),
        post_only=False,
        reduce_only=True,
        self_trade_prevention=SelfTradePrevention.MAKER,
        order_group_id="group-7",
        cancel_on_pause=True,
        rests=Quantity(0),
        reserved=Money(4_460_000),
    ),
    "StopTriggered": m.StopTriggered(order_id=FIRST, last_price_ticks=Ticks(6_900), rests=Quantity(250)),
    "MatchingContinued": m.MatchingContinued(
        order_id=FIRST,
        account_id=ALICE,
        side=Side.NO,
        action=Action.BUY,
        price_ticks=Ticks(3_500),
        rests=Quantity(150),
    ),
    "OrderGroupBounded": m.OrderGroupBounded(
        order_group_id="group-7",
        account_id=ALICE,
        round=2,
        version=5,
        closed_at=4,
        allowance=Quantity(10_000),
    ),
    "OrderAmended": m.OrderAmended(
        order_id=FIRST,
        account_id=ALICE,
        client_order_id="first:2",
        price_ticks=Ticks(3_600),
        remaining=Quantity(300),
        rests=Quantity(300),
        reserved=Money(1_090_000),
        extra=Money(30_000),
        amendment_id=AMENDMENT,
    ),
    "OrderRenamed": m.OrderRenamed(
        order_id=FIRST, account_id=ALICE, client_order_id="first:3", amendment_id=AMENDMENT
    ),
    "OrderDecreased": m.OrderDecreased(
        order_id=FIRST, account_id=ALICE, quantity=Quantity(100), reserved=Money(730_000)
    ),
    "OrderCanceled": m.OrderCanceled(
        order_id=FIRST, account_id=ALICE, quantity=Quantity(200), reason=EndReason.PAIRS_REDEEMED
    ),
    "PlacementAbandoned": m.PlacementAbandoned(order_id=SECOND, account_id=BOB),
    "AmendmentAbandoned": m.AmendmentAbandoned(order_id=FIRST, account_id=ALICE, amendment_id=AMENDMENT),
    "OrdersCrossed": m.OrdersCrossed(
        quote_id=f"{QUOTE}-01",
        trade_id=TradeId(f"{CHILD}:2"),
        price_ticks=Ticks(6_200),
        quantity=Quantity(50_000),
        maker=MAKER,
        taker=TAKER,
    ),
    "TradeExecuted": m.TradeExecuted(
        trade_id=TradeId(f"{CHILD}:1"),
        price_ticks=Ticks(6_500),
        quantity=Quantity(1_000),
        kind=FillKind.MINT,
        maker=m.Leg(
            order_id=FIRST,
            account_id=ALICE,
            side=Side.NO,
            action=Action.BUY,
            fee=Money(0),
            fee_accrued=0,
            reserved=Money(960_000),
            locked=Money(0),
            order_group_id="group-7",
        ),
        taker=m.Leg(
            order_id=SECOND,
            account_id=BOB,
            side=Side.YES,
            action=Action.BUY,
            fee=Money(170_000),
            fee_accrued=16_425_000_000_000,
            reserved=Money(0),
            locked=Money(5_000),
            order_group_id=None,
        ),
        rules_version=1,
    ),
}

HOLDERS: dict[str, DomainEvent] = {
    "PositionSettled": m.PositionSettled(
        account_id=BOB,
        yes=Quantity(1_000),
        no=Quantity(0),
        payout=Money(10_000_000),
        fees=Money(170_000),
        fees_returned=False,
    ),
    "PairsRedeemed": m.PairsRedeemed(
        account_id=BOB,
        quantity=Quantity(300),
        payout=Money(3_000_000),
        locked=Money(5_000),
        trade_id=TradeId(f"{CHILD}:1"),
    ),
    "PositionUnwound": m.PositionUnwound(
        account_id=BOB, yes=Quantity(0), no=Quantity(0), refund=Money(-5_000), fees=Money(170_000)
    ),
}
