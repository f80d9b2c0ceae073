"""The numbers that logs, clients and the reference of events rely on, and why they are no larger."""

import pytest

from domain import fees, lmsr
from domain.fields import LARGEST, PRINTABLE
from domain.ledger import decide, order_groups
from domain.ledger import state as ledger_state
from domain.market import matching, trading
from domain.market import state as market_state
from domain.market.commands import CENT_TICKS
from domain.quantities import (
    CENT,
    CONTRACT,
    DOLLAR,
    MAX_DEPOSITS,
    MAX_QUANTITY,
    MAX_VOLUME,
    PAYOUT_TICKS,
    Quantity,
    Ticks,
    complement,
    contracts_text,
    cost,
    payout,
    price_text,
)
from domain.webhooks import aggregate as webhooks

LIMITS = (
    (PAYOUT_TICKS, 10_000),
    (CONTRACT, 100),
    (DOLLAR, 1_000_000),
    (CENT, 10_000),
    (CENT_TICKS, 100),
    (MAX_QUANTITY, 100_000_000_000),
    (MAX_VOLUME, 10_000_000_000_000),
    (MAX_DEPOSITS, 4_000_000_000_000_000_000),
    (LARGEST, 9_223_372_036_854_775_807),
    (fees.EXACT, 100_000_000),
    (decide.MAX_AMOUNT, 100_000_000_000_000_000),
    (order_groups.MARKETS_MAX, 100),
    (ledger_state.REMEMBERED, 10_000),
    (ledger_state.HOUSE_LEDGER, 0),
    (market_state.UNBOUNDED, 4_611_686_018_427_387_904),
    (market_state.CLOSED_GROUPS, 10_000),
    (matching.STEP, 500),
    (trading.BATCH, 500),
    (webhooks.WEBHOOKS_MAX, 5),
    (webhooks.UNDELIVERED_MAX, 1_000),
    (PRINTABLE, r"^[!-~]{1,128}(?!\n)$"),
)


# Not called by their numbers: another number must be the same test.
@pytest.mark.parametrize(("limit", "number"), LIMITS, ids=[f"limit {n}" for n in range(len(LIMITS))])
def test_a_limit_is_the_number_that_was_published(limit: object, number: object) -> None:
    assert limit == number


def test_all_money_there_ever_is_and_every_sum_over_a_market_stays_far_inside_63_bits() -> None:
    assert 2 * MAX_DEPOSITS < LARGEST
    assert cost(PAYOUT_TICKS, MAX_VOLUME) * 10 < LARGEST
    assert cost(PAYOUT_TICKS, MAX_QUANTITY) < decide.MAX_AMOUNT
    assert market_state.UNBOUNDED > MAX_VOLUME


def test_ten_and_a_half_contracts_at_65_cents() -> None:
    quantity, price = Quantity(1_050), Ticks(6_500)
    assert cost(price, quantity) == 6.5 * DOLLAR + 0.325 * DOLLAR
    assert payout(quantity) == 10.5 * DOLLAR
    assert complement(price) == 3_500
    assert (contracts_text(quantity), contracts_text(5), contracts_text(100)) == ("10.50", "0.05", "1.00")
    assert (price_text(price), price_text(1), price_text(10_000)) == ("$0.6500", "$0.0001", "$1.0000")


def test_a_maker_that_may_lose_a_dollar_at_even_chances_is_as_deep_as_its_loss_over_ln_2() -> None:
    assert lmsr.LogarithmicRule(DOLLAR, Ticks(5_000)).depth == 144
