"""Fees, and the only rounding of money in the exchange.

A fee is worked out exactly for every fill and added up over the order; only the sum is rounded, up, to
the schedule's grain. So an order that fills in a hundred pieces pays what it would have paid in one.
"""

from domain.fields import FlatTicks, Grain, QuadraticBps
from domain.messages import Message
from domain.quantities import CENT, PAYOUT_TICKS, Money, Quantity, Ticks

EXACT = 10**8
"""Exact fees are counted in units of a millionth of a dollar over this number."""


class FeeRate(Message, frozen=True, kw_only=True):
    """What a fill costs: ``quadratic_bps`` x p x (1 - p) per contract, plus a flat amount per contract.

    ``quadratic_bps`` is in basis points (700 is 0.07), ``flat_ticks`` in ticks of $0.0001 per contract.
    """

    quadratic_bps: QuadraticBps
    flat_ticks: FlatTicks

    @property
    def possible(self) -> bool:
        """Whether nothing is ever paid out as a fee."""
        return self.quadratic_bps >= 0 and self.flat_ticks >= 0

    def exact(self, price: Ticks, quantity: Quantity) -> int:
        """Return the fee of a fill in exact units."""
        curve = self.quadratic_bps * price * (PAYOUT_TICKS - price)
        return (curve + self.flat_ticks * EXACT) * quantity

    def worst(self, limit: Ticks, quantity: Quantity) -> int:
        """Return the most a buy limited to ``limit`` can cost in fees: the curve peaks at half a dollar."""
        return self.exact(min(limit, Ticks(PAYOUT_TICKS // 2)), quantity)


class FeeSchedule(Message, frozen=True, kw_only=True):
    """The fees of a market. ``grain`` is what an order's total is rounded up to, in millionths."""

    maker: FeeRate
    taker: FeeRate
    grain: Grain

    def rounded(self, exact: int) -> Money:
        """Return an exact sum of fees as money, rounded up to the grain."""
        unit = EXACT * self.grain
        return Money(-(-exact // unit) * self.grain)

    def worst(self, limit: Ticks, quantity: Quantity) -> int:
        """Return the most a buy may be charged, whichever way it fills, in exact units."""
        return max(self.maker.worst(limit, quantity), self.taker.worst(limit, quantity))

    @property
    def possible(self) -> bool:
        """Whether the schedule can be worked with."""
        return self.maker.possible and self.taker.possible and self.grain > 0

    @property
    def free(self) -> bool:
        """Whether nobody pays anything."""
        maker, taker = self.maker, self.taker
        return not (maker.quadratic_bps or maker.flat_ticks or taker.quadratic_bps or taker.flat_ticks)


def fee_rate(*, quadratic_bps: int = 0, flat_ticks: int = 0) -> FeeRate:
    """Return a rate; what is not said costs nothing."""
    return FeeRate(quadratic_bps=quadratic_bps, flat_ticks=flat_ticks)


NO_FEE = fee_rate()


def fee_schedule(*, maker: FeeRate = NO_FEE, taker: FeeRate = NO_FEE, grain: Money = CENT) -> FeeSchedule:
    """Return a schedule; who is not named pays nothing, and sums are rounded up to a cent."""
    return FeeSchedule(maker=maker, taker=taker, grain=grain)


FREE = fee_schedule()
