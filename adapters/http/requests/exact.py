"""Reading numbers exactly. A number that would have to be rounded is refused, never rounded."""

import re
from decimal import Decimal
from functools import partial
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from domain.quantities import Money, Quantity, Ticks

LARGEST = 2**63 - 1
"""No count, price or amount is larger, once in the exchange's own units."""

LAST_SECOND = 253_402_300_799
"""The end of the year 9999, as far as dates go."""

_PRICE_PLACES = 4

_NUMBER = re.compile(r"(\d{1,19})(?:\.(\d{1,18}))?", re.ASCII)


def scaled(value: object, places: int) -> int:
    """Return a decimal text or JSON number in units of ``10**-places``.

    Raises ``ValueError`` for anything else: floats, booleans, signs, exponents, more places.
    """
    match = _NUMBER.fullmatch(_text(value))
    if match is None:
        raise ValueError("must be a plain decimal number that is not negative")
    whole, fraction = match[1], match[2] or ""
    if len(fraction) > places:
        raise ValueError(f"must have at most {places} decimal places")
    units = int(whole + fraction.ljust(places, "0"))
    if units > LARGEST:
        raise ValueError("is too large")
    return units


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 <= value <= LARGEST else "out of range"
    return "not a number"


def whole(value: object, *, most: int = LARGEST) -> int:
    """Return a JSON integer up to ``most``. Raises ``ValueError`` for all else, ``1.0`` and ``true`` too."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("must be a whole number")  # noqa: TRY004 (pydantic reports ValueErrors)
    if not 0 <= value <= most:
        raise ValueError(f"must be from 0 to {most}")
    return value


def _decimal_schema(places: int, example: str) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": ["string", "number"],
            "minimum": 0,
            "pattern": rf"^\d+(\.\d{{1,{places}}})?$",
            "examples": [example],
            "description": f"A decimal with at most {places} places, as a string or a number.",
        }
    )


def _price(value: object) -> Ticks:
    return Ticks(scaled(value, _PRICE_PLACES))


def _contracts(value: object) -> Quantity:
    return Quantity(scaled(value, 2))


def _dollars(value: object) -> Money:
    return Money(scaled(value, 6))


def _positive_dollars(value: object) -> Money:
    amount = _dollars(value)
    if not amount:
        raise ValueError("must be positive")
    return amount


Whole = Annotated[
    int, BeforeValidator(whole), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": LARGEST})
]
"""A whole number from 0 to 2^63 - 1."""

Seconds = Annotated[
    int,
    BeforeValidator(partial(whole, most=LAST_SECOND)),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": LAST_SECOND}),
]
"""A time in whole seconds since the Unix epoch."""


def price_up_to(most_ticks: int) -> tuple[BeforeValidator, WithJsonSchema]:
    """Return what reads a price in dollars that is exact to a tick and at most so many ticks."""

    def read(value: object) -> Ticks:
        ticks = _price(value)
        if ticks > most_ticks:
            raise ValueError(f"must be at most {Decimal(most_ticks).scaleb(-_PRICE_PLACES):f}")
        return ticks

    return BeforeValidator(read), _decimal_schema(_PRICE_PLACES, "0.6500")


PriceDollars = Annotated[Ticks, BeforeValidator(_price), _decimal_schema(_PRICE_PLACES, "0.6500")]
"""A price in dollars, exact to a tick."""

Contracts = Annotated[Quantity, BeforeValidator(_contracts), _decimal_schema(2, "12.50")]
"""A number of contracts, exact to a hundredth."""

Dollars = Annotated[Money, BeforeValidator(_dollars), _decimal_schema(6, "100.00")]
"""An amount in dollars, exact to a millionth."""

PositiveDollars = Annotated[Money, BeforeValidator(_positive_dollars), _decimal_schema(6, "0.01")]
"""An amount in dollars that is not nothing."""
