"""Asking how things stood: the parameters ``as_of_ts`` and ``as_of_revision``."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from adapters.http.requests.exact import LARGEST, LAST_SECOND, scaled
from adapters.http.requests.fields import Number, RequestQuery

_US_PER_S = 1_000_000


def _moment(value: object) -> int:
    at_us = scaled(value, 6)
    if at_us > LAST_SECOND * _US_PER_S:
        raise ValueError("is later than the year 9999")
    return at_us


Moment = Annotated[
    int,
    BeforeValidator(_moment),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d+(\.\d{1,6})?$",
            "examples": ["1795474800.25"],
            "description": "Seconds since the Unix epoch, exact to a microsecond.",
        }
    ),
]
"""A time; as a number it is in microseconds."""

Revision = Annotated[Number, Field(le=LARGEST)]


class PriceAtQuery(RequestQuery):
    """When."""

    ts: Moment


class AsOfQuery(RequestQuery):
    """How things stood at a time, or right after an event of the market; now where neither is said."""

    as_of_ts: Moment | None = None
    as_of_revision: Revision | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.as_of_ts is not None and self.as_of_revision is not None:
            raise ValueError("as_of_ts and as_of_revision exclude each other")
        return self

    @property
    def past(self) -> bool:
        """Whether something else than the present is asked for."""
        return self.as_of_ts is not None or self.as_of_revision is not None
