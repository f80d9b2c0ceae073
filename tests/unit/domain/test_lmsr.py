"""The logarithmic rule: whatever traders do with its bids, it loses no more than was stated."""

import math
from dataclasses import replace
from functools import partial
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.lmsr import Ladder, LogarithmicRule
from domain.market.vocabulary import Side
from domain.quantities import CONTRACT, DOLLAR, PAYOUT_TICKS, Money, Quantity, Ticks, cost

ladder = partial(Ladder, least=Quantity(1))

CENTS = ladder(
    step=Quantity(10 * CONTRACT),
    levels=4,
    tick=Ticks(100),
    lowest=Ticks(100),
    highest=Ticks(9_900),
)
FINE = ladder(step=Quantity(7), levels=3, tick=Ticks(1), lowest=Ticks(1), highest=Ticks(9_999))


class Account:
    """What the maker holds, and its loss at either end."""

    def __init__(self) -> None:
        self.yes = self.no = self.paid = 0

    def bought(self, side: Side, ticks: Ticks, quantity: int) -> None:
        self.paid += cost(ticks, Quantity(quantity))
        if side is Side.YES:
            self.yes += quantity
        else:
            self.no += quantity

    @property
    def sold(self) -> int:
        return self.no - self.yes

    @property
    def loss(self) -> int:
        return self.paid - PAYOUT_TICKS * min(self.yes, self.no)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    loss=st.integers(DOLLAR // 100, 10_000 * DOLLAR),
    prior=st.integers(1, 9_999),
    ladder=st.sampled_from([CENTS, FINE]),
    lean=st.floats(0, 1),
)
def test_no_flow_of_orders_costs_it_more_than_was_stated(
    seed: int, loss: int, prior: int, ladder: Ladder, lean: float
) -> None:
    rule, chance, account = LogarithmicRule(Money(loss), Ticks(prior)), Random(seed), Account()
    for _ in range(60):
        bids = {bid: bid.quantity for bid in rule.bids(account.sold, ladder)}
        for _ in range(chance.randint(1, 12)):  # fills before the bids are worked out anew
            side = Side.YES if chance.random() < lean else Side.NO
            left = [bid for bid, quantity in bids.items() if bid.side is side and quantity]
            if not left:
                continue
            best = max(left, key=lambda bid: bid.ticks)
            quantity = chance.randint(1, bids[best])
            bids[best] = Quantity(bids[best] - quantity)
            account.bought(side, best.ticks, quantity)
        assert account.loss <= loss


def test_somebody_who_knows_takes_nearly_all_that_was_stated() -> None:
    loss = Money(10 * DOLLAR)
    rule, account = LogarithmicRule(loss, Ticks(5_000)), Account()
    for _ in range(20_000):
        bids = [bid for bid in rule.bids(account.sold, FINE) if bid.side is Side.NO]
        if not bids:
            break
        for bid in bids:
            account.bought(bid.side, bid.ticks, bid.quantity)
    assert 0.9 * loss < account.loss <= loss


@pytest.mark.parametrize("prior", [500, 4_000, 5_000, 9_300])
def test_it_begins_around_the_prior(prior: int) -> None:
    bids = LogarithmicRule(Money(10_000 * DOLLAR), Ticks(prior)).bids(0, CENTS)
    best = {side: max(bid.ticks for bid in bids if bid.side is side) for side in Side}
    assert best[Side.YES] < prior < PAYOUT_TICKS - best[Side.NO]
    assert PAYOUT_TICKS - best[Side.NO] - best[Side.YES] <= 200


def test_the_price_is_that_of_the_rule() -> None:
    """After selling n, the rule's price is 1 / (1 + exp(-n / b)), as Hanson has it."""
    depth = 100 / math.log(2)  # contracts, for a loss of $100
    fine = ladder(step=Quantity(1), levels=1, tick=Ticks(1), lowest=Ticks(1), highest=Ticks(9_999))
    rule = LogarithmicRule(Money(100 * DOLLAR), Ticks(5_000))
    for sold in (-300, -50, 0, 20, 144, 400):
        [yes] = [bid for bid in rule.bids(sold * CONTRACT, fine) if bid.side is Side.YES]
        assert yes.ticks == pytest.approx(PAYOUT_TICKS / (1 + math.exp(-sold / depth)), abs=1.5)


def test_levels_of_one_price_are_one_bid() -> None:
    deep = LogarithmicRule(Money(1_000_000 * DOLLAR), Ticks(5_050))
    bids = deep.bids(0, CENTS)
    assert [(bid.side, bid.ticks, bid.quantity) for bid in bids] == [
        (Side.YES, 5_000, 4 * CENTS.step),
        (Side.NO, 4_900, 4 * CENTS.step),
    ]


def test_nothing_is_bid_outside_of_the_prices_of_the_market() -> None:
    narrow = ladder(
        step=Quantity(CONTRACT),
        levels=9,
        tick=Ticks(100),
        lowest=Ticks(3_000),
        highest=Ticks(4_000),
    )
    for sold in (-1_000_000, 0, 1_000_000):
        for bid in LogarithmicRule(Money(10 * DOLLAR), Ticks(5_000)).bids(sold, narrow):
            low, high = (3_000, 4_000) if bid.side is Side.YES else (6_000, 7_000)
            assert low <= bid.ticks <= high


def test_a_fill_leaves_the_other_bids_as_they_are() -> None:
    rule = LogarithmicRule(Money(100 * DOLLAR), Ticks(5_000))
    before, after = set(rule.bids(0, CENTS)), set(rule.bids(3 * CONTRACT, CENTS))
    gone = before - after
    assert len(gone) <= 2, "the bid that was met, and the furthest on the other side"
    assert len(after - before) <= 2, "what is left of it, and what is bought back"


def test_what_is_left_of_a_step_is_never_less_than_the_market_takes() -> None:
    rule = LogarithmicRule(Money(100 * DOLLAR), Ticks(5_000))
    coarse = replace(CENTS, least=Quantity(4 * CONTRACT))
    for sold in range(-2_000, 2_000, CONTRACT):
        assert min(bid.quantity for bid in rule.bids(sold, coarse)) >= 4 * CONTRACT


def test_a_step_that_is_just_what_the_market_takes_is_not_made_larger() -> None:
    rule = LogarithmicRule(Money(100 * DOLLAR), Ticks(5_000))
    just = replace(CENTS, least=CENTS.step)
    assert {bid.quantity for bid in rule.bids(0, just)} == {CENTS.step}
