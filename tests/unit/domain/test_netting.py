"""Nobody holds both outcomes of a market: a pair is worth a dollar whatever happens, and is paid at once."""

from collections.abc import Iterator
from typing import NoReturn

from application.snapshots.market_form import MARKET_FORM
from application.snapshots.steps import at_once
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market import commands as c
from domain.market import events as e
from domain.market.aggregate import MARKET
from domain.market.book import Order
from domain.market.evolve import evolve
from domain.market.invariants import market_violations
from domain.market.state import MarketState
from domain.market.vocabulary import Result, Side
from domain.quantities import Money, Quantity
from tests.unit.domain.trading_words import (
    ANN,
    BOB,
    BOTH_PAY,
    CAT,
    TAKER_FEES,
    Market,
    buy,
    ends,
    fills,
    holding,
    hundredths,
    listed,
    sell,
    trading,
)

DOLLAR = 1_000_000


def held(market: Market, account: AccountId) -> tuple[int, int]:
    position = market.state.positions.get(account)
    return (position.yes, position.no) if position else (0, 0)


def test_a_fill_that_completes_pairs_redeems_them_in_the_same_decision() -> None:
    market = holding(trading(), ANN, 10).and_then(buy("b", BOB, 6, 70))
    outcome = market.when(buy("a", ANN, 6, 30, side=Side.NO))
    assert [type(event) for event in outcome.events] == [e.OrderPlaced, e.TradeExecuted, e.PairsRedeemed]
    (trade,), (redeemed,) = outcome.of(e.TradeExecuted), outcome.of(e.PairsRedeemed)
    assert (redeemed.account_id, redeemed.quantity, redeemed.payout) == (ANN, 600, 6 * DOLLAR)
    assert (redeemed.locked, redeemed.trade_id) == (0, trade.trade_id)
    assert held(market, ANN) == (400, 0)
    assert outcome.state.outstanding == hundredths(10)
    # Ten for fifty cents, of which six were given up for seventy.
    assert outcome.state.positions[ANN].paid == 5 * DOLLAR - int(4.2 * DOLLAR)
    assert list(market_violations(outcome.state)) == []


def test_makers_and_takers_are_redeemed_alike_and_each_once_a_step() -> None:
    market = holding(holding(trading(), ANN, 10, Side.NO), BOB, 10)
    market = market.and_then(buy("a1", ANN, 3, 40), buy("a2", ANN, 4, 39))
    outcome = market.when(buy("b", BOB, 7, 61, side=Side.NO))
    assert fills(outcome) == [("a1", "b", 40, 3), ("a2", "b", 39, 4)]
    assert [(r.account_id, r.quantity) for r in outcome.of(e.PairsRedeemed)] == [(ANN, 700), (BOB, 700)]
    assert (held(market, ANN), held(market, BOB)) == ((0, 300), (300, 0))


def test_of_what_was_offered_and_is_redeemed_the_latest_offer_gives_way() -> None:
    market = holding(trading(), ANN, 10).and_then(
        sell("s1", ANN, 4, 80), sell("s2", ANN, 6, 75), buy("b", BOB, 8, 60)
    )
    outcome = market.when(buy("a", ANN, 8, 40, side=Side.NO))
    assert ends(outcome) == [("s2", 6, "pairs_redeemed")]
    assert [(d.order_id, d.quantity) for d in outcome.of(e.OrderDecreased)] == [("s1", 200)]
    assert held(market, ANN) == (200, 0)
    assert list(market_violations(outcome.state)) == []


class NotGoneThrough(dict[OrderId, Order]):
    """The orders of a market, which may be very many: each is found by its name."""

    def values(self) -> NoReturn:  # type: ignore[override]
        raise AssertionError("all orders of the market were gone through")


def test_what_gives_way_is_looked_for_among_the_accounts_own_orders() -> None:
    market = holding(trading(), ANN, 10).and_then(sell("s", ANN, 10, 80), buy("b", BOB, 8, 60))
    market.state.orders = NotGoneThrough(market.state.orders)
    outcome = market.when(buy("a", ANN, 8, 40, side=Side.NO))
    assert [(d.order_id, d.quantity) for d in outcome.of(e.OrderDecreased)] == [("s", 800)]


def test_shares_offered_can_be_met_by_the_order_that_completes_their_pairs() -> None:
    market = holding(trading(), ANN, 10).and_then(buy("n", ANN, 10, 45, side=Side.NO), sell("s", ANN, 10, 56))
    outcome = market.when(buy("t", BOB, 20, 60))
    assert fills(outcome) == [("n", "t", 55, 10), ("s", "t", 56, 10)]
    assert outcome.of(e.PairsRedeemed) == []
    assert held(market, ANN) == (0, 1_000)


