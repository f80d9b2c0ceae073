"""Listing, opening, pausing, closing, determining, disputing, finalizing, voiding; and what is refused."""

from itertools import product
from typing import Any

import pytest
from msgspec import structs

from domain.fees import fee_rate, fee_schedule
from domain.identifiers import GroupId, OrderId
from domain.market import commands as c
from domain.market import events as e
from domain.market.aggregate import MARKET
from domain.market.trading import BATCH
from domain.market.vocabulary import MarketStatus, OrderType, Result, Side, TimeInForce
from domain.quantities import Money, Quantity, Ticks
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
    depth,
    dollars,
    ends,
    fills,
    hundredths,
    listed,
    listing,
    sell,
    ticks,
    trading,
)

YES = c.DetermineMarket(result=Result.YES, evidence="gauge")
S = MarketStatus


def at(status: MarketStatus) -> Market:
    """Return a market that has come as far as a status."""
    way: dict[MarketStatus, list[c.MarketCommand]] = {
        S.INITIALIZED: [],
        S.ACTIVE: [c.ActivateMarket()],
        S.PAUSED: [c.ActivateMarket(), c.PauseMarket()],
        S.CLOSED: [c.ActivateMarket(), c.CloseMarket()],
        S.DETERMINED: [c.ActivateMarket(), c.CloseMarket(), YES],
        S.DISPUTED: [c.ActivateMarket(), c.CloseMarket(), YES, c.DisputeMarket()],
        S.FINALIZED: [c.ActivateMarket(), c.CloseMarket(), YES, c.FinalizeMarket()],
    }
    market = listed().and_then(*way[status])
    assert market.state.status is status
    return market


MOVES: dict[str, tuple[c.MarketCommand, e.MarketEvent, set[MarketStatus]]] = {
    "activate": (c.ActivateMarket(), e.MarketActivated(), {S.INITIALIZED}),
    "pause": (c.PauseMarket(reason="news"), e.MarketPaused(reason="news"), {S.ACTIVE}),
    "resume": (c.ResumeMarket(), e.MarketResumed(), {S.PAUSED}),
    "close": (c.CloseMarket(), e.MarketClosed(), {S.INITIALIZED, S.ACTIVE, S.PAUSED}),
    "determine": (YES, e.MarketDetermined(result=Result.YES, evidence="gauge"), {S.CLOSED, S.DISPUTED}),
    "dispute": (c.DisputeMarket(reason="wrong"), e.MarketDisputed(reason="wrong"), {S.DETERMINED}),
    "finalize": (c.FinalizeMarket(), e.MarketFinalized(result=Result.YES), {S.DETERMINED}),
    "void": (
        c.VoidMarket(reason="no rain gauge"),
        e.MarketVoided(yes_price_ticks=ticks(50), reason="no rain gauge"),
        set(S) - {S.FINALIZED},
    ),
    "amend the rules": (
        c.AmendRules(rules="It pours."),
        e.RulesAmended(rules="It pours.", version=2),
        {S.INITIALIZED, S.ACTIVE, S.PAUSED, S.CLOSED},
    ),
    "change the tick size": (
        c.ChangeTickSize(tick_size_ticks=Ticks(10)),
        e.TickSizeChanged(tick_size_ticks=Ticks(10)),
        set(S) - {S.FINALIZED},
    ),
}


@pytest.mark.parametrize(("name", "status"), list(product(MOVES, S)))
def test_a_market_moves_only_as_its_life_allows(name: str, status: MarketStatus) -> None:
    command, event, allowed = MOVES[name]
    market = at(status)
    if status in allowed:
        market.when(command).then(event)
    else:
        market.when(command).then(Reason.TRANSITION_NOT_ALLOWED)


@pytest.mark.parametrize("status", [status for status in S if status is not S.ACTIVE])
def test_a_market_takes_orders_only_while_it_is_active(status: MarketStatus) -> None:
    reason = {S.INITIALIZED: Reason.MARKET_NOT_OPEN, S.PAUSED: Reason.MARKET_PAUSED}
    at(status).when(buy("a", ANN, 1, 50)).then(reason.get(status, Reason.MARKET_CLOSED))


def test_nothing_can_be_asked_of_a_market_that_does_not_exist() -> None:
    Given(MARKET).when(c.ActivateMarket()).then(Reason.MARKET_NOT_FOUND)
    Given(MARKET).when(buy("a", ANN, 1, 50)).then(Reason.MARKET_NOT_FOUND)


# --------------------------------------------------------------------------------------- listing


