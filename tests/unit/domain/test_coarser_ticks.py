"""What rests off a grid that became coarser can still be traded with, and made smaller."""

from domain.identifiers import OrderId
from domain.market import commands as c
from domain.market import events as e
from domain.market.policies import reservation_for
from domain.market.vocabulary import Side
from domain.quantities import Money, Ticks
from domain.rejections import Reason
from tests.unit.domain.trading_words import (
    ANN,
    BOB,
    Market,
    buy,
    dollars,
    fills,
    holding,
    hundredths,
    sell,
    ticks,
    trading,
)

COARSE = c.ChangeTickSize(tick_size_ticks=Ticks(500))


def beyond_the_grid() -> Market:
    """Return a market in which yes is offered at 97 and bid for at 3, on a grid of five cents."""
    return trading().and_then(buy("offer", ANN, 10, 3, side=Side.NO), buy("bid", ANN, 10, 3), COARSE)


def test_a_market_order_meets_what_rests_beyond_the_last_price_of_the_grid() -> None:
    market = beyond_the_grid()
    assert fills(market.when(buy("m", BOB, 4))) == [("offer", "m", 97, 4)]
    assert fills(market.when(buy("n", BOB, 3, side=Side.NO))) == [("bid", "n", 3, 3)]
    assert fills(market.when(sell("s", BOB, 1))) == [("bid", "s", 3, 1)]  # three were redeemed


def test_it_has_as_much_set_aside_as_that_costs() -> None:
    market = beyond_the_grid()
    order = buy("m", BOB, 4, reserved=Money(0))
    assert reservation_for(order, market.state) == dollars(4 * 0.97)
    market.when(order).then(Reason.RESERVATION_TOO_SMALL)
    grid = trading().and_then(COARSE)
    assert reservation_for(order, grid.state) == dollars(4 * 0.95)


def test_what_rests_off_the_grid_is_amended_down_and_decreased_where_it_stands() -> None:
    market = trading().and_then(buy("a", ANN, 10, 43), COARSE)
    less = c.AmendOrder(amendment_id="first", order_id=OrderId("a"), account_id=ANN, total=hundredths(6))
    market.when(less).then(e.OrderDecreased)
    same_price = c.AmendOrder(
        amendment_id="first",
        order_id=OrderId("a"),
        account_id=ANN,
        price_ticks=ticks(43),
        total=hundredths(5),
    )
    market.when(same_price).then(e.OrderDecreased)
    market.when(c.DecreaseOrder(order_id=OrderId("a"), account_id=ANN, to=hundredths(4))).then(
        e.OrderDecreased
    )
    moved = c.AmendOrder(amendment_id="first", order_id=OrderId("a"), account_id=ANN, price_ticks=ticks(42))
    market.when(moved).then(Reason.PRICE_OFF_TICK)
    assert fills(market.when(buy("t", BOB, 9, 60, side=Side.NO))) == [("a", "t", 43, 4)]


def test_shares_are_sold_to_what_rests_off_the_grid() -> None:
    market = holding(trading(), BOB, 5).and_then(buy("bid", ANN, 5, 3), COARSE)
    assert fills(market.when(sell("s", BOB, 5))) == [("bid", "s", 3, 5)]