def test_what_a_conditional_market_frees_stays_locked_beyond_what_was_put_in() -> None:
    linked = c.LinkCondition(parent=Ticker("P"), required=Result.YES, ancestors=(Ticker("P"),))
    market = holding(listed(condition=linked).and_then(c.ActivateMarket()), ANN, 10)
    outcome = market.and_then(buy("b", BOB, 10, 90)).when(buy("a", ANN, 10, 10, side=Side.NO))
    (redeemed,) = outcome.of(e.PairsRedeemed)
    assert redeemed.locked == 4 * DOLLAR  # put in: five, and one; taken out: ten
    ended = market.when(c.DecideCondition(parent=Ticker("P"), parent_result=Result.NO))
    unwound = {it.account_id: it.refund for it in ended.of(e.PositionUnwound)}
    assert unwound == {ANN: -4 * DOLLAR, BOB: 9 * DOLLAR, "somebody": 5 * DOLLAR}


def test_a_void_gives_fees_back_to_those_whose_pairs_were_redeemed() -> None:
    market = holding(trading(BOTH_PAY), ANN, 10).and_then(buy("b", BOB, 10, 60))
    market = market.and_then(buy("a", ANN, 10, 40, side=Side.NO))
    fees = market.state.positions[ANN].fees
    assert fees > 0
    ended = market.when(c.VoidMarket())
    (paid,) = [it for it in ended.of(e.PositionSettled) if it.account_id == ANN]
    assert (paid.yes, paid.no, paid.payout, paid.fees, paid.fees_returned) == (0, 0, 0, fees, True)


def test_who_has_nothing_left_and_paid_nothing_is_forgotten() -> None:
    market = holding(trading(), ANN, 10).and_then(buy("b", BOB, 10, 50))
    market = market.and_then(buy("a", ANN, 10, 50, side=Side.NO))
    assert ANN not in market.state.positions


def test_a_market_makers_two_hundred_cycles_end_with_no_pairs() -> None:
    market = trading(TAKER_FEES)
    for cycle in range(200):
        market = market.and_then(
            buy(f"bid {cycle}", ANN, 10, 49),
            buy(f"ask {cycle}", ANN, 10, 49, side=Side.NO),
            buy(f"one {cycle}", BOB, 10, 51, side=Side.NO),
            buy(f"other {cycle}", CAT, 10, 51),
        )
        assert held(market, ANN) == (0, 0)
    position = market.state.positions[ANN]
    assert -position.paid == 200 * 10 * DOLLAR * 2 // 100  # two cents a pair, and makers pay nothing
    assert market.state.outstanding == 200 * hundredths(10)
    assert list(market_violations(market.state)) == []


# ------------------------------------------------------------------- logs from before pairs were redeemed


def written_before() -> Iterator[e.MarketEvent]:
    """Return the events of a market in which ann holds pairs, as they used to be written."""
    market = holding(trading(), ANN, 10).and_then(buy("b", BOB, 10, 60))
    market.when(buy("a", ANN, 8, 40, side=Side.NO))
    return (event for event in market.past if not isinstance(event, e.PairsRedeemed))


def old_market() -> MarketState:
    state = MARKET.initial()
    for event in written_before():
        evolve(state, event)
    return state


def test_pairs_of_an_older_log_are_redeemed_before_the_next_command() -> None:
    state = old_market()
    assert (state.positions[ANN].yes, state.positions[ANN].no) == (1_000, 800)
    assert list(market_violations(state)) == []
    assert isinstance(MARKET.react(state, 0), c.RedeemPairs)


def test_a_snapshot_of_a_market_with_pairs_remembers_that_they_are_to_be_redeemed() -> None:
    rebuilt = at_once(MARKET_FORM.rebuild(MARKET_FORM.capture(old_market())))
    assert dict(rebuilt.paired) == {ANN: None}


def test_pairs_of_an_older_market_that_has_ended_are_paid_with_everything_else() -> None:
    state = old_market()
    for event in (e.MarketClosed(), e.MarketDetermined(result=Result.NO, evidence="")):
        evolve(state, event)
    evolve(state, e.MarketFinalized(result=Result.NO))
    settle = MARKET.react(state, 0)
    while not isinstance(settle, c.SettlePositions):
        assert isinstance(settle, c.ClearBook)
        for event in MARKET.decide(settle, state):  # type: ignore[union-attr]
            evolve(state, event)
        settle = MARKET.react(state, 0)
    decided = MARKET.decide(settle, state)
    (paid,) = [it for it in decided if isinstance(it, e.PositionSettled) and it.account_id == ANN]  # type: ignore[union-attr]
    assert (paid.yes, paid.no, paid.payout) == (Quantity(1_000), Quantity(800), Money(8 * DOLLAR))
    assert list(market_violations(state)) == []
