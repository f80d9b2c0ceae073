"""A position as it stood: what of it still rests, and what its shares were taken to be worth."""

from application.snapshots.standing import Standing
from domain.identifiers import GroupId
from domain.market import commands as c
from domain.market.vocabulary import OrderType, Result, Side
from projections.portfolio import PositionRow
from projections.reading.as_of import position_as_of
from projections.reading.views import PositionView
from tests.unit.domain.trading_words import ANN, BOB, TICKER, Market, buy, ticks, trading


def position(market: Market) -> PositionView:
    row = PositionRow(ANN, TICKER, *range(1, 10))
    return position_as_of(row, GroupId("G"), Standing(state=market.state))


def test_what_rests_is_what_open_orders_are_for_without_stops_that_wait() -> None:
    market = trading().and_then(
        buy("a", ANN, 10, 40),
        buy("b", ANN, 5, 30),
        buy("s", ANN, 7, 70, order_type=OrderType.STOP, stop_price_ticks=ticks(60)),
        buy("x", BOB, 3, 40),
    )
    assert position(market).resting == 1_500
    market = market.and_then(buy("n", BOB, 4, 60, side=Side.NO))
    assert position(market).resting == 1_100


def test_shares_are_worth_the_last_price_until_it_is_known_what_they_pay() -> None:
    market = trading()
    assert position(market).mark_ticks is None
    market = market.and_then(buy("a", ANN, 10, 40), buy("n", BOB, 4, 60, side=Side.NO))
    assert position(market).mark_ticks == 4_000
    market = market.and_then(c.CloseMarket(), c.DetermineMarket(result=Result.NO, evidence=""))
    assert position(market).mark_ticks == 0
    view = position(market)
    assert (view.yes, view.no, view.yes_cost, view.no_cost, view.realized_pnl, view.fees) == (
        1,
        2,
        3,
        4,
        5,
        6,
    )
    assert (view.total_traded, view.shares_traded, view.updated_at_us, view.group_id) == (7, 8, 9, "G")
