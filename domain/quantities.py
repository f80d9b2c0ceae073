"""The three integers everything is counted in, and the few ways they combine.

A price in ticks of $0.0001 times a quantity in hundredths of a contract is money in millionths of a
dollar, exactly. Nothing here rounds; :mod:`domain.fees` is the one module that does.
"""

from typing import NewType

Ticks = NewType("Ticks", int)
"""A price in ticks of $0.0001, from 1 to 9999; what a contract pays is :data:`PAYOUT_TICKS`."""

Quantity = NewType("Quantity", int)
"""A number of contracts, in hundredths of a contract."""

Money = NewType("Money", int)
"""An amount in millionths of a dollar."""

PAYOUT_TICKS = Ticks(10_000)
"""What one winning contract pays: $1."""

CONTRACT = Quantity(100)
"""One whole contract."""

DOLLAR = Money(1_000_000)
CENT = Money(10_000)

MAX_QUANTITY = Quantity(10**11)
"""The largest order, a thousand million contracts: far inside 63 bits when multiplied by any price."""

MAX_VOLUME = Quantity(10**13)
"""The most that may trade in one market, a hundred thousand million contracts.

So no sum over a market's trades - volume, what a trader bought and sold there, profit, fees - comes near 63
bits, nor do the sums over the markets of an event.
"""

MAX_DEPOSITS = Money(4 * 10**18)
"""The most that is ever deposited with an exchange, over all ledgers and all time.

What is anywhere in the exchange, what leaves it, and what anybody gains from others is bounded by it, and
twice as much still fits into 63 bits.
"""


def cost(price: Ticks, quantity: Quantity) -> Money:
    """Return what ``quantity`` costs at ``price``."""
    return Money(price * quantity)


def payout(quantity: Quantity) -> Money:
    """Return what ``quantity`` of the winning side pays."""
    return Money(PAYOUT_TICKS * quantity)


def complement(price: Ticks) -> Ticks:
    """Return the price of the other outcome: the two add up to the payout."""
    return Ticks(PAYOUT_TICKS - price)


def contracts_text(quantity: int) -> str:
    """Return a quantity as people read it, for example ``12.50``."""
    return f"{quantity // CONTRACT}.{quantity % CONTRACT:02d}"


def price_text(price: int) -> str:
    """Return a price as people read it, for example ``$0.6500``."""
    return f"${price // PAYOUT_TICKS}.{price % PAYOUT_TICKS:04d}"