def test_a_market_is_listed_with_all_of_its_terms() -> None:
    Given(MARKET).when(listing(position_limit=Quantity(500), close_at_us=9, fees=TAKER_FEES)).then(
        e.MarketCreated(
            ticker=TICKER,
            title="Will it rain?",
            rules="It rains.",
            category="",
            group_id=None,
            tick_size_ticks=Ticks(100),
            price_min_ticks=Ticks(1),
            price_max_ticks=Ticks(9_999),
            quantity_min=Quantity(1),
            quantity_step=Quantity(1),
            position_limit=Quantity(500),
            fees=TAKER_FEES,
            close_at_us=9,
        )
    )


def test_a_ticker_is_listed_once() -> None:
    listed().when(listing()).then(Reason.MARKET_EXISTS)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tick_size_ticks": 0}, Reason.INVALID_PRICE),
        ({"tick_size_ticks": -100}, Reason.INVALID_PRICE),
        ({"tick_size_ticks": 300}, Reason.INVALID_PRICE),
        ({"tick_size_ticks": 10_000}, Reason.INVALID_PRICE),
        ({"price_min_ticks": 0}, Reason.INVALID_PRICE),
        ({"price_max_ticks": 10_000}, Reason.INVALID_PRICE),
        ({"price_min_ticks": 6_000, "price_max_ticks": 5_000}, Reason.INVALID_PRICE),
        ({"price_min_ticks": 101, "price_max_ticks": 199}, Reason.INVALID_PRICE),
        ({"quantity_min": 0}, Reason.INVALID_QUANTITY),
        ({"quantity_step": 0}, Reason.INVALID_QUANTITY),
        ({"position_limit": 0}, Reason.INVALID_QUANTITY),
        ({"fees": fee_schedule(taker=fee_rate(flat_ticks=-1))}, Reason.INVALID_AMOUNT),
        ({"fees": fee_schedule(grain=Money(0))}, Reason.INVALID_AMOUNT),
    ],
)
def test_a_market_with_impossible_terms_is_not_listed(change: dict[str, Any], reason: Reason) -> None:
    Given(MARKET).when(listing(**change)).then(reason)


# --------------------------------------------------------------------------------- tick and rules


def test_on_a_finer_grid_there_are_prices_closer_to_the_ends() -> None:
    market = trading()
    market.when(buy("a", ANN, 1, 0.5)).then(Reason.PRICE_OFF_TICK)
    market.and_then(c.ChangeTickSize(tick_size_ticks=Ticks(10)))
    market.when(buy("a", ANN, 1, 0.5)).then(e.OrderPlaced)
    market.when(buy("b", ANN, 1, 99.9)).then(e.OrderPlaced)


def test_orders_off_a_coarser_grid_stay_and_trade_where_they_are() -> None:
    market = trading(tick_size_ticks=Ticks(10)).and_then(buy("a", ANN, 1, 40.5))
    market.and_then(c.ChangeTickSize(tick_size_ticks=Ticks(100)))
    market.when(buy("x", BOB, 1, 59.5, side=Side.NO)).then(Reason.PRICE_OFF_TICK)
    assert fills(market.when(buy("b", BOB, 1, 60, side=Side.NO))) == [("a", "b", 40.5, 1)]


@pytest.mark.parametrize("tick", [0, -100, 300, 10_000])
def test_a_tick_size_that_makes_no_grid_is_refused(tick: int) -> None:
    trading().when(c.ChangeTickSize(tick_size_ticks=Ticks(tick))).then(Reason.INVALID_PRICE)


def test_a_tick_size_that_leaves_no_price_in_the_range_is_refused() -> None:
    market = trading(price_min_ticks=Ticks(5_100), price_max_ticks=Ticks(5_900))
    market.when(c.ChangeTickSize(tick_size_ticks=Ticks(1_000))).then(Reason.INVALID_PRICE)


def test_the_tick_size_that_stands_needs_no_change() -> None:
    trading().when(c.ChangeTickSize(tick_size_ticks=Ticks(100))).then()


def test_every_fill_knows_the_version_of_the_rules_that_stood() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40, side=Side.NO))
    [before] = market.when(buy("b", BOB, 1, 60)).of(e.TradeExecuted)
    market.and_then(c.AmendRules(rules="It pours."), c.AmendRules(rules="It drizzles."))
    [after] = market.when(buy("c", BOB, 1, 60)).of(e.TradeExecuted)
    assert (before.rules_version, after.rules_version) == (1, 3)


# ------------------------------------------------------------------------------- pausing, closing


