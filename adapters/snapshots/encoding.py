"""Documents as compressed JSON: exact, and safe to read from a file that anything may have happened to."""

import json
import zlib

import orjson

from application.ports.snapshots import Document

LEVEL = 1
"""The fastest compression makes an eighth of it; the best makes little less and takes five times as long."""

_SMALL = b"s"
_LARGE = b"l"
"""Holds numbers beyond 64 bits, as the exact fee of a very large order can be: read by other means."""


def encoded(document: Document) -> bytes:
    """Return a document as bytes with a checksum."""
    try:
        return _SMALL + zlib.compress(orjson.dumps(document), LEVEL)
    except TypeError:
        return _LARGE + zlib.compress(json.dumps(document, separators=(",", ":")).encode(), LEVEL)


def decoded(content: bytes) -> Document:
    """Return the document. Raises :class:`ValueError` for bytes that are damaged."""
    try:
        plain = zlib.decompress(content[1:])
        document = json.loads(plain) if content[:1] == _LARGE else orjson.loads(plain)
    except zlib.error as error:
        raise ValueError(f"damaged ({error})") from error
    if not isinstance(document, dict):
        raise ValueError("not a document")  # noqa: TRY004 (it is the bytes that are wrong)
    return document
