"""Types of fields and parameters that several requests share."""

from typing import Annotated, Any, ClassVar, TypeVar

from msgspec import Meta
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from adapters.http.requests.exact import LAST_SECOND
from domain import fields as recorded
from domain.identifiers import AccountId, GroupId, OrderId, Ticker

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
# No control characters: nobody types them, and terminals obey them.
_LINE = r"^[^\x00-\x1f\x7f-\x9f]*$"
_PAGE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
_WORDS_MAX = 1_001
E = TypeVar("E")


def rule_of(kind: Any) -> Meta:
    """Return what an event may hold in fields of a kind: requests take no more."""
    rule: Meta = kind.__metadata__[0]
    return rule


def longest(kind: Any) -> int:
    """Return how many characters a text of a kind may have."""
    most = rule_of(kind).max_length
    assert most is not None
    return most


def largest(kind: Any) -> int:
    """Return the largest number of a kind."""
    most = rule_of(kind).le
    assert isinstance(most, int)
    return most


def pattern_of(kind: Any) -> str:
    """Return the pattern of names of a kind. Here ``$`` is the end of the text without saying so."""
    return str(rule_of(kind).pattern).replace(r"(?!\n)", "")


class RequestBody(BaseModel):
    """A body: types as they are written, and no field that is not known.

    What Kalshi's clients send and this exchange has no use for is ``passed_over`` by name. ``null`` is as
    good as nothing where a field may be left out.
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    passed_over: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _as_it_is_meant(cls, document: Any) -> Any:
        if not isinstance(document, dict):
            return document
        if None not in document.values() and cls.passed_over.isdisjoint(document):
            return document
        return {name: value for name, value in document.items() if not cls._is_nothing(name, value)}

    @classmethod
    def _is_nothing(cls, name: object, value: object) -> bool:
        if name in cls.passed_over:
            return True
        field = cls.model_fields.get(name) if value is None and isinstance(name, str) else None
        return field is not None and not field.is_required()


class RequestQuery(BaseModel):
    """A query: no parameter that is not known, but those that are ``passed_over`` by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    passed_over: ClassVar[frozenset[str]] = frozenset()
    listed: ClassVar[frozenset[str]] = frozenset()
    """The parameters that may stand there several times."""

    @model_validator(mode="before")
    @classmethod
    def _as_it_is_meant(cls, parameters: Any) -> Any:
        if not isinstance(parameters, dict) or cls.passed_over.isdisjoint(parameters):
            return parameters
        return {name: value for name, value in parameters.items() if name not in cls.passed_over}


PARTS = frozenset({"subaccount", "exchange_index"})
"""Which part of an account, or of the exchange, Kalshi's clients mean: neither has any here."""


class AccountQuery(RequestQuery):
    """Nothing but what Kalshi's clients say of parts."""

    passed_over = PARTS | {"market_ticker"}


TickerField = Annotated[Ticker, StringConstraints(pattern=pattern_of(Ticker.__supertype__))]
GroupField = Annotated[GroupId, StringConstraints(pattern=pattern_of(GroupId.__supertype__))]
NameField = Annotated[str, StringConstraints(pattern=_NAME, min_length=1, max_length=64)]
AccountField = Annotated[
    AccountId, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]*$", min_length=1, max_length=64)
]
OrderIdField = Annotated[OrderId, StringConstraints(pattern=r"^[!-~]+$", min_length=1, max_length=64)]
ClientOrderId = Annotated[str, StringConstraints(pattern=pattern_of(recorded.ClientOrderId))]


def line(kind: Any, *, shortest: int = 0) -> StringConstraints:
    """Return what holds for a line of text that becomes a field of an event, of this kind."""
    return StringConstraints(pattern=_LINE, min_length=shortest, max_length=longest(kind))


def text(kind: Any) -> StringConstraints:
    """Return what holds for a page of text that becomes a field of an event, of this kind."""
    return StringConstraints(pattern=_PAGE, max_length=longest(kind))


SearchText = Annotated[str, StringConstraints(pattern=_LINE, min_length=1, max_length=300)]
"""Words to look for."""

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
    if isinstance(value, str) and value.lower() in ("true", "false"):  # clients in Python write True
        return value.lower() == "true"
    if isinstance(value, bool):
        return value
    raise ValueError("must be true or false")


def _listed(value: object) -> object:
    return tuple(words(value)) if isinstance(value, str) else value


def words(value: str) -> list[str]:
    """Return what stands between the commas of a parameter, each once, as far as any list may be long."""
    return list(dict.fromkeys(filter(None, value.split(",", _WORDS_MAX))))


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
    Field(max_length=1_000, fail_fast=True),
    BeforeValidator(_listed),
    WithJsonSchema({"type": "string"}),
]
"""Market tickers with commas between them."""
Groups = Annotated[
    tuple[GroupField, ...],
    Field(max_length=100, fail_fast=True),
    BeforeValidator(_listed),
    WithJsonSchema({"type": "string"}),
]
"""Event tickers with commas between them."""