def test_a_pause_takes_off_the_orders_that_asked_for_it() -> None:
    market = trading().and_then(
        buy("stays", ANN, 1, 40), buy("goes", BOB, 2, 40, cancel_on_pause=True), buy("stays too", CAT, 1, 40)
    )
    outcome = market.when(c.PauseMarket())
    outcome.then(e.MarketPaused, e.OrderCanceled)
    assert ends(outcome) == [("goes", 2, "market_paused")]
    assert depth(market) == [(40, 2)]


def test_what_asked_to_leave_on_a_pause_never_trades_again_though_the_pause_was_all_that_was_recorded() -> (
    None
):
    market = trading().and_then(buy("goes", BOB, 2, 40, cancel_on_pause=True))
    MARKET.evolve(market.state, e.MarketPaused(reason=""))  # the process stopped after this append
    outcome = market.when(c.ResumeMarket())
    outcome.then(e.OrderCanceled, e.MarketResumed)
    assert ends(outcome) == [("goes", 2, "market_paused")]
    market.when(c.PauseMarket()).then(e.MarketPaused)


def test_more_orders_than_one_step_takes_leave_on_a_pause() -> None:
    market = trading()
    for number in range(2 * BATCH + 1):
        market.and_then(buy(f"goes {number}", BOB, 1, 40, cancel_on_pause=True))
    market.and_then(buy("stays", ANN, 1, 40))
    assert len(ends(market.when(c.PauseMarket()))) == 2 * BATCH + 1
    assert list(market.state.orders) == ["stays"]


def test_orders_expire_while_the_market_is_paused() -> None:
    order = buy("a", ANN, 1, 40, time_in_force=TimeInForce.GOOD_TILL_DATE, expires_at_us=5)
    market = trading().and_then(order, c.PauseMarket())
    market.when(c.ResumeMarket(), at=5).then(e.OrderCanceled, e.MarketResumed)


def test_closing_clears_the_book_stops_included() -> None:
    market = trading().and_then(
        buy("a", ANN, 1, 40),
        buy("b", BOB, 2, 40, side=Side.NO),
        buy("s", CAT, 3, 40, order_type=OrderType.STOP, stop_price_ticks=ticks(90)),
    )
    outcome = market.when(c.CloseMarket())
    outcome.then(e.MarketClosed, e.OrderCanceled, e.OrderCanceled, e.OrderCanceled)
    assert [reason for _, _, reason in ends(outcome)] == ["market_closed"] * 3
    assert (market.state.orders, list(market.state.stops), market.state.positions) == ({}, [], {})


def test_a_market_closes_by_itself_when_its_time_comes() -> None:
    market = trading(close_at_us=1_000).and_then(buy("a", ANN, 1, 40), at=999)
    outcome = market.when(buy("late", BOB, 1, 40), at=1_000)
    assert [type(event) for event in outcome.events] == [e.MarketClosed, e.OrderCanceled]
    assert outcome.rejected is not None
    assert outcome.rejected.reason is Reason.MARKET_CLOSED


# -------------------------------------------------------------------------- resolving and paying


def held() -> Market:
    """Return a market in which Bob holds 10 yes for $6 and Ann 10 no for $4; Bob paid fees."""
    return trading(TAKER_FEES).and_then(buy("a", ANN, 10, 40, side=Side.NO), buy("b", BOB, 10, 60))


def settled(outcome: Any) -> dict[str, tuple[int, int, bool]]:
    return {s.account_id: (s.payout, s.fees, s.fees_returned) for s in outcome.of(e.PositionSettled)}


@pytest.mark.parametrize(("result", "ann", "bob"), [(Result.YES, 0, 10), (Result.NO, 10, 0)])
def test_a_final_result_pays_a_dollar_a_share(result: Result, ann: int, bob: int) -> None:
    market = held().and_then(c.CloseMarket(), c.DetermineMarket(result=result))
    outcome = market.when(c.FinalizeMarket())
    assert settled(outcome) == {
        "ann": (dollars(ann), 0, False),
        "bob": (dollars(bob), dollars(0.17), False),
    }
    assert (market.state.outstanding, market.state.positions) == (0, {})


def test_a_void_pays_a_stated_price_and_returns_the_fees() -> None:
    outcome = held().when(c.VoidMarket(yes_price_ticks=ticks(70)))
    assert settled(outcome) == {"ann": (dollars(3), 0, True), "bob": (dollars(7), dollars(0.17), True)}


