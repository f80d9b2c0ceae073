"""Profit by average cost, to the millionth of a dollar."""

from dataclasses import dataclass
from random import Random

from domain.market.vocabulary import Action, Side
from projections.folds import holding


@dataclass
class Shares:
    yes: int = 0
    no: int = 0
    yes_cost: int = 0
    no_cost: int = 0


def test_buying_earns_nothing_and_adds_up_what_was_paid() -> None:
    shares = Shares()
    assert holding.trade(shares, Side.YES, Action.BUY, 100, 400_000) == 0
    assert holding.trade(shares, Side.YES, Action.BUY, 300, 1_800_000) == 0
    assert shares == Shares(yes=400, yes_cost=2_200_000)


def test_selling_earns_what_it_brings_beyond_the_average_cost() -> None:
    shares = Shares(yes=400, yes_cost=2_200_000)
    assert holding.trade(shares, Side.YES, Action.SELL, 100, 700_000) == 150_000
    assert shares == Shares(yes=300, yes_cost=1_650_000)


def test_selling_below_cost_is_a_loss() -> None:
    shares = Shares(no=100, no_cost=500_000)
    assert holding.trade(shares, Side.NO, Action.SELL, 100, 200_000) == -300_000
    assert shares == Shares()


def test_what_rounding_leaves_goes_with_the_last_share() -> None:
    shares = Shares(yes=3, yes_cost=100)
    profits = [holding.trade(shares, Side.YES, Action.SELL, 1, 50) for _ in range(3)]
    assert profits == [17, 17, 16]
    assert shares == Shares()


def test_a_pair_is_given_up_for_a_dollar_and_earns_what_that_is_beyond_its_cost() -> None:
    shares = Shares(yes=300, no=100, yes_cost=1_200_000, no_cost=250_000)
    assert holding.redeem(shares, 100) == 1_000_000 - 400_000 - 250_000
    assert shares == Shares(yes=200, yes_cost=800_000)
    dear = Shares(yes=3, no=3, yes_cost=20_000, no_cost=20_000)
    assert [holding.redeem(dear, 1) for _ in range(3)] == [-3_332, -3_334, -3_334]
    assert dear == Shares()


def test_closing_pays_both_sides_at_once() -> None:
    shares = Shares(yes=100, no=50, yes_cost=400_000, no_cost=300_000)
    assert holding.close(shares, 1_000_000) == 300_000
    assert shares == Shares()


def test_what_was_spent_is_always_cost_less_profit() -> None:
    random = Random(5)
    for _ in range(200):
        shares, spent, profit = Shares(), 0, 0
        for _ in range(random.randint(1, 40)):
            side = random.choice(list(Side))
            held = shares.yes if side is Side.YES else shares.no
            sells = held and random.random() < 0.5
            quantity = random.randint(1, held) if sells else random.randint(1, 1_000)
            value = quantity * random.randint(1, 9_999)
            spent += -value if sells else value
            profit += holding.trade(shares, side, Action.SELL if sells else Action.BUY, quantity, value)
            assert spent == shares.yes_cost + shares.no_cost - profit
            assert min(shares.yes_cost, shares.no_cost) >= 0
        assert (shares.yes == 0) <= (shares.yes_cost == 0)
