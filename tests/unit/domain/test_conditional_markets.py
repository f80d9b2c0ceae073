"""A market that only counts if another ends as required."""

import pytest

from domain.identifiers import GroupId, OrderId, Ticker
from domain.market import commands as c
from domain.market import events as e
from domain.market.aggregate import MARKET
from domain.market.vocabulary import Condition, MarketStatus, Result, Side
from domain.quantities import Ticks
from domain.rejections import Reason
from tests.unit.domain.specification import Given
from tests.unit.domain.trading_words import (
    ANN,
    BOB,
    CAT,
    TAKER_FEES,
    TICKER,
    Market,
    buy,
    dollars,
    ends,
    listed,
    listing,
    sell,
    ticks,
    trading,
)

CLOUDS, WINDS = Ticker("CLOUDS"), Ticker("WINDS")
LINK = c.LinkCondition(parent=CLOUDS, required=Result.YES, ancestors=(CLOUDS, WINDS))


def met(result: Result = Result.YES) -> c.DecideCondition:
    return c.DecideCondition(parent=CLOUDS, parent_result=result)


def conditional() -> Market:
    """Return an open market that only counts if CLOUDS ends yes. Takers pay fees."""
    return listed(fees=TAKER_FEES).and_then(LINK, c.ActivateMarket())


# --------------------------------------------------------------------------------------- linking


def test_a_market_is_linked_before_it_opens() -> None:
    market = listed()
    market.when(LINK).then(e.ConditionLinked(parent=CLOUDS, required=Result.YES))
    assert market.state.condition is Condition.PENDING
    market.when(LINK).then()


def test_a_market_is_linked_once() -> None:
    market = listed().and_then(LINK)
    other = c.LinkCondition(parent=WINDS, required=Result.YES, ancestors=(WINDS,))
    market.when(other).then(Reason.CONDITION_NOT_ALLOWED)
    changed = c.LinkCondition(parent=CLOUDS, required=Result.NO, ancestors=(CLOUDS,))
    market.when(changed).then(Reason.CONDITION_NOT_ALLOWED)


def test_a_market_that_trades_is_not_linked() -> None:
    trading().when(LINK).then(Reason.CONDITION_NOT_ALLOWED)


def test_a_condition_requires_yes_or_no() -> None:
    void = c.LinkCondition(parent=CLOUDS, required=Result.VOID, ancestors=(CLOUDS,))
    listed().when(void).then(Reason.CONDITION_NOT_ALLOWED)


@pytest.mark.parametrize("ancestors", [(TICKER,), (CLOUDS, WINDS, TICKER)])
def test_a_market_cannot_depend_on_itself_not_even_through_others(ancestors: tuple[Ticker, ...]) -> None:
    link = c.LinkCondition(parent=ancestors[0], required=Result.YES, ancestors=ancestors)
    listed().when(link).then(Reason.CONDITION_CYCLE)


def test_a_market_is_listed_with_its_condition_or_not_at_all() -> None:
    market: Market = Given(MARKET)
    market.when(listing(condition=LINK, opens=True)).then(
        e.MarketCreated, e.ConditionLinked(parent=CLOUDS, required=Result.YES), e.MarketActivated
    )
    assert market.state.condition is Condition.PENDING
    void = c.LinkCondition(parent=CLOUDS, required=Result.VOID, ancestors=(CLOUDS,))
    Given(MARKET).when(listing(condition=void)).then(Reason.CONDITION_NOT_ALLOWED)
    circle = c.LinkCondition(parent=CLOUDS, required=Result.YES, ancestors=(CLOUDS, TICKER))
    Given(MARKET).when(listing(condition=circle)).then(Reason.CONDITION_CYCLE)


def test_a_market_cannot_depend_on_another_of_its_own_group_not_even_through_others() -> None:
    link = c.LinkCondition(
        parent=CLOUDS, required=Result.YES, ancestors=(CLOUDS, WINDS), groups=(GroupId("WEATHER"),)
    )
    listed(group_id=GroupId("WEATHER")).when(link).then(Reason.CONDITION_NOT_ALLOWED)
    grouped = listing(group_id=GroupId("WEATHER"), condition=link)
    Given(MARKET).when(grouped).then(Reason.CONDITION_NOT_ALLOWED)
    listed(group_id=GroupId("OTHERS")).when(link).then(e.ConditionLinked)
    listed().when(link).then(e.ConditionLinked)