def test_a_void_takes_off_open_orders_first() -> None:
    outcome = held().and_then(buy("c", CAT, 1, 10)).when(c.VoidMarket())
    outcome.then(e.MarketVoided, e.OrderCanceled, e.PositionSettled, e.PositionSettled)
    assert ends(outcome) == [("c", 1, "market_voided")]


@pytest.mark.parametrize("price", [-1, 10_001])
def test_a_void_pays_between_nothing_and_a_dollar(price: int) -> None:
    held().when(c.VoidMarket(yes_price_ticks=Ticks(price))).then(Reason.INVALID_PRICE)


def test_a_market_cannot_be_determined_void() -> None:
    at(S.CLOSED).when(c.DetermineMarket(result=Result.VOID)).then(Reason.TRANSITION_NOT_ALLOWED)


def test_a_dispute_can_turn_the_result() -> None:
    market = held().and_then(c.CloseMarket(), YES, c.DisputeMarket(), c.DetermineMarket(result=Result.NO))
    outcome = market.when(c.FinalizeMarket())
    assert settled(outcome)["ann"] == (dollars(10), 0, False)


def test_who_sold_out_but_paid_fees_is_settled_so_that_the_house_earns_them() -> None:
    market = held().and_then(buy("c", CAT, 10, 60), sell("out", BOB, 10, 60))
    market.and_then(c.CloseMarket(), YES)
    assert settled(market.when(c.FinalizeMarket()))["bob"] == (0, dollars(0.17 + 0.17), False)


def test_who_sold_out_but_paid_fees_is_not_forgotten_with_the_last_order() -> None:
    market = held().and_then(buy("c", CAT, 10, 60), sell("out", BOB, 10, 60))
    market.and_then(buy("again", BOB, 1, 10), c.CancelOrder(order_id=OrderId("again"), account_id=BOB))
    market.and_then(c.CloseMarket(), YES)
    assert settled(market.when(c.FinalizeMarket()))["bob"] == (0, dollars(0.17 + 0.17), False)


def test_who_came_out_even_without_fees_is_forgotten() -> None:
    market = trading().and_then(
        buy("a", ANN, 1, 40, side=Side.NO), buy("b", BOB, 1, 60), buy("c", CAT, 1, 60), sell("d", BOB, 1, 60)
    )
    assert set(market.state.positions) == {ANN, CAT}


WEATHER, OTHERS = GroupId("WEATHER"), GroupId("OTHERS")


def of_group(by_group: GroupId) -> list[c.MarketCommand]:
    """Return what a group asks of its markets while they have closed."""
    return [
        c.DetermineMarket(result=Result.NO, by_group=by_group),
        c.DisputeMarket(by_group=by_group),
        c.DetermineMarket(result=Result.NO, by_group=by_group),
        c.FinalizeMarket(by_group=by_group),
    ]


def test_a_market_of_a_group_is_resolved_by_its_group() -> None:
    market = trading(group_id=WEATHER)
    market.when(c.ResolveMarket(result=Result.YES)).then(Reason.GROUP_RESOLVES_ITS_MARKETS)
    market.and_then(c.CloseMarket())
    for command in (YES, c.FinalizeMarket(), c.VoidMarket(), c.DisputeMarket()):
        market.when(command).then(Reason.GROUP_RESOLVES_ITS_MARKETS)
    for command, event in zip(
        of_group(WEATHER),
        (e.MarketDetermined, e.MarketDisputed, e.MarketDetermined, e.MarketFinalized),
        strict=True,
    ):
        market.when(command).then(event)


def test_a_market_of_a_group_is_voided_by_its_group() -> None:
    market = trading(group_id=WEATHER)
    market.when(c.VoidMarket(by_group=WEATHER, yes_price_ticks=ticks(33.33))).then(e.MarketVoided)


@pytest.mark.parametrize("own", [None, WEATHER])
def test_a_market_takes_nothing_from_a_group_that_it_does_not_belong_to(own: GroupId | None) -> None:
    market = trading(group_id=own)
    market.when(c.CloseMarket(by_group=OTHERS)).then(Reason.GROUP_RESOLVES_ITS_MARKETS)
    market.and_then(c.CloseMarket(by_group=own))
    for command in (*of_group(OTHERS), c.VoidMarket(by_group=OTHERS)):
        market.when(command).then(Reason.GROUP_RESOLVES_ITS_MARKETS)


# ------------------------------------------------------------------------------- whole or not at all


def test_a_market_is_listed_and_open_in_one_decision() -> None:
    Given(MARKET).when(listing(opens=True)).then(e.MarketCreated, e.MarketActivated())


