"""A trade is told from its taker: what it bid for, whichever way it said so."""

import pytest

from domain.market.vocabulary import Action, Side
from projections.trades import trade_row, trade_view
from tests.unit.projections.events import Log, leg, trade


@pytest.mark.parametrize(
    ("side", "action", "bid"),
    [
        (Side.YES, Action.BUY, "yes"),
        (Side.YES, Action.SELL, "no"),
        (Side.NO, Action.BUY, "no"),
        (Side.NO, Action.SELL, "yes"),
    ],
)
def test_to_sell_one_outcome_is_to_bid_for_the_other(side: Side, action: Action, bid: str) -> None:
    other = Action.SELL if action is Action.BUY else Action.BUY
    recorded = Log().add(
        "market-M", trade(leg("ann", side, other), leg("bob", side, action), 4_000, 100), at_us=7
    )
    row = trade_row(recorded)
    assert (row.taker_side, row.ticker, row.at_us, row.position, row.revision) == (bid, "M", 7, 1, 0)
    assert trade_view(row).taker_side == Side(bid)
