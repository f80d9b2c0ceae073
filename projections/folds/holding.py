"""Average cost: what shares cost, and what selling some of them earned.

Selling part of a holding takes the same part of its cost off it, rounded down to the millionth of a dollar;
what rounding leaves stays with the shares still held and goes with the last of them. So what was paid is at
any time exactly what the shares cost less what was earned.
"""

from typing import Protocol

from domain.market.vocabulary import Action, Side
from domain.quantities import PAYOUT_TICKS


class Holding(Protocol):
    """The shares an account holds in a market, and what they cost."""

    yes: int
    no: int
    yes_cost: int
    no_cost: int


def trade(holding: Holding, side: Side, action: Action, quantity: int, value: int) -> int:
    """Buy or sell shares for ``value``, fees left out, and return the profit made."""
    if action is Action.BUY:
        _add(holding, side, quantity, value)
        return 0
    cost = _cost_of(holding, side, quantity)
    _add(holding, side, -quantity, -cost)
    return value - cost


def redeem(holding: Holding, quantity: int) -> int:
    """Give up shares of both outcomes for a dollar a pair, and return the profit made."""
    profit = PAYOUT_TICKS * quantity
    for side in Side:
        cost = _cost_of(holding, side, quantity)
        _add(holding, side, -quantity, -cost)
        profit -= cost
    return profit


def close(holding: Holding, payout: int) -> int:
    """Give all shares up for ``payout``, and return the profit made."""
    profit = payout - holding.yes_cost - holding.no_cost
    holding.yes = holding.no = holding.yes_cost = holding.no_cost = 0
    return profit


def _cost_of(holding: Holding, side: Side, quantity: int) -> int:
    if side is Side.YES:
        return holding.yes_cost * quantity // holding.yes
    return holding.no_cost * quantity // holding.no


def _add(holding: Holding, side: Side, quantity: int, cost: int) -> None:
    if side is Side.YES:
        holding.yes += quantity
        holding.yes_cost += cost
    else:
        holding.no += quantity
        holding.no_cost += cost
