"""Types of fields and parameters that several requests share."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from adapters.http.exact import LAST_SECOND
from domain.identifiers import AccountId, GroupId, OrderId, Ticker

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
E = TypeVar("E")


class RequestBody(BaseModel):
    """A body: types as they are written, and no field that is not known."""

    model_config = ConfigDict(strict=True, extra="forbid")


class RequestQuery(BaseModel):
    """A query: no parameter that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


TickerField = Annotated[Ticker, StringConstraints(pattern=_NAME, min_length=1, max_length=64)]
GroupField = Annotated[GroupId, StringConstraints(pattern=_NAME, min_length=1, max_length=64)]
NameField = Annotated[str, StringConstraints(pattern=_NAME, min_length=1, max_length=64)]
AccountField = Annotated[
    AccountId, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]*$", min_length=1, max_length=64)
]
OrderIdField = Annotated[OrderId, StringConstraints(pattern=r"^[!-~]+$", min_length=1, max_length=64)]
ClientOrderId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:+=/-]*$", max_length=64)]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]*$", max_length=300)]
"""A line of text."""
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=20_000)]
"""A page of text."""

Word = Annotated[E, Field(strict=False)]
"""One of the trade's words, by its value."""


def _digits(value: object) -> object:
    """Return a parameter of decimal digits as a number."""
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(2**63)):
        return int(value)
    raise ValueError("must be a whole number that is not negative")


def _flag(value: object) -> object:
    if value in ("true", "false"):
        return value == "true"
    if isinstance(value, bool):
        return value
    raise ValueError("must be true or false")


def _listed(value: object) -> object:
    return tuple(part for part in value.split(",") if part) if isinstance(value, str) else value


def _number_schema(**more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer", "minimum": 0, **more})


Number = Annotated[int, BeforeValidator(_digits), _number_schema()]
Seconds = Annotated[int, Field(le=LAST_SECOND), BeforeValidator(_digits), _number_schema(maximum=LAST_SECOND)]
"""A time in seconds since the Unix epoch."""
Limit = Annotated[
    int, Field(ge=1, le=1_000), BeforeValidator(_digits), _number_schema(minimum=1, maximum=1_000)
]
Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
Cursor = Annotated[str, StringConstraints(pattern=r"^[!-~]*$", max_length=512)]
Tickers = Annotated[
    tuple[TickerField, ...],
    Field(max_length=1_000),
    BeforeValidator(_listed),
    WithJsonSchema({"type": "string"}),
]
"""Market tickers with commas between them."""
Groups = Annotated[
    tuple[GroupField, ...],
    Field(max_length=100),
    BeforeValidator(_listed),
    WithJsonSchema({"type": "string"}),
]
"""Event tickers with commas between them."""
