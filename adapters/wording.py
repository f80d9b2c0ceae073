"""What is wrong with a value that somebody sent or wrote, in words of our own and not of the library."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

_TEXT, _WHOLE, _NUMBER, _YES_OR_NO, _TABLE, _LIST = (
    "must be a text",
    "must be a whole number",
    "must be a number",
    "must be true or false",
    "must have fields of its own",
    "must be a list",
)


def _of(context: Mapping[str, Any], name: str) -> str:
    return str(context.get(name, "?"))


_WORDS: Mapping[str, str | Callable[[Mapping[str, Any]], str]] = {
    "missing": "is missing",
    "extra_forbidden": "there is nothing of this name",
    "string_type": _TEXT,
    "string_sub_type": _TEXT,
    "string_unicode": "must be a text in UTF-8",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "must be a whole number of fewer digits",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "must be a finite number",
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "bool_type": _YES_OR_NO,
    "bool_parsing": _YES_OR_NO,
    "none_required": "must be left out",
    "dict_type": _TABLE,
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
    "mapping_type": _TABLE,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "iterable_type": _LIST,
    "path_type": "must be the name of a file",
    "enum": lambda context: f"must be one of {_of(context, 'expected').replace(' or ', ', ')}",
    "literal_error": lambda context: f"must be one of {_of(context, 'expected').replace(' or ', ', ')}",
    "greater_than": lambda context: f"must be more than {_of(context, 'gt')}",
    "greater_than_equal": lambda context: f"must be at least {_of(context, 'ge')}",
    "less_than": lambda context: f"must be less than {_of(context, 'lt')}",
    "less_than_equal": lambda context: f"must be at most {_of(context, 'le')}",
    "multiple_of": lambda context: f"must be a multiple of {_of(context, 'multiple_of')}",
    "string_too_short": lambda context: f"must have at least {_of(context, 'min_length')} characters",
    "string_too_long": lambda context: f"must have at most {_of(context, 'max_length')} characters",
    "string_pattern_mismatch": lambda context: f"must be of the form {_of(context, 'pattern')}",
    "too_short": lambda context: f"must have at least {_of(context, 'min_length')} entries",
    "too_long": lambda context: f"must have at most {_of(context, 'max_length')} entries",
    "value_error": lambda context: _of(context, "error"),
    "json_invalid": lambda context: f"is no JSON: {_of(context, 'error')}",
}
"""By the type of the fault. A test goes through all faults that the models of the product can have."""


class Fault(NamedTuple):
    """Where something is wrong, of which kind that is, and what it is."""

    place: tuple[int | str, ...]
    kind: str
    said: str


def first_fault(error: ValidationError) -> Fault:
    """Return the first thing that is wrong."""
    return faults(error)[0]


def faults(error: ValidationError) -> list[Fault]:
    """Return all that is wrong."""
    return [
        Fault(each["loc"], each["type"], _said(each["type"], each.get("ctx", {}), each["msg"]))
        for each in error.errors(include_url=False, include_input=False)
    ]


def _said(kind: str, context: Mapping[str, Any], otherwise: str) -> str:
    words = _WORDS.get(kind, otherwise)
    return words if isinstance(words, str) else words(context)
