"""Prices and counts as they are sent: exact decimals, never binary fractions."""

from decimal import Decimal, InvalidOperation

Amount = Decimal | int | str
"""A price in dollars or a number of contracts. A ``float`` is refused: 0.1 is none of them exactly."""


def exact(value: Amount, places: int, name: str) -> str:
    """Return an amount in digits. Raises ``TypeError`` for a float, ``ValueError`` for too many places."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise TypeError(f"{name} is a Decimal, a whole number or a string, not {type(value).__name__}")
    try:
        number = Decimal(value)
        digits = number.quantize(Decimal(1).scaleb(-places))
    except InvalidOperation:
        number = digits = Decimal("NaN")
    if not number.is_finite():
        raise ValueError(f"{name}: {value!r} is not a number that can be sent")
    if digits != number:
        raise ValueError(f"{name}: {value} has more than {places} places")
    return format(digits, "f")


def ticks(dollars: str) -> int:
    """Return a price that was told in dollars in ten-thousandths of one."""
    return int(Decimal(dollars).scaleb(4))


def hundredths(contracts: str) -> int:
    """Return a count that was told in contracts in hundredths of one."""
    return int(Decimal(contracts).scaleb(2))
