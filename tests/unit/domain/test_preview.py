"""Previews say what the endings then do, to the unit, and pay exactly what is there."""

from copy import deepcopy
from random import Random

import pytest

from domain.decider import execute
from domain.identifiers import AccountId
from domain.market import commands as c
from domain.market import events as e
from domain.market.aggregate import MARKET
from domain.market.preview import Due, Ending, Preview, previews
from domain.market.state import MarketState
from domain.market.vocabulary import Result, Side
from domain.quantities import Money, Ticks
from tests.unit.domain.trading_words import ANN, BOB, BOTH_PAY, Market, buy, holding, sell, trading

TRADERS = [AccountId(f"t{number}") for number in range(6)]


def busy(seed: int, orders: int = 150) -> Market:
    """Return a market in which some have bought and sold at random, for fees."""
    random, market = Random(seed), trading(BOTH_PAY)
    for number in range(orders):
        side, word = random.choice(list(Side)), random.choice((buy, buy, sell))
        account, price = random.choice(TRADERS), random.randint(40, 60)
        command = word(f"o{number}", account, random.randint(1, 9), price, side=side)
        execute(MARKET, market.state, command, 0)
    return market


def shown(state: MarketState, **more: object) -> dict[Ending, Preview]:
    return {preview.ending: preview for preview in previews(state, **more)}  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_previewed_is_what_is_paid_then(seed: int) -> None:
    state = busy(seed).state
    before = deepcopy(state).digest()
    told = shown(state, void_price=Ticks(3_300))
    assert state.digest() == before, "looking changes nothing"
    assert all(preview.conserved for preview in told.values())
    for ending, commands in {
        Ending.YES: resolved(Result.YES),
        Ending.NO: resolved(Result.NO),
        Ending.VOID: [c.VoidMarket(yes_price_ticks=Ticks(3_300))],
    }.items():
        ended, paid = deepcopy(state), {}
        for command in commands:
            for event in execute(MARKET, ended, command, 0)[0]:
                if isinstance(event, e.PositionSettled):
                    returned = event.fees if event.fees_returned else Money(0)
                    paid[event.account_id] = Due(event.payout, returned)
        assert paid == told[ending].dues


def resolved(result: Result) -> list[c.MarketCommand]:
    return [c.CloseMarket(), c.DetermineMarket(result=result), c.FinalizeMarket()]


def test_all_trades_taken_back_is_what_everybody_put_in() -> None:
    state = busy(7).state
    unwound = shown(state)[Ending.UNWIND]
    assert {account: due.payout + due.fees_returned for account, due in unwound.dues.items()} == {
        account: position.paid for account, position in state.positions.items()
    }
    assert unwound.conserved


def test_trades_since_a_moment_are_taken_back_and_those_before_stand() -> None:
    market = holding(trading(BOTH_PAY), ANN, 10)
    then = deepcopy(market.state)
    market = market.and_then(buy("b", BOB, 10, 80), sell("a", ANN, 10, 80))
    gone = shown(market.state, then=then)[Ending.UNWIND]
    fees = market.state.positions[BOB].fees
    # Bob gets his eight dollars back, and Ann, who has them, owes them; her shares are hers again.
    assert gone.dues[BOB] == Due(Money(8_000_000), Money(fees))
    assert gone.dues[ANN].payout == -8_000_000
    assert (gone.paid, gone.collateral, gone.conserved) == (0, 0, True)
    assert gone.owed == 8_000_000 - gone.dues[ANN].fees_returned
    busier = busy(3)
    half = busy(3, orders=70).state
    assert shown(busier.state, then=half)[Ending.UNWIND].conserved


def test_an_ending_that_pays_more_than_is_there_is_seen() -> None:
    state = busy(2).state
    next(iter(state.positions.values())).yes += 100
    assert [preview.ending for preview in previews(state) if not preview.conserved] == [
        Ending.YES,
        Ending.VOID,
    ]