def test_a_market_that_no_longer_trades_takes_not_even_a_child_that_it_knows() -> None:
    attach = c.AttachConditional(child=WINDS)
    trading().and_then(attach, c.CloseMarket()).when(attach).then(Reason.CONDITION_NOT_ALLOWED)


def test_a_conditional_market_is_not_resolved_before_its_parent_and_stays_as_it_is() -> None:
    conditional().when(c.ResolveMarket(result=Result.YES)).then(Reason.CONDITION_PENDING)


def test_a_parent_remembers_its_children_while_it_is_open() -> None:
    market = trading()
    attach = c.AttachConditional(child=WINDS)
    market.when(attach).then(e.ConditionalAttached(child=WINDS))
    market.when(attach).then()
    market.and_then(c.PauseMarket()).when(c.AttachConditional(child=CLOUDS)).then(e.ConditionalAttached)


def test_a_market_that_is_not_open_takes_no_children() -> None:
    attach = c.AttachConditional(child=WINDS)
    listed().when(attach).then(Reason.CONDITION_NOT_ALLOWED)
    trading().and_then(c.CloseMarket()).when(attach).then(Reason.CONDITION_NOT_ALLOWED)


# ---------------------------------------------------------------------------------- condition met


def test_once_the_condition_is_met_the_market_goes_on_by_itself() -> None:
    market = conditional().and_then(buy("a", ANN, 1, 40))
    market.when(met()).then(e.ConditionMet(parent=CLOUDS))
    market.when(buy("b", BOB, 1, 60, side=Side.NO)).then(e.OrderPlaced, e.TradeExecuted)
    market.and_then(c.CloseMarket(), c.DetermineMarket(result=Result.YES))
    market.when(c.FinalizeMarket()).then(e.MarketFinalized, e.PositionSettled, e.PositionSettled)


def test_a_market_waits_for_its_condition_before_it_pays() -> None:
    market = conditional().and_then(c.CloseMarket(), c.DetermineMarket(result=Result.NO))
    market.when(c.FinalizeMarket()).then(Reason.CONDITION_PENDING)
    market.and_then(met()).when(c.FinalizeMarket()).then(e.MarketFinalized)


def test_a_condition_is_decided_once_and_by_its_parent() -> None:
    market = conditional()
    market.when(c.DecideCondition(parent=WINDS, parent_result=Result.NO)).then()
    market.and_then(met()).when(met(Result.NO)).then()
    assert market.state.condition is Condition.MET
    trading().when(met()).then()


# ------------------------------------------------------------------------------------ called off


@pytest.mark.parametrize("result", [Result.NO, Result.VOID])
def test_if_the_condition_fails_every_trade_is_unwound_at_cost(result: Result) -> None:
    market = conditional().and_then(
        buy("a", ANN, 10, 40, side=Side.NO), buy("b", BOB, 10, 60), buy("rests", CAT, 5, 20)
    )
    outcome = market.when(met(result))
    outcome.then(
        e.MarketCalledOff(parent=CLOUDS, parent_result=result),
        e.OrderCanceled,
        e.PositionUnwound(account_id=ANN, yes=0, no=1_000, refund=dollars(4), fees=dollars(0)),
        e.PositionUnwound(account_id=BOB, yes=1_000, no=0, refund=dollars(6.17), fees=dollars(0.17)),
    )
    assert ends(outcome) == [("rests", 5, "condition_failed")]
    state = market.state
    assert (state.status, state.result, state.outstanding) == (MarketStatus.FINALIZED, Result.VOID, 0)


def test_who_took_money_out_gives_it_back() -> None:
    market = conditional().and_then(
        buy("a", ANN, 10, 60, side=Side.NO),
        buy("b", BOB, 10, 40),
        buy("c", CAT, 10, 90),
        sell("d", BOB, 10, 90),
    )
    unwound = {u.account_id: u.refund for u in market.when(met(Result.NO)).of(e.PositionUnwound)}
    fees = dollars(0.17), dollars(0.07)  # of 0.07 x 0.4 x 0.6 x 10 and 0.07 x 0.9 x 0.1 x 10
    assert unwound == {ANN: dollars(6), BOB: dollars(4 - 9) + sum(fees), CAT: dollars(9)}
    assert sum(unwound.values()) == dollars(10) + sum(fees)


