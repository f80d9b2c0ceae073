"""Whatever happens in whatever order, every cent is accounted for."""

import os
from random import Random

import pytest

from domain.limits import AccountLimits
from tests.properties.exchange_life import Life, opened
from tests.properties.mini_exchange import whole_balance

SOAK = os.environ.get("PRESAGE_SOAK") == "1"
SEEDS = 500 if SOAK else 24
STEPS = 2_000 if SOAK else 250


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_invariant_holds_after_every_command(seed: int) -> None:
    random = Random(seed)
    exchange = opened(random, AccountLimits(open_orders_in_all=random.choice([2, 8, 200_000])))
    life = Life(exchange, random)
    for number in range(STEPS):
        life.step()
        try:
            exchange.check()
        except AssertionError as wrong:
            raise AssertionError(f"seed {seed}, step {number}") from wrong
    life.end_everything()
    exchange.check()
    exchange.check_replay()
    assert all(market.ended and not market.positions for market in exchange.markets.values())
    assert [ledger.reservations for ledger in exchange.ledgers] == [{}] * exchange.partitions
    came, there = whole_balance(exchange)
    assert came == there, f"seed {seed}"
