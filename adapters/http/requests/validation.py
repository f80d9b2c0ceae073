"""Checking queries and bodies against their models, and saying which field is at fault."""

from functools import lru_cache
from typing import TypeVar, cast
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError

from adapters.http.answers.problems import Code, Problem
from adapters.wording import first_fault

Model = TypeVar("Model", bound=BaseModel)

_PARAMETERS_MAX = 50
_SHORT = 200
"""How long a query may be, in bytes, for its model to be kept."""

_BODY_CODES = {"missing": Code.MISSING_FIELD, "extra_forbidden": Code.UNKNOWN_FIELD}
_QUERY_CODES = {"missing": Code.MISSING_PARAMETER, "extra_forbidden": Code.UNKNOWN_PARAMETER}


def checked_body(model: type[Model], document: object) -> Model:
    """Return a body as its model. Raises :class:`Problem` naming the first field at fault."""
    try:
        return model.model_validate(document)
    except ValidationError as fault:
        raise _problem(fault, _BODY_CODES, Code.INVALID_FIELD, "the body is not acceptable") from None


def checked_query(model: type[Model], query: bytes) -> Model:
    """Return a query as its model. Raises :class:`Problem` naming the first parameter at fault.

    Most requests ask what others have asked, so short queries are read once; their models are frozen.
    """
    read = _read_once if len(query) <= _SHORT else _read
    return cast("Model", read(model, query))


def _read(model: type[BaseModel], query: bytes) -> BaseModel:
    try:
        return model.model_validate(_parameters(query, getattr(model, "listed", frozenset())))
    except ValidationError as fault:
        raise _problem(fault, _QUERY_CODES, Code.INVALID_PARAMETER, "the query is not acceptable") from None


_read_once = lru_cache(maxsize=4_096)(_read)


def _parameters(query: bytes, listed: frozenset[str]) -> dict[str, str]:
    """Return the parameters of a query; of those that are lists and stand there often, all with commas."""
    if not query:
        return {}
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_PARAMETERS_MAX,
        )
    except ValueError:
        raise Problem(Code.INVALID_PARAMETER, "the query is malformed") from None
    if b"%00" in query:
        raise Problem(Code.INVALID_PARAMETER, "the query is malformed", details="no text holds a NUL")
    parameters = dict(pairs)
    for name in listed & parameters.keys():
        parameters[name] = ",".join(value for key, value in pairs if key == name)
    if len(parameters.keys() - listed) != sum(name not in listed for name, _ in pairs):
        raise Problem(Code.INVALID_PARAMETER, "a parameter stands twice in the query")
    return parameters


def _problem(fault: ValidationError, codes: dict[str, Code], otherwise: Code, message: str) -> Problem:
    place, kind, reason = first_fault(fault)
    name = ".".join(map(str, place))
    return Problem(codes.get(kind, otherwise), message, details=f"{name}: {reason}" if name else reason)