def test_a_called_off_market_is_at_its_end() -> None:
    market = conditional().and_then(met(Result.NO))
    market.when(buy("a", ANN, 1, 50)).then(Reason.MARKET_CLOSED)
    market.when(c.VoidMarket()).then(Reason.TRANSITION_NOT_ALLOWED)
    market.when(met()).then()


@pytest.mark.parametrize(
    "commands",
    [
        [],
        [c.PauseMarket()],
        [c.CloseMarket()],
        [c.CloseMarket(), c.DetermineMarket(result=Result.YES)],
        [c.CloseMarket(), c.DetermineMarket(result=Result.YES), c.DisputeMarket()],
    ],
)
def test_a_market_is_called_off_wherever_it_stands(commands: list[c.MarketCommand]) -> None:
    market = conditional().and_then(*commands)
    market.when(met(Result.NO)).then(e.MarketCalledOff)


# ---------------------------------------------------------------------------------- locked proceeds


def locks(events: list[e.MarketEvent]) -> list[tuple[int, int]]:
    """Return what is locked of maker and taker after every trade."""
    return [(t.maker.locked, t.taker.locked) for t in events if isinstance(t, e.TradeExecuted)]


def test_what_is_taken_out_beyond_what_was_put_in_is_locked() -> None:
    market = conditional().and_then(buy("a", ANN, 10, 60, side=Side.NO), buy("b", BOB, 10, 40))
    market.and_then(buy("c", CAT, 10, 90))
    outcome = market.when(sell("d", BOB, 4, 90))
    # Bob put in $4.00 and $0.17, and has $3.60 less three cents back: nothing beyond it yet.
    assert locks(outcome.events) == [(0, 0)]
    outcome = market.when(sell("e", BOB, 6, 90))
    assert locks(outcome.events) == [(0, -market.state.positions[BOB].paid)]
    assert market.state.positions[BOB].paid == dollars(4.17 - 3.60 + 0.03 - 5.40 + 0.04)


def test_money_put_in_again_is_unlocked() -> None:
    market = conditional().and_then(buy("a", ANN, 10, 90, side=Side.NO), buy("b", BOB, 10, 10))
    market.and_then(buy("c", CAT, 10, 90), sell("d", BOB, 10, 90))
    locked = -market.state.positions[BOB].paid
    market.and_then(buy("e", ANN, 1, 50, side=Side.NO))
    outcome = market.when(buy("f", BOB, 1, 50))
    assert locks(outcome.events) == [(0, locked - dollars(0.52))]


def test_several_fills_of_one_order_lock_one_after_the_other() -> None:
    market = conditional().and_then(buy("a", ANN, 10, 90, side=Side.NO), buy("b", BOB, 10, 10))
    market.and_then(buy("c", CAT, 5, 91), buy("d", CAT, 5, 90))
    first, second = (taker for _, taker in locks(market.when(sell("e", BOB, 10, 90)).events))
    assert 0 < first < second == -market.state.positions[BOB].paid


def test_nothing_is_locked_without_a_condition_or_once_it_is_met() -> None:
    for market in (trading(), conditional().and_then(met())):
        market.and_then(buy("a", ANN, 10, 90, side=Side.NO), buy("b", BOB, 10, 10), buy("c", CAT, 10, 90))
        assert locks(market.when(sell("d", BOB, 10, 90)).events) == [(0, 0)]


def test_a_market_with_an_open_condition_can_be_voided() -> None:
    market = conditional().and_then(buy("a", ANN, 10, 40, side=Side.NO), buy("b", BOB, 10, 60))
    outcome = market.when(c.VoidMarket(yes_price_ticks=Ticks(0)))
    assert [(s.payout, s.fees_returned) for s in outcome.of(e.PositionSettled)] == [
        (dollars(10), True),
        (0, True),
    ]
    market.when(met(Result.NO)).then()


def test_an_amendment_that_trades_locks_too() -> None:
    market = conditional().and_then(buy("a", ANN, 10, 90, side=Side.NO), buy("b", BOB, 10, 10))
    market.and_then(buy("c", CAT, 10, 80), sell("d", BOB, 10, 90))
    amended = c.AmendOrder(amendment_id="first", order_id=OrderId("d"), account_id=BOB, price_ticks=ticks(80))
    assert locks(market.when(amended).events)[0][1] == -market.state.positions[BOB].paid
