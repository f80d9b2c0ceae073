"""How decisions are carried out, and what holds of all of them."""

from domain.decider import execute, settle
from domain.market import commands as c
from domain.market import events as e
from domain.market.aggregate import MARKET
from domain.market.vocabulary import TimeInForce
from domain.quantities import PAYOUT_TICKS, complement, contracts_text, cost, payout, price_text
from domain.rejections import Reason
from tests.unit.domain.trading_words import ANN, BOB, buy, hundredths, ticks, trading


def test_deciding_changes_nothing() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40))
    before = market.state.digest()
    decided = MARKET.decide(buy("b", BOB, 5, 60), market.state)
    assert decided
    assert market.state.digest() == before


def test_what_is_due_happens_even_if_the_command_is_refused() -> None:
    order = buy("a", ANN, 5, 40, time_in_force=TimeInForce.GOOD_TILL_DATE, expires_at_us=10)
    market = trading().and_then(order)
    events, refused = execute(MARKET, market.state, c.ResumeMarket(), 10)
    assert [type(event) for event in events] == [e.OrderCanceled]
    assert refused is not None


def test_what_is_due_can_happen_without_a_command() -> None:
    order = buy("a", ANN, 5, 40, time_in_force=TimeInForce.GOOD_TILL_DATE, expires_at_us=10)
    market = trading().and_then(order)
    assert settle(MARKET, market.state, 9) == []
    assert [type(event) for event in settle(MARKET, market.state, 10)] == [e.OrderCanceled]


def test_events_replayed_give_the_state_they_came_from() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40), c.PauseMarket(), c.ResumeMarket())
    again = MARKET.initial()
    for event in market.past:
        MARKET.evolve(again, event)
    assert again.digest() == market.state.digest()


def test_price_times_quantity_is_exact() -> None:
    assert cost(ticks(33), hundredths(0.01)) == 3_300
    assert payout(hundredths(1)) == 1_000_000
    assert complement(ticks(33)) == PAYOUT_TICKS - 3_300


def test_amounts_read_as_people_write_them() -> None:
    assert contracts_text(1_250) == "12.50"
    assert price_text(6_500) == "$0.6500"


def test_a_transient_reason_may_go_away() -> None:
    assert Reason.INSUFFICIENT_FUNDS.transient
    assert Reason.MARKET_PAUSED.transient
    assert not Reason.MARKET_CLOSED.transient
    assert not Reason.INVALID_PRICE.transient
