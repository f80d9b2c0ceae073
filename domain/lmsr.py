"""Hanson's logarithmic market scoring rule as a ladder of bids, and the most that it can lose.

Robin Hanson, "Logarithmic Market Scoring Rules for Modular Combinatorial Information Aggregation" (2007).
Whoever has sold ``s`` yes shares net by the rule asks ``C(s + n) - C(s)`` for ``n`` more, where
``C(s) = b ln(1 + exp((s + s0) / b))``. Because C is convex, a bid whose price is the rule's average over the
whole of its quantity is never too dear for a part of it, nor for fills on both sides in any order, and prices
are rounded against the trader. So whatever is done with the bids, and whatever the result, the loss stays
below ``b ln(1 / p)`` dollars, where ``p`` is the smaller chance that was given an outcome at first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal

from domain.market.vocabulary import Side
from domain.quantities import PAYOUT_TICKS, Money, Quantity, Ticks, complement

_EXACTLY = Context(prec=40)
_NOISE = Decimal("1e-15")
"""More than 40 digits can be wrong by, and far less than a tick."""

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Bid:
    """An offer to buy one outcome. ``ticks`` is in the terms of ``side``."""

    side: Side
    ticks: Ticks
    quantity: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """How bids are spread: ``levels`` of ``step`` on each side, on prices that ``tick`` divides.

    The steps stand where they stand, whatever was sold: the first on each side is the rest of one, so that a
    fill leaves the others as they are. No bid is for less than ``least``. ``lowest`` and ``highest`` are in
    yes terms, and on the grid.
    """

    step: Quantity
    levels: int
    least: Quantity
    tick: Ticks
    lowest: Ticks
    highest: Ticks


class LogarithmicRule:
    """Prices both outcomes so that no more than ``loss`` can be lost, starting from ``prior`` for yes.

    ``loss`` is in millionths of a dollar, ``prior`` in ticks between 1 and 9,999.
    """

    def __init__(self, loss: Money, prior: Ticks) -> None:
        assert loss > 0, "a maker that may lose nothing offers nothing"
        assert 0 < prior < PAYOUT_TICKS, "a prior is a chance between none and certainty"
        yes, no = Decimal(int(prior)), Decimal(PAYOUT_TICKS - prior)
        smaller = min(yes, no) / PAYOUT_TICKS
        self._depth = Decimal(int(loss)) / PAYOUT_TICKS / -_EXACTLY.ln(smaller)
        """``b``, in hundredths of a contract."""
        self._start = self._depth * _EXACTLY.ln(yes / no)

    @property
    def depth(self) -> Quantity:
        """Return ``b``: selling ``b ln 3`` moves the price from one half to three quarters."""
        return Quantity(int(self._depth))

    def bids(self, sold: int, ladder: Ladder) -> list[Bid]:
        """Return what to bid for once ``sold`` hundredths of yes have been sold net (bought, if below 0)."""
        return [*self._side(Side.YES, sold, ladder), *self._side(Side.NO, sold, ladder)]

    def _side(self, side: Side, sold: int, ladder: Ladder) -> Iterator[Bid]:
        bid: Bid | None = None
        for near, far in _steps(side, sold, ladder):
            ticks = self._price(side, sold, near, far, ladder)
            if ticks is None:
                break
            quantity = Quantity(far - near)
            if bid is not None and bid.ticks == ticks:
                bid = Bid(side, ticks, Quantity(bid.quantity + quantity))
                continue
            if bid is not None:
                yield bid
            bid = Bid(side, ticks, quantity)
        if bid is not None:
            yield bid

    def _price(self, side: Side, sold: int, near: int, far: int, ladder: Ladder) -> Ticks | None:
        """Return what is bid for what lies between ``near`` and ``far`` from here."""
        quantity = far - near
        if side is Side.YES:
            worth = self._cost(sold - near) - self._cost(sold - far)
        else:
            worth = quantity - (self._cost(sold + far) - self._cost(sold + near))
        exact = worth / quantity * PAYOUT_TICKS - _NOISE
        lowest, highest = ladder.lowest, ladder.highest
        if side is Side.NO:
            lowest, highest = complement(highest), complement(lowest)
        ticks = min(int(exact // ladder.tick) * ladder.tick, int(highest))
        return Ticks(ticks) if ticks >= lowest else None

    def _cost(self, sold: int) -> Decimal:
        """Return C in hundredths of a contract, written so that nothing overflows."""
        shifted = (sold + self._start) / self._depth
        tail = _EXACTLY.ln(_ONE + _EXACTLY.exp(-abs(shifted)))
        return self._depth * (max(shifted, Decimal(0)) + tail)


def _steps(side: Side, sold: int, ladder: Ladder) -> Iterator[tuple[int, int]]:
    """Yield where each step of a side begins and ends, counted from what was sold."""
    begun = sold % ladder.step
    first = begun if side is Side.YES else ladder.step - begun
    far = first or int(ladder.step)
    if far < ladder.least:
        far += ladder.step
    near = 0
    for _ in range(ladder.levels):
        yield near, far
        near, far = far, far + ladder.step
