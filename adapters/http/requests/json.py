"""Reading JSON so that every number is seen as it was written, within bounds."""

import json
import re
from collections.abc import Iterable
from decimal import Decimal

from adapters.http.answers.problems import Code, Problem
from adapters.http.json_size import VALUES_MAX, has_too_many_values

_MEMBERS_MAX = 100
"""More names than any object has: each that is not known would be looked into."""

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")

_DIGITS_MAX = 40
"""Longer numbers are refused unread: nothing in the exchange is that large or that fine."""


def read_json(body: bytes, *, depth_max: int) -> object:
    """Return the document. Whole numbers become ``int``, all others ``Decimal``, never a float.

    Raises :class:`Problem` for what is not JSON in UTF-8, halves of characters, NaN and infinities,
    exponents, endless numbers, names given twice, too many values, and documents nested deeper than
    ``depth_max``.
    """
    if has_too_many_values(body):
        raise _malformed(f"more than {VALUES_MAX:,} values")
    try:
        document: object = _DECODER.decode(body.decode())
        if _HALF.search(body):
            json.dumps(document, ensure_ascii=False, default=str).encode()
    except (ValueError, RecursionError) as fault:
        raise _malformed(_said(fault)) from None
    if body.count(b"[") + body.count(b"{") > depth_max and _deeper(document, depth_max):
        raise _malformed(f"nested deeper than {depth_max} levels")
    return document


def _said(fault: Exception) -> str:
    if isinstance(fault, UnicodeEncodeError):
        return "an escape stands for half a character"
    return str(fault) if isinstance(fault, ValueError) else "nested too deeply"


def _malformed(details: str) -> Problem:
    return Problem(Code.MALFORMED_BODY, "the body is not an acceptable JSON document", details=details)


def _decimal(literal: str) -> Decimal:
    if "e" in literal or "E" in literal:
        raise ValueError(f"numbers are written without exponent, not {literal[:_DIGITS_MAX]}")
    return Decimal(_bounded(literal))


def _integer(literal: str) -> int:
    return int(_bounded(literal))


def _bounded(literal: str) -> str:
    if len(literal) > _DIGITS_MAX:
        raise ValueError("a number is too long")
    return literal


def _constant(literal: str) -> None:
    raise ValueError(f"{literal} is not a number")


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(pairs) > _MEMBERS_MAX:
        raise ValueError(f"an object with more than {_MEMBERS_MAX} names")
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice in the same object")
    return members


def _deeper(document: object, levels: int) -> bool:
    if not isinstance(document, dict | list):
        return False
    inner: Iterable[object] = document.values() if isinstance(document, dict) else document
    return levels == 0 or any(_deeper(value, levels - 1) for value in inner)


_DECODER = json.JSONDecoder(
    parse_float=_decimal, parse_int=_integer, parse_constant=_constant, object_pairs_hook=_members
)