def test_a_market_of_a_group_waits_until_the_group_has_taken_it_in() -> None:
    market: Market = Given(MARKET)
    market.when(listing(group_id=WEATHER, opens=True)).then(
        e.MarketCreated, e.OpeningRequested(group_id=WEATHER)
    )
    market.when(buy("a", ANN, 1, 50)).then(Reason.MARKET_NOT_OPEN)
    market.when(c.ActivateMarket()).then(Reason.TRANSITION_NOT_ALLOWED)
    market.when(c.ActivateMarket(member_of=OTHERS)).then(Reason.TRANSITION_NOT_ALLOWED)
    market.when(c.ActivateMarket(member_of=WEATHER)).then(e.MarketActivated)
    listed().when(c.ActivateMarket(member_of=WEATHER)).then(Reason.TRANSITION_NOT_ALLOWED)


@pytest.mark.parametrize(
    ("status", "events"),
    [
        (S.INITIALIZED, [e.MarketClosed, e.MarketDetermined, e.MarketFinalized]),
        (S.ACTIVE, [e.MarketClosed, e.MarketDetermined, e.MarketFinalized]),
        (S.PAUSED, [e.MarketClosed, e.MarketDetermined, e.MarketFinalized]),
        (S.CLOSED, [e.MarketDetermined, e.MarketFinalized]),
        (S.DETERMINED, [e.MarketFinalized]),
        (S.DISPUTED, [e.MarketDetermined, e.MarketFinalized]),
    ],
)
def test_a_market_is_resolved_in_one_decision_from_wherever_it_stands(
    status: MarketStatus, events: list[Any]
) -> None:
    at(status).when(c.ResolveMarket(result=Result.YES, evidence="gauge")).then(*events)


def test_resolving_takes_off_what_rests_and_pays() -> None:
    market = held().and_then(buy("c", CAT, 1, 10))
    outcome = market.when(c.ResolveMarket(result=Result.YES))
    outcome.then(
        e.MarketClosed,
        e.MarketDetermined,
        e.MarketFinalized,
        e.OrderCanceled,
        e.PositionSettled,
        e.PositionSettled,
    )
    assert ends(outcome) == [("c", 1, "market_closed")]
    assert settled(outcome)["bob"] == (dollars(10), dollars(0.17), False)


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (S.ACTIVE, Result.VOID),
        (S.CLOSED, Result.VOID),
        (S.DETERMINED, Result.NO),
        (S.FINALIZED, Result.YES),
    ],
)
def test_a_market_that_cannot_be_resolved_so_stays_as_it_is(status: MarketStatus, result: Result) -> None:
    at(status).when(c.ResolveMarket(result=result)).then(Reason.TRANSITION_NOT_ALLOWED)


@pytest.mark.parametrize(
    "command",
    [
        c.DetermineMarket(result=Result.YES),
        c.ResolveMarket(result=Result.YES),
        c.FinalizeMarket(),
        c.VoidMarket(),
    ],
)
def test_what_pays_is_refused_at_another_version_than_it_was_decided_on(command: Any) -> None:
    market = at(S.DETERMINED if isinstance(command, c.FinalizeMarket) else S.CLOSED)
    for stale in (-1, market.state.revision - 1, market.state.revision + 1):
        market.when(structs.replace(command, market_revision=stale)).then(Reason.MARKET_VERSION_CHANGED)
    present = structs.replace(command, market_revision=market.state.revision)
    decided = market.when(present)
    assert decided.rejected is None
    assert decided.events


# ------------------------------------------------------------------------------------ closing times


@pytest.mark.parametrize("now_us", [1_000, 1_001])
def test_a_market_that_would_have_closed_before_it_is_listed_is_refused(now_us: int) -> None:
    late = listing(close_at_us=1_000, now_us=now_us, opens=True)
    Given(MARKET).when(late).then(Reason.INVALID_CLOSE_TIME)


def test_a_market_past_its_close_does_not_open_any_more() -> None:
    market = listed(close_at_us=1_000)
    market.when(c.ActivateMarket(now_us=1_000)).then(Reason.TRANSITION_NOT_ALLOWED)
    market.when(c.ActivateMarket(now_us=999)).then(e.MarketActivated)


def test_orders_that_were_placed_are_not_placed_again() -> None:
    market = trading().and_then(buy("a", ANN, 1, 40))
    market.when(buy("a", ANN, 1, 40)).then(Reason.ORDER_EXISTS)
    assert market.state.orders[OrderId("a")].remaining == hundredths(1)
